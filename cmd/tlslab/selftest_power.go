package main

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// What a test of power plants beyond single metrics, and how it judges.
const (
	powerGate   = "server_cpu"
	powerMargin = 0.02
	powerLevel  = 0.05 // of a gate that is alone in its family
	powerTimes  = 500  // runs drawn from the groups of one
	exactGate   = "instructions.crypto"
	exactShare  = 0.01
)

// powerScenario compares a server with itself and planted work.
const powerScenario = `version: 1
name: selftest-power
doc: Is work that was planted on purpose found, and by the metric that is made for it?
variants:
  - {name: std, baseline: true}
  - {name: planted, server: {plant: %s}}
cells: {kind: full, group: X25519, signature: ecdsa-p256, mutual: true}
load: {loop: closed, workers: 1, length: 1s}
blocks: {order: turns, groups: %s, warmup: 100ms, confirm: false, null_control: "off"}
instruments: {exact: %s}
gates: [%s]
`

// powerTest is what the user asked of a test of power.
type powerTest struct {
	groups int
	output string
	json   bool
}

func selftestPowerCommand(s streams) *cobra.Command {
	var t powerTest
	c := &cobra.Command{
		Use:   "power",
		Short: "does the verdict find slowdowns that were planted, and blame the right metric",
		Long: `power plants work into the handshakes of a server (CPU, allocations, a system call, bytes, waiting for a lock, sleep) and
compares it with the same server without: each plant must be worse in the metric that is made for it, and in no other.
It tells how likely the gate on server CPU finds a slowdown two points beyond its margin, and how long the exact gate
takes to find one percent more work. Exit 3 where something was not found, or something else was blamed.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if least := effect.MinGroups(powerLevel); t.groups < least {
				return usage(fmt.Errorf("--groups %d finds nothing: it takes %d", t.groups, least), "")
			}
			return s.selftestPower(c.Context(), t)
		},
	}
	f := c.Flags()
	f.IntVar(&t.groups, "groups", 20, "groups of each comparison, at most")
	f.StringVarP(&t.output, "output", "o", "", "directory of the bundles (default: out/selftest-power-TIME)")
	f.BoolVar(&t.json, "json", false, "print JSON")
	return c
}

// powerFound is what a test of power found.
type powerFound struct {
	Schema  int           `json:"schema"`
	Groups  int           `json:"groups"`
	Plants  []tripped     `json:"plants"`
	Power   timedPower    `json:"power"`
	Exact   *exactPower   `json:"exact,omitempty"` // nil: nothing could count
	Gaps    []results.Gap `json:"gaps,omitempty"`  // the first of each kind
	Bundles string        `json:"bundles"`

	compression float64 // that one of SHA-256 adds to the instructions of cryptography, as ratio-1; zero: not counted
}

// timedPower is how likely the gate on server CPU finds a slowdown two points beyond its margin.
type timedPower struct {
	Planted   float64       `json:"planted"` // CPU of a handshake, as ratio-1
	Ratio     *effect.Ratio `json:"ratio"`   // as measured; nil: there is none
	Margin    float64       `json:"margin"`
	Found     float64       `json:"found"`     // share of runs
	Confirmed float64       `json:"confirmed"` // share of runs where it must be found twice
	Minutes   float64       `json:"minutes"`   // of one cell, without a confirmation
}

// exactPower is what the exact gate made of one percent more work.
type exactPower struct {
	Count   int     `json:"count"` // compressions planted
	Ratio   float64 `json:"ratio"`
	Caught  bool    `json:"caught"`
	Seconds float64 `json:"seconds"`
}

func (f *powerFound) sound() bool {
	return !slices.ContainsFunc(f.Plants, func(t tripped) bool { return !t.right() }) && (f.Exact == nil || f.Exact.Caught)
}

func (s streams) selftestPower(ctx context.Context, t powerTest) error {
	if t.output == "" {
		t.output = newDirectory("selftest-power")
	}
	sizes, err := s.sizes(ctx)
	if err != nil {
		return err
	}
	found := &powerFound{Schema: 1, Groups: t.groups, Bundles: t.output}
	if err := s.plantAll(ctx, t, sizes, found); err != nil {
		return err
	}
	if found.Power, err = s.powerBeyond(ctx, t, sizes); err != nil {
		return err
	}
	if found.Exact, err = s.countOnePercent(ctx, t, found.compression); err != nil {
		return err
	}
	if t.json {
		err = writeJSON(s.out, found)
	} else {
		err = found.write(s.out)
	}
	if err == nil && !found.sound() {
		return verdict(exitInvalid)
	}
	return err
}

// sizes measures what the plants must be sized by.
func (s streams) sizes(ctx context.Context) (*lab.Sizes, error) {
	w := work{plant: server.Plant{Component: "burn", Count: 1}}
	plan, err := planText(fmt.Sprintf(powerScenario, w.yaml(), fmt.Sprint(effect.MinGroups(powerLevel)), "none", gateOn(powerGate)))
	if err != nil {
		return nil, err
	}
	run, done, err := s.drafted(ctx, plan, order{})
	if err != nil {
		return nil, err
	}
	defer done()
	return run.Sizes(ctx)
}

// plantAll plants one kind of work after the other.
func (s streams) plantAll(ctx context.Context, t powerTest, sizes *lab.Sizes, found *powerFound) error {
	for _, w := range works(sizes) {
		s.tell("planting " + w.name)
		text := fmt.Sprintf(powerScenario, w.yaml(), looksOf(t.groups), "auto", gatesOf(w))
		_, a, err := s.plantOne(ctx, text, order{}, filepath.Join(t.output, w.plant.Component))
		if err != nil {
			return err
		}
		found.add(w, a)
	}
	return nil
}

// plantOne measures a scenario and judges it.
func (s streams) plantOne(ctx context.Context, text string, o order, dir string) (*results.Bundle, *analysis.Analysis, error) {
	b, err := s.measureText(ctx, text, o, dir)
	if err != nil {
		return nil, nil, err
	}
	a, err := analysis.Of(b)
	return b, a, err
}

func (f *powerFound) add(w work, a *analysis.Analysis) {
	f.Plants = append(f.Plants, w.judge(a.Effects))
	if r := ratioOf(a, exactGate); r != nil && w.plant.Component == "burn" {
		f.compression = (r.Point - 1) / float64(w.plant.Count)
	}
	for _, g := range a.Gaps {
		if !slices.ContainsFunc(f.Gaps, func(known results.Gap) bool { return known.What == g.What }) {
			f.Gaps = append(f.Gaps, g)
		}
	}
}

// ratioOf is that of a metric; nil: there is none.
func ratioOf(a *analysis.Analysis, metric string) *effect.Ratio {
	if e := effectOn(a.Effects, metric); e != nil {
		return e.Ratio
	}
	return nil
}

// looksOf are two: easy cases stop early.
func looksOf(groups int) string {
	if least := effect.MinGroups(powerLevel / 2); groups/2 >= least {
		return fmt.Sprintf("{looks: [%d, %d]}", groups/2, groups)
	}
	return fmt.Sprint(groups)
}

// gatesOf are on the first metric that must be worse, and on one that measuring goes on for where it must not.
func gatesOf(w work) string {
	if len(w.trips) == 0 || w.trips[0] == powerGate {
		return gateOn(powerGate)
	}
	return gateOn(w.trips[0]) + ", " + gateOn(powerGate)
}

func gateOn(metric string) string { return "{metric: " + metric + "}" }

// powerBeyond measures a slowdown two points beyond the margin, and asks its groups how often it would be found.
func (s streams) powerBeyond(ctx context.Context, t powerTest, sizes *lab.Sizes) (p timedPower, err error) {
	p = timedPower{Planted: powerShare, Margin: powerMargin}
	w := burn(powerShare, sizes)
	s.tell("planting " + w.name)
	text := fmt.Sprintf(powerScenario, w.yaml(), fmt.Sprint(t.groups), "none", gateOn(powerGate))
	b, a, err := s.plantOne(ctx, text, order{}, filepath.Join(t.output, "power"))
	if err != nil {
		return p, err
	}
	p.Ratio, p.Minutes = ratioOf(a, powerGate), b.Manifest.Finished.Sub(b.Manifest.Started).Minutes()
	if p.Ratio == nil {
		return p, nil
	}
	p.Found, err = analysis.Power(b, analysis.Redrawing{
		Metric: powerGate, Margin: powerMargin, Level: powerLevel, Groups: t.groups, Times: powerTimes, Seed: b.Manifest.Seed,
	})
	p.Confirmed = p.Found * p.Found
	return p, err
}

// countOnePercent plants one percent more instructions of cryptography, by what compressions cost before; nil where
// nothing was counted.
func (s streams) countOnePercent(ctx context.Context, t powerTest, compression float64) (*exactPower, error) {
	if compression <= 0 {
		return nil, nil
	}
	w := work{plant: server.Plant{Component: "burn", Count: whole(exactShare / compression)}}
	s.tell("planting +1 % instructions")
	began := time.Now()
	text := fmt.Sprintf(powerScenario, w.yaml(), fmt.Sprint(effect.MinGroups(powerLevel)), "auto", gateOn(exactGate))
	_, a, err := s.plantOne(ctx, text, order{hasty: true}, filepath.Join(t.output, "exact"))
	if err != nil {
		return nil, err
	}
	p := &exactPower{Count: w.plant.Count, Caught: a.Summary.Exit == exitWorse, Seconds: time.Since(began).Seconds()}
	if r := ratioOf(a, exactGate); r != nil {
		p.Ratio = r.Point
	}
	return p, nil
}

func (f *powerFound) write(out io.Writer) error {
	for _, t := range f.Plants {
		t.write(out)
	}
	fmt.Fprintf(out, "\ntiming gate: %s\nexact gate:  %s\n", f.Power, f.Exact)
	for _, g := range f.Gaps {
		fmt.Fprintf(out, "gap:         %s: %s\n", g.What, g.Reason)
	}
	_, err := fmt.Fprintf(out, "bundles:     %s\n", f.Bundles)
	return err
}

func (p timedPower) String() string {
	measured := "no ratio"
	if r := p.Ratio; r != nil {
		measured = fmt.Sprintf("measured %.3fx [%.3f, %.3f]", r.Point, r.Lo, r.Hi)
	}
	return fmt.Sprintf("+%.2g %% CPU (%s) against a margin of %.2g %% is found in %.1f %% of runs, in %.1f %% with confirmation; %.1f minutes a cell",
		100*p.Planted, measured, 100*p.Margin, 100*p.Found, 100*p.Confirmed, p.Minutes)
}

func (p *exactPower) String() string {
	switch {
	case p == nil:
		return "nothing was counted"
	case p.Caught:
		return fmt.Sprintf("+1 %% (%d compressions) is %s %.4fx, refused after %.0f s", p.Count, exactGate, p.Ratio, p.Seconds)
	}
	return fmt.Sprintf("+1 %% (%d compressions) is %s %.4fx, NOT refused", p.Count, exactGate, p.Ratio)
}
