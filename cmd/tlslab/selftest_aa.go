package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/scenarios"
)

// What an A/A test gates, and how it goes on when everything is measured.
const (
	aaGate         = "server_cpu"
	aaMargin       = 0.02
	aaLevel        = 0.05        // of a gate that is alone in its family: of all gates it fails most easily
	aaBlock        = time.Second // of turns
	aaResampled    = 650         // so that none worse is at most half a percent, though some are invalid
	aaRunsResample = 3           // with fewer there are no other blocks to confirm with
)

// aaScenario compares a program with itself. Each run links both sides in layouts of their own, so that what a layout
// does is part of what the lab must not take for a difference.
const aaScenario = `version: 1
name: selftest-aa
doc: Does the lab find a difference where there is none?
variants:
  - {name: std, baseline: true, build: {layout: %d}}
  - {name: std-again, build: {layout: %d}}
cells:
  kind: [full, resumed]
  group: [X25519, P-256]
  signature: ecdsa-p256
  exclude: [{kind: resumed, group: P-256}]
load: {loop: closed, workers: 1, length: %v}
blocks: {order: turns, groups: %d, warmup: 100ms}
gates: [{metric: %s, worse: %g%%}]
`

// aa is what the user asked of an A/A test.
type aa struct {
	runs, groups int
	output       string
	json         bool
}

