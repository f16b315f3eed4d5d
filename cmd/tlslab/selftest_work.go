package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// work is a server that costs more of one thing, and what the verdict must make of it.
type work struct {
	name    string // for people
	plant   server.Plant
	trips   []string // timed metrics that must be worse
	counted []string // counted metrics that must be worse where something could count them
	carries []string // metrics that the work costs too, on some machines more than on others: they may be worse
}

// How much is planted, as ratio-1 of what a handshake costs without.
const (
	burnShare   = 0.05
	powerShare  = 0.04 // two points beyond the margin
	allocShare  = 0.02
	bytesShare  = 0.02
	waitShare   = 0.5
	allocMargin = 0.005 // of bytes allocated, of which the objects may take up half
	objectBytes = 16
)

// works are the plants, sized for this machine.
//
// What waits costs time on both sides, and CPU time: a CPU that was idle for a millisecond has lost its caches, and one
// of a virtual machine to other guests. On a machine of two such CPUs every handshake that slept cost a sixth of a
// millisecond more after it. Bytes have to be kept somewhere before they are sent.
func works(s *lab.Sizes) []work {
	latency := []string{"service_p50", "handshake_p50", "handshake_rate"}
	waiting := []string{"handshake_p90", "service_p90", "server_cpu", "client_cpu", "instructions.runtime"}
	objects := min(allocShare*s.Allocs, allocMargin/2*s.AllocBytes/objectBytes)
	wait := time.Duration(waitShare * float64(s.Service)).Round(time.Microsecond)
	return []work{
		burn(burnShare, s),
		{fmt.Sprintf("+%.2g %% allocations", 100*objects/s.Allocs), server.Plant{Component: "alloc", Count: whole(objects)},
			[]string{"server_allocs"}, []string{"counted.allocs"}, nil},
		{"+1 system call", server.Plant{Component: "syscall", Count: 1},
			nil, []string{"syscalls"}, nil},
		{fmt.Sprintf("+%.2g %% bytes", 100*bytesShare), server.Plant{Component: "bytes", Count: whole(bytesShare * s.Wire)},
			[]string{"wire_bytes"}, []string{"counted.wire_bytes"}, []string{"server_alloc_bytes", "counted.alloc_bytes"}},
		{"sleep of half the p50", server.Plant{Component: "sleep", Size: wait}, latency, nil, waiting},
		{"lock held half the p50", server.Plant{Component: "lock", Size: wait}, latency, nil, waiting},
	}
}

// burn is compressions of SHA-256 that take a share of the CPU time of a handshake.
func burn(share float64, s *lab.Sizes) work {
	return work{fmt.Sprintf("+%.2g %% CPU", 100*share), server.Plant{Component: "burn", Count: whole(share * s.CPU / s.Compression)},
		[]string{"server_cpu"}, []string{"instructions.crypto"}, []string{"handshake_rate"}}
}

func whole(x float64) int { return max(1, int(math.Round(x))) }

// yaml writes the plant as a scenario does.
func (w work) yaml() string {
	if w.plant.Size > 0 {
		return fmt.Sprintf("{work: %s, size: %v}", w.plant.Component, w.plant.Size)
	}
	return fmt.Sprintf("{work: %s, count: %d}", w.plant.Component, w.plant.Count)
}

// everyWork is what every plant may cost: what plants is code of the server, and when the server writes decides how many
// reads the client takes. Of such instructions a handshake has so few that a hundred show.
var everyWork = []string{"instructions.other", "client_instructions.other"}

// tripped is what the metrics said of one plant of work.
type tripped struct {
	Name    string   `json:"name"`
	Work    string   `json:"work"`
	Count   int      `json:"count,omitempty"`
	Size    float64  `json:"size_seconds,omitempty"`
	Groups  int      `json:"groups"`            // that were measured
	Caught  []string `json:"caught,omitempty"`  // metrics that must be worse, and are
	Missed  []string `json:"missed,omitempty"`  // metrics that must be worse, and are not
	Others  []string `json:"others,omitempty"`  // metrics that are worse, and have no reason to
	Carried []string `json:"carried,omitempty"` // metrics that are worse, and may be
	Gaps    []string `json:"gaps,omitempty"`    // counted metrics that nothing could count
}

