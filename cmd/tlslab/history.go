package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/analysis/history"
)

func historyCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "history",
		Short: "what earlier runs of a scenario measured, where that changed, and whether anybody still measures",
		Args:  noArguments,
		RunE:  func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(historyAddCommand(s), historyShowCommand(s), historyCheckCommand(s))
	return c
}

func historyAddCommand(s streams) *cobra.Command {
	var file, commit string
	c := &cobra.Command{
		Use:   "add BUNDLE",
		Short: "add a run to a history, one line of JSON",
		Long: fmt.Sprintf(`add judges a bundle and adds its values and ratios to a history: a file with one line of JSON for each run of one
scenario, which it makes where there is none. A run that is there already is not added again. The file keeps the last
%d runs.`, history.Cap),
		Args: exactly(1, "the bundle: a directory that tlslab run wrote"),
		RunE: func(_ *cobra.Command, args []string) error {
			if file == "" {
				return usage(errors.New("tlslab history add wants the history's --file"), "--file nightly.jsonl; it is made where there is none")
			}
			bundle, err := open(args[0])
			if err != nil {
				return err
			}
			return s.addToHistory(bundle, file, commit)
		},
	}
	c.Flags().StringVar(&file, "file", "", "the history, one for each scenario")
	c.Flags().StringVar(&commit, "commit", "", "what was measured, as the hash of its commit")
	return c
}

func (s streams) addToHistory(b *results.Bundle, file, commit string) error {
	a, err := analysis.Of(b)
	if err != nil {
		return err
	}
	done, err := history.Append(file, pointOf(a, commit), history.Cap)
	if err != nil {
		return historyFailure(err)
	}
	if done.Torn > 0 {
		s.tell(fmt.Sprintf("warning: %s: the last line was cut short; its %d bytes were removed, and the run that they were of is lost", file, done.Torn))
	}
	if done.Known {
		s.tell(fmt.Sprintf("%s has this run already; it was not added again", file))
		return nil
	}
	s.tell(fmt.Sprintf("%s: added run %d of %s", file, done.Points, a.Manifest.Scenario.Name))
	return nil
}

// historyFailure tells what is wrong with the arguments from what is wrong with the machine.
func historyFailure(err error) error {
	switch {
	case errors.Is(err, history.ErrPoint):
		return usage(err, "--commit takes the hash or the name of a commit")
	case errors.Is(err, history.ErrOther):
		return usage(err, "every scenario has a history of its own")
	case errors.Is(err, history.ErrCorrupt):
		return usage(err, "remove the line that is named, or begin another file")
	}
	return err
}

// pointOf is what a history keeps of a run.
func pointOf(a *analysis.Analysis, commit string) history.Point {
	m := a.Manifest
	p := history.Point{
		When: m.Finished, Scenario: m.Scenario.Name, Commit: commit, Seed: m.Seed,
		Host: history.Host{CPU: m.Environment.CPUModel, Kernel: m.Environment.Kernel, Go: m.Environment.Go},
		Exit: a.Summary.Exit, Verdict: a.Summary.Sentence, Values: history.Values{}, Effects: history.Effects{},
	}
	if i := slices.IndexFunc(m.Variants, func(v results.Variant) bool { return v.Baseline }); i >= 0 {
		p.Baseline = m.Variants[i].Name
	}
	for _, series := range a.Series {
		addValues(p.Values, series.Cell, series.Variant, series.Values)
	}
	for _, c := range a.Exact {
		addValues(p.Values, c.Cell, c.Variant, c.Values())
	}
	for _, e := range a.Effects {
		if e.Verdict != effect.Invalid && e.Ratio != nil && e.Ratio.Lo > 0 && !math.IsInf(e.Ratio.Hi, 0) {
			at(at(p.Effects, e.Cell), e.Candidate.Variant)[e.Metric] = history.Effect{
				Ratio: short(e.Ratio.Point), Lo: short(e.Ratio.Lo), Hi: short(e.Ratio.Hi), Margin: e.Margin, Gated: e.Gated,
			}
		}
	}
	return p
}

func addValues(values history.Values, cell, variant string, by map[string]float64) {
	for name, v := range by {
		at(at(values, cell), variant)[name] = short(v)
	}
}

// at is the map under a key, made where there is none.
func at[V any](in map[string]map[string]V, key string) map[string]V {
	if in[key] == nil {
		in[key] = map[string]V{}
	}
	return in[key]
}

// short is a number with the digits that a history needs.
func short(v float64) float64 {
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', 8, 64), 64) // written just before
	return rounded
}

func historyShowCommand(s streams) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "show FILE",
		Short: "the series of a history, and where their level changed",
		Args:  exactly(1, "the history: a file that tlslab history add wrote"),
		RunE: func(_ *cobra.Command, args []string) error {
			write, known := map[string]func(*reports.Document, io.Writer) error{
				"text": writeText, "markdown": (*reports.Document).WriteMarkdown, "html": (*reports.Document).WriteHTML,
			}[format]
			if !known {
				return usage(fmt.Errorf("unknown format %q", format), "one of html, markdown, text")
			}
			points, err := s.readHistory(args[0])
			if err != nil {
				return err
			}
			if len(points) == 0 {
				s.tell(args[0] + " has no runs")
				return nil
			}
			var a analysis.Analysis
			a.Manifest.Scenario.Name = points[0].Scenario
			return write(reports.New(&a, reports.History(points)), s.out)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "html, markdown, text")
	return c
}

func historyCheckCommand(s streams) *cobra.Command {
	var maxAge time.Duration
	c := &cobra.Command{
		Use:   "check FILE",
		Short: "whether the last valid run is recent: exit 3 where it is not",
		Long: `check says when the last valid run of a history was. Exit 3 where that is longer ago than --max-age, or where there is
none: who measures every night and hears nothing may have no regressions, or no machine any more.`,
		Args: exactly(1, "the history: a file that tlslab history add wrote"),
		RunE: func(_ *cobra.Command, args []string) error {
			if maxAge <= 0 {
				return usage(fmt.Errorf("--max-age %v: it must be positive", maxAge), "--max-age 72h")
			}
			points, err := s.readHistory(args[0])
			if err != nil {
				return err
			}
			return s.checkHistory(points, time.Now(), maxAge)
		},
	}
	c.Flags().DurationVar(&maxAge, "max-age", 72*time.Hour, "how long ago the last valid run may be")
	return c
}

func (s streams) checkHistory(points []history.Point, now time.Time, maxAge time.Duration) error {
	age, stale := history.Stale(points, now, maxAge)
	last, ok := history.Last(points)
	when := last.When.UTC().Format(time.RFC3339)
	switch {
	case !ok:
		return &failure{fmt.Errorf("no valid run at all: %d are invalid", len(points)), "see why: tlslab history show", exitInvalid}
	case stale:
		return &failure{
			fmt.Errorf("no valid run since %s, %s ago", when, age.Round(time.Minute)),
			"is the job that measures still running, and does it add its bundles?", exitInvalid,
		}
	}
	_, err := fmt.Fprintf(s.out, "last valid run: %s, %s ago, exit %d\n", when, age.Round(time.Minute), last.Exit)
	return err
}

// readHistory reads a history and tells where a writer was killed.
func (s streams) readHistory(file string) ([]history.Point, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	points, torn, err := history.Read(f)
	if err != nil {
		return nil, historyFailure(fmt.Errorf("%s: %w", file, err))
	}
	if torn > 0 {
		s.tell(fmt.Sprintf("warning: %s: the last line was cut short, %d bytes; the next tlslab history add removes it", file, torn))
	}
	return points, nil
}