func selftestAACommand(s streams) *cobra.Command {
	var t aa
	c := &cobra.Command{
		Use:   "aa",
		Short: "how often does the lab find a difference where there is none",
		Long: `aa measures a program against itself, in two layouts of its code, with everything that a gated run has: guards, a null
control, confirmation. It tells how often an interval excluded 1, how often the gate failed, and how many groups
it takes on this machine to find slowdowns of 1 to 5 %. Then it draws again who was who among the blocks that it kept,
many times, and judges each of these comparisons as the gate is. How much groups scatter is kept for tlslab plan. Exit
3 where a comparison was worse and confirmed, or all of them were invalid.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if t.runs < 1 || t.groups < 1 {
				return usage(errors.New("--runs and --groups are at least 1"), "")
			}
			return s.selftestAA(c.Context(), t)
		},
	}
	f := c.Flags()
	f.IntVar(&t.runs, "runs", 7, "bundles, each with an order and layouts of its own")
	f.IntVar(&t.groups, "groups", 10, "groups of each comparison")
	f.StringVarP(&t.output, "output", "o", "", "directory of the bundles (default: out/selftest-aa-TIME)")
	f.BoolVar(&t.json, "json", false, "print JSON")
	return c
}

// aaFound is what an A/A test found.
type aaFound struct {
	Schema      int              `json:"schema"`
	Runs        int              `json:"runs"`
	Groups      int              `json:"groups"`
	Gate        string           `json:"gate"`
	Margin      float64          `json:"margin"`
	Measured    alarms           `json:"measured"`
	Null        nullControls     `json:"null_controls"`
	Resampled   *alarms          `json:"resampled,omitempty"` // nil: too few runs
	Metrics     []analysis.Noise `json:"metrics"`
	Seconds     float64          `json:"seconds"` // of measuring
	Calibration string           `json:"calibration"`
	Bundles     string           `json:"bundles"`
}

// nullControls counts those of all runs.
type nullControls struct {
	Judged int `json:"judged"`
	Fired  int `json:"fired"`
}

// alarms are counts with what they say of the rate.
type alarms struct {
	analysis.Alarms
	AtMost float64 `json:"confirmed_at_most"` // share, upper bound at 95 %
}

// quiet: something was compared, and nothing was worse and confirmed.
func (a alarms) quiet() bool { return a.Comparisons > a.Invalid && a.Confirmed == 0 }

func (f *aaFound) sound() bool {
	return f.Measured.quiet() && (f.Resampled == nil || f.Resampled.quiet())
}

func (s streams) selftestAA(ctx context.Context, t aa) error {
	if t.output == "" {
		t.output = newDirectory("selftest-aa")
	}
	bundles, err := s.measureAA(ctx, t)
	if err != nil {
		return err
	}
	found, err := judgeAA(bundles, t)
	if err != nil {
		return err
	}
	if found.Calibration, err = found.calibrate(bundles[0].Manifest.Environment.Host); err != nil {
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

// measureAA carries out the runs.
func (s streams) measureAA(ctx context.Context, t aa) (all []*results.Bundle, err error) {
	for run := range t.runs {
		text := fmt.Sprintf(aaScenario, 2*run+1, 2*run+2, aaBlock, t.groups, aaGate, 100*aaMargin)
		name := fmt.Sprintf("run-%d", run+1)
		s.tell(fmt.Sprintf("%s of %d", name, t.runs))
		b, err := s.measureText(ctx, text, order{}, filepath.Join(t.output, name))
		if err != nil {
			return nil, err
		}
		all = append(all, b)
	}
	return all, nil
}

// measureText measures a scenario that is no file.
func (s streams) measureText(ctx context.Context, text string, o order, dir string) (*results.Bundle, error) {
	plan, err := planText(text)
	if err != nil {
		return nil, err
	}
	return s.measureNew(ctx, plan, o, dir)
}

// planText plans a scenario that is no file, with a seed by chance.
func planText(text string) (*scenarios.Plan, error) {
	scenario, err := scenarios.Parse("built-in", []byte(text))
	if err != nil {
		return nil, err
	}
	return planOf(scenario, 0, false)
}

func judgeAA(bundles []*results.Bundle, t aa) (*aaFound, error) {
	f := &aaFound{Schema: 1, Runs: t.runs, Groups: t.groups, Gate: aaGate, Margin: aaMargin, Bundles: t.output}
	var all []*analysis.Analysis
	for _, b := range bundles {
		a, err := analysis.Of(b)
		if err != nil {
			return nil, err
		}
		all = append(all, a)
		f.Seconds += b.Manifest.Finished.Sub(b.Manifest.Started).Seconds()
		f.Null.add(a.Null)
	}
	f.Measured = newAlarms(analysis.AlarmsOf(all))
	var err error
	if f.Metrics, err = analysis.Noises(bundles); err != nil || t.runs < aaRunsResample {
		return f, err
	}
	drawn, err := analysis.Redraw(bundles, analysis.Redrawing{
		Metric: aaGate, Margin: aaMargin, Level: aaLevel, Groups: t.groups, Times: aaResampled, Seed: bundles[0].Manifest.Seed,
	})
	again := newAlarms(drawn)
	f.Resampled = &again
	return f, err
}

func newAlarms(a analysis.Alarms) alarms { return alarms{a, a.AtMost()} }

func (n *nullControls) add(all []analysis.NullControl) {
	for _, one := range all {
		if one.Ratio != nil {
			n.Judged++
		}
		if one.Fired {
			n.Fired++
		}
	}
}

// calibrate keeps how much groups scatter, for the planner, and returns the name of the file.
func (f *aaFound) calibrate(host string) (string, error) {
	builder, err := variant.NewBuilder()
	if err != nil {
		return "", err
	}
	c := calibration{Schema: calibrationSchema, When: time.Now().UTC(), Host: host, Block: aaBlock.Seconds(), Spread: map[string]float64{}}
	for _, n := range f.Metrics {
		c.Spread[n.Metric] = n.Spread
	}
	return c.keep(builder.Cache)
}

func (f *aaFound) write(out io.Writer) error {
	fmt.Fprintf(out, "a program against itself, runs: %d, groups: %d, minutes: %.1f\n\n", f.Runs, f.Groups, f.Seconds/60)
	fmt.Fprintf(out, "measured:      %s\n", f.Measured.sentence(f.Gate))
	if f.Resampled != nil {
		fmt.Fprintf(out, "resampled:     %s\n", f.Resampled.sentence(f.Gate))
	} else {
		fmt.Fprintf(out, "resampled:     nothing, that takes %d runs\n", aaRunsResample)
	}
	fmt.Fprintf(out, "null controls: %d of %d fired\n\n", f.Null.Fired, f.Null.Judged)
	if err := writeNoise(out, f.Metrics); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "\ncalibration:   %s\nbundles:       %s\n", f.Calibration, f.Bundles)
	return err
}

func (a alarms) sentence(gate string) string {
	judged := a.Comparisons - a.Invalid
	text := fmt.Sprintf("%d comparisons of %s: %s exclude 1; %d worse, %d confirmed, which is at most %.3g %%",
		a.Comparisons, gate, shareOf(a.Excluded, judged), a.Worse, a.Confirmed, 100*a.AtMost)
	if a.Invalid > 0 {
		text += fmt.Sprintf("; %d invalid", a.Invalid)
	}
	return text
}

// shareOf writes a share with its Wilson interval.
func shareOf(k, n int) string {
	lo, hi := effect.Wilson(k, n, 0.95)
	return fmt.Sprintf("%d (%.1f %% [%.1f, %.1f])", k, 100*float64(k)/float64(max(n, 1)), 100*lo, 100*hi)
}

func writeNoise(out io.Writer, all []analysis.Noise) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "metric\tcompared\texclude 1\tmargin\tworse\tbetter\thalf-width\tspread\tlag 1")
	for _, n := range all[:min(1, len(all))] {
		for _, needed := range n.Needed {
			fmt.Fprintf(table, "\t+%.0f %%", 100*needed.Slowdown)
		}
	}
	fmt.Fprintln(table)
	for _, n := range all {
		lag := "unknown"
		if n.Lag1 != nil {
			lag = fmt.Sprintf("%+.2f", *n.Lag1)
		}
		fmt.Fprintf(table, "%s\t%d\t%s\t%.3g %%\t%d\t%d\t%.3g %%\t%.3g %%\t%s", n.Metric, n.Comparisons, shareOf(n.Excluded, n.Comparisons),
			100*n.Margin, n.Worse, n.Better, 100*n.HalfWidth, 100*n.Spread, lag)
		for _, needed := range n.Needed {
			fmt.Fprintf(table, "\t%s, %s", groupsOr(needed.Any), groupsOr(needed.Beyond))
		}
		fmt.Fprintln(table)
	}
	fmt.Fprintln(table, "\nlast columns: groups to find such a slowdown with 80 % power, and to find it beyond the margin; -: over a hundred, or never")
	return table.Flush()
}

func groupsOr(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

func writeJSON(out io.Writer, value any) error {
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(value)
}
