package lab

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

// Truth is a trouble that the lab made itself, and what the observer said of it without being told.
type Truth struct {
	Name      string
	Tail      string // the largest part of what slow handshakes have more of
	Goes      string // what goes most notably with slow windows
	Named     bool   // both are the trouble's own
	Explained *attribution.Explained
}

// trouble is one that happens to real servers.
type trouble struct {
	name  string
	plant *server.Plant                        // nil: it comes from outside of the server
	tail  []string                             // the parts of the tail that it may show as
	goes  func(c attribution.Correlation) bool // the correlations that name it
}

// What the troubles come to: an open loop, so that who waits is counted, fast and long enough for some forty windows
// with a p99 each. A trouble hits one window in three or four.
const (
	truthRate    = 250 // handshakes per second
	truthLength  = 20 * time.Second
	troubleSize  = 60 * time.Millisecond
	troubleEvery = 1100 * time.Millisecond
)

func troubles() []trouble {
	is := func(kind string, names ...string) func(attribution.Correlation) bool {
		return func(c attribution.Correlation) bool { return c.Kind == kind && slices.Contains(names, c.Name) }
	}
	either := func(all ...func(attribution.Correlation) bool) func(attribution.Correlation) bool {
		return func(c attribution.Correlation) bool {
			return slices.ContainsFunc(all, func(one func(attribution.Correlation) bool) bool { return one(c) })
		}
	}
	return []trouble{
		{"another process on the server's CPU", nil,
			[]string{"run queue", "runnable"},
			either(is("runtime", "other processes"), is("class", "run queue"), is("thread", "run queue"))},
		{"a slow file read in GetCertificate", &server.Plant{Component: "file", Size: troubleSize / 2, Every: 4},
			[]string{"blocked"},
			either(is("class", "blocked"), func(c attribution.Correlation) bool { return c.Kind == "file" })},
		{"a lock held too long", &server.Plant{Component: "lock", Size: troubleSize, Period: troubleEvery},
			[]string{"goroutine"},
			is("class", "goroutine")},
		{"a storm of garbage collections", &server.Plant{Component: "gc", Size: troubleSize, Period: troubleEvery},
			[]string{"runnable", "user", "goroutine"},
			either(is("runtime", "GC cycles"), is("operation", "GC"))},
	}
}

// Truths makes troubles, one after the other, and asks the observer what was wrong.
func (r *Run) Truths(ctx context.Context) (all []Truth, err error) {
	for _, t := range troubles() {
		r.lab.Speak("making trouble: " + t.name)
		explained, err := r.endure(ctx, t)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", t.name, err)
		}
		all = append(all, t.judge(explained))
	}
	return all, nil
}

// endure observes the baseline while it has the trouble.
func (r *Run) endure(ctx context.Context, made trouble) (*attribution.Explained, error) {
	t := r.trial()
	t.cell.Load = loadgen.Load{
		Loop: loadgen.Open, Workers: 64, Process: loadgen.Poisson,
		Phases: []loadgen.Phase{{Length: truthLength, Rate: truthRate}},
	}
	t.disturb = func(ctx context.Context, p *variant.Process) error {
		if made.plant == nil {
			return startHog(ctx, r.lab.Tool, r.places[t.variant.Name].server)
		}
		if made.plant.Period > 0 {
			return p.Plant(ctx, made.plant)
		}
		go pulse(ctx, p, made.plant)
		return nil
	}
	s, err := r.try(ctx, t)
	if err != nil {
		return nil, err
	}
	return attribution.Explain([]attribution.Observed{{
		Account: s.watched.account, Samples: s.watched.samples, Steal: s.block.System.Steal,
		Server: int64(s.block.Server.Ledger.Completed + s.block.Server.Ledger.Rejected), Client: int64(s.block.Client.Ledger.Began),
	}}), nil
}

// pulse lets a plant grow for troubleSize in every troubleEvery.
func pulse(ctx context.Context, p *variant.Process, plant *server.Plant) {
	for {
		for _, one := range []struct {
			plant *server.Plant
			lasts time.Duration
		}{{nil, chance(troubleEvery)}, {plant, troubleSize}} {
			if err := p.Plant(ctx, one.plant); err != nil {
				return // the trial is over, or the server is: the trial says so
			}
			select {
			case <-ctx.Done():
				return
			case <-time.After(one.lasts):
			}
		}
	}
}

// judge compares what was said with what was done.
func (t trouble) judge(e *attribution.Explained) Truth {
	truth := Truth{Name: t.name, Tail: "too few handshakes", Goes: "nothing notable", Explained: e}
	inTail := false
	if e.Tail != nil && len(e.Tail.Parts) > 0 {
		first := e.Tail.Parts[0]
		truth.Tail = fmt.Sprintf("%s, %.0f %% of %v", first.Name, 100*first.Share, time.Duration(e.Tail.Wall.Value*1e9).Round(10*time.Microsecond))
		inTail = slices.Contains(t.tail, first.Name)
		if slices.Contains(t.tail, "user") && len(e.Tail.Operations) > 0 { // which of the operations, tells more
			truth.Tail += ", operation " + e.Tail.Operations[0].Name
			inTail = inTail && e.Tail.Operations[0].Name == "GC"
		}
	}
	i := slices.IndexFunc(e.Correlations, func(c attribution.Correlation) bool {
		return c.Notable && c.Rho.Value > 0 && t.goes(c)
	})
	if i >= 0 {
		c := e.Correlations[i]
		truth.Goes = fmt.Sprintf("%s %s %+.2f [%+.2f, %+.2f]", c.Kind, c.Name, c.Rho.Value, c.Rho.Low, c.Rho.High)
	}
	truth.Named = inTail && i >= 0
	return truth
}