// judge holds the verdicts against what must come of the work.
func (w work) judge(effects []analysis.Effect) tripped {
	t := tripped{Name: w.name, Work: w.plant.Component, Count: w.plant.Count, Size: w.plant.Size.Seconds()}
	for _, name := range w.trips {
		if e := effectOn(effects, name); e != nil {
			t.expect(*e)
		} else {
			t.Missed = append(t.Missed, name+" not measured")
		}
	}
	for _, name := range w.counted {
		if e := effectOn(effects, name); e != nil && e.Ratio != nil {
			t.expect(*e)
		} else {
			t.Gaps = append(t.Gaps, name)
		}
	}
	for _, e := range effects {
		t.Groups = max(t.Groups, e.Groups)
		if e.Verdict == effect.Worse && !slices.Contains(w.trips, e.Metric) && !slices.Contains(w.counted, e.Metric) {
			t.account(e, slices.Contains(w.carries, e.Metric) || slices.Contains(everyWork, e.Metric))
		}
	}
	return t
}

// expect takes note of a metric that must be worse.
func (t *tripped) expect(e analysis.Effect) {
	if e.Verdict == effect.Worse {
		t.Caught = append(t.Caught, saidOf(e))
	} else {
		t.Missed = append(t.Missed, saidOf(e))
	}
}

// account takes note of another metric that is worse. The far tail is left out: among so many comparisons of it one is
// worse by chance now and then.
func (t *tripped) account(e analysis.Effect, carried bool) {
	switch {
	case carried:
		t.Carried = append(t.Carried, saidOf(e))
	case !strings.HasSuffix(e.Metric, "_p99") && !strings.HasSuffix(e.Metric, "_max"):
		t.Others = append(t.Others, saidOf(e))
	}
}

// effectOn is the one on a metric; nil: there is none.
func effectOn(effects []analysis.Effect, metric string) *analysis.Effect {
	i := slices.IndexFunc(effects, func(e analysis.Effect) bool { return e.Metric == metric })
	if i < 0 {
		return nil
	}
	return &effects[i]
}

// saidOf is a metric with its ratio and, where it is not worse, its verdict.
func saidOf(e analysis.Effect) string {
	text := e.Metric
	switch {
	case e.Ratio == nil:
	case e.Exact:
		text += fmt.Sprintf(" %.4fx", e.Ratio.Point)
	default:
		text += fmt.Sprintf(" %.3fx [%.3f, %.3f]", e.Ratio.Point, e.Ratio.Lo, e.Ratio.Hi)
	}
	if e.Verdict != effect.Worse {
		text += " " + string(e.Verdict)
	}
	return text
}

// right: all that must be worse is, and nothing else.
func (t tripped) right() bool { return len(t.Missed) == 0 && len(t.Others) == 0 }

// amount is what was planted, in words.
func (t tripped) amount() string {
	if t.Count > 0 {
		return fmt.Sprintf("%s %d", t.Work, t.Count)
	}
	return fmt.Sprintf("%s %v", t.Work, time.Duration(t.Size*1e9))
}

func (t tripped) write(out io.Writer) {
	fmt.Fprintf(out, "%s (%s), %d groups: %s\n", t.Name, t.amount(), t.Groups, map[bool]string{true: "right", false: "WRONG"}[t.right()])
	for _, line := range []struct {
		what  string
		words []string
	}{
		{"caught by", t.Caught}, {"missed by", t.Missed}, {"costs too", t.Carried}, {"falsely blamed", t.Others}, {"not counted", t.Gaps},
	} {
		if len(line.words) > 0 {
			fmt.Fprintf(out, "  %-14s  %s\n", line.what, strings.Join(line.words, ", "))
		}
	}
}
