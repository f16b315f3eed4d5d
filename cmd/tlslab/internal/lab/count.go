package lab

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/tlslab/tlslab/accel/p384"
	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/scenarios"
)

// sizes are two numbers of handshakes, whose difference is what is counted.
type sizes [2]int

// Without a seed the random numbers differ, and with them the length of signatures and the work of some algorithms, so
// there are more.
var (
	seededSizes   = sizes{10, 60}
	unseededSizes = sizes{10, 110}
)

// countSeed is always the same one, so that counts of different runs can be compared.
const countSeed = 1

// longestCount is how long one pair of processes may take; on an idle machine it takes some seconds.
const longestCount = 5 * time.Minute

// Count counts what a handshake costs each variant in each cell, by instructions, allocations, bytes on the wire and
// system calls. Nothing here is timed, so a busy machine gives the same counts. What cannot be counted here, or of some
// variant, is a gap.
func (r *Run) Count(ctx context.Context) ([]exact.Counts, []results.Gap, error) {
	c := count{Run: r, seeded: seededSizes, unseeded: unseededSizes}
	if err := c.prepare(ctx); err != nil {
		return nil, nil, err
	}
	var all []exact.Counts
	for _, cell := range r.plan.Cells {
		for _, name := range cell.Variants {
			r.lab.Speak(fmt.Sprintf("counting %s in %s", name, cell.Name))
			one, err := c.count(ctx, cell, r.variant(name))
			var not *uncountable
			switch {
			case errors.As(err, &not):
				c.lack(fmt.Sprintf("exact counts of %s in %s", name, cell.Name), not.Error(), not.hint)
			case err != nil:
				return nil, nil, fmt.Errorf("counting %s in %s: %w", name, cell.Name, err)
			default:
				all = append(all, one)
			}
		}
	}
	if err := c.countSyscalls(ctx, all); err != nil {
		return nil, nil, err
	}
	return all, c.gaps, nil
}

// count is what counts a run.
type count struct {
	*Run
	counter          counter
	seeded, unseeded sizes // of equal first size
	gaps             []results.Gap
}

// uncountable is what cannot be counted of one variant in one cell.
type uncountable struct {
	error
	hint string
}

func (c *count) lack(what, reason, hint string) {
	c.gaps = append(c.gaps, results.Gap{What: what, Reason: reason, Hint: hint})
}

// prepare chooses the counter and issues the certificates.
func (c *count) prepare(ctx context.Context) (err error) {
	if c.counter, err = chooseCounter(ctx); err != nil {
		c.lack("instructions per handshake", err.Error(), "install valgrind")
		c.counter = noCounter{}
	}
	own := *c.Run
	own.secrets, err = regularSecrets(c.plan.Cells, time.Now())
	c.Run = &own
	return err
}

// count counts one variant in one cell.
func (c *count) count(ctx context.Context, cell scenarios.Cell, v scenarios.Variant) (exact.Counts, error) {
	if v.Server.Accel != "" && v.Server.Accel != string(p384.Std) {
		return exact.Counts{}, &uncountable{errors.New("the counter's CPU lacks instructions that the lab's signers use"), "compare server_cpu"}
	}
	if app := above(v.Server.App); app != "" {
		return exact.Counts{}, &uncountable{fmt.Errorf("the counter knows no app %s", app), "count the app plain"}
	}
	binary, err := c.lab.Builder.BuildCounter(ctx, v.Build)
	var with *variant.Error
	if errors.Is(err, variant.ErrSource) && errors.As(err, &with) {
		return exact.Counts{}, &uncountable{err, with.Hint}
	}
	if err != nil {
		return exact.Counts{}, fmt.Errorf("build the counter: %w", err)
	}
	p := pair{counter: c.counter, binary: binary, environment: countEnvironment(v.Env)}
	p.orders[0], p.orders[1] = c.countOrders(cell, v)
	few, err := p.run(ctx, c.seeded[0])
	if err != nil {
		return exact.Counts{}, err
	}
	if err := c.proveCounter(v, p, few); err != nil {
		return exact.Counts{}, err
	}
	n := c.seeded
	if !few[0].hello.Seeded {
		n = c.unseeded
	}
	more, err := p.run(ctx, n[1])
	if err != nil {
		return exact.Counts{}, err
	}
	counts := exact.Counts{Cell: cell.Name, Variant: v.Name, Server: n.slope(few[0], more[0]), Client: n.slope(few[1], more[1])}
	counts.Key, err = c.key(v, few[0].hello, n)
	return counts, err
}

// countOrders are what the server and the client are asked to do, but for the number of handshakes. The server's
// clock has no say: its ticket key is not rotated.
func (c *count) countOrders(cell scenarios.Cell, v scenarios.Variant) (counted.Order, counted.Order) {
	settings := c.secrets.settings(cell.Spec, v.Server)
	settings.Rotate = 0
	job := c.job(cell, v, "", countSeed)
	return counted.Order{Seed: countSeed, Server: &settings}, counted.Order{Seed: countSeed, Client: &job}
}

// countEnvironment is a variant's own, and what makes its runtime do as little by chance as it can: one P, no collector
// and no signals to preempt goroutines, under which callgrind ends.
func countEnvironment(env map[string]string) map[string]string {
	own := map[string]string{}
	maps.Copy(own, env)
	own["GOGC"], own["GOMAXPROCS"] = "off", "1"
	own["GODEBUG"] = strings.TrimPrefix(env["GODEBUG"]+",asyncpreemptoff=1", ",")
	return own
}

// proveCounter is the provenance gate for both sides.
func (c *count) proveCounter(v scenarios.Variant, p pair, sides [2]totals) error {
	for _, s := range sides {
		faults := variant.Verify(v.Build, p.environment, p.binary.SBOM, s.hello.Identity(), s.stderr)
		if len(faults) > 0 {
			return &Violation{
				What: fmt.Sprintf("the counter of %s is not what was asked: %s", v.Name, strings.Join(faults, "; ")),
				Hint: "nothing was counted; mend the variant's build or env",
			}
		}
	}
	return nil
}

// slope is what one handshake cost: the difference of two sizes, without what is the same in both. A package that has
// less than half an instruction in a handshake has no part in it, but some in the start of a process.
func (n sizes) slope(few, more totals) exact.Side {
	per := func(few, more uint64) float64 { return (float64(more) - float64(few)) / float64(n[1]-n[0]) }
	s := exact.Side{
		Allocs:     per(few.report.Allocs, more.report.Allocs),
		AllocBytes: per(few.report.AllocBytes, more.report.AllocBytes),
		Sent:       per(few.report.Sent, more.report.Sent),
	}
	for name, instructions := range more.instructions {
		if each := per(few.instructions[name], instructions); each >= 0.5 {
			if s.Instructions == nil {
				s.Instructions = map[string]float64{}
			}
			s.Instructions[name] = each
		}
	}
	return s
}
