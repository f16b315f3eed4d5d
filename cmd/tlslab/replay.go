package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/metric"
	"github.com/tlslab/tlslab/scenarios"
)

// terms are what kept data is to be judged by.
type terms struct {
	scenario     string
	gates        []string
	inconclusive string
	format       string
}

func replayCommand(s streams) *cobra.Command {
	var t terms
	c := &cobra.Command{
		Use:   "replay BUNDLE",
		Short: "judge kept data under other gates, limits and objectives, without measuring again",
		Long: `replay judges a bundle's blocks as if its scenario had other gates: those of another scenario file, or those named by
--gate. The bundle stays as it is. The exit code is that of the new verdict.`,
		Args: exactly(1, "the bundle: a directory that tlslab run wrote"),
		RunE: func(_ *cobra.Command, args []string) error {
			bundle, err := open(args[0])
			if err != nil {
				return err
			}
			if err := t.apply(bundle); err != nil {
				return err
			}
			return s.judge(bundle, t)
		},
	}
	f := c.Flags()
	f.StringVar(&t.scenario, "scenario", "", "take gates, guards, objectives and expected regressions of this scenario")
	f.StringArrayVar(&t.gates, "gate", nil, "METRIC=MARGIN, as server_cpu=3%, in place of all gates; may be repeated")
	t.flags(c)
	return c
}

func (t *terms) flags(c *cobra.Command) {
	c.Flags().StringVar(&t.inconclusive, "inconclusive", "fail", "what an undecided gate means: fail (exit 4) or pass")
	c.Flags().StringVar(&t.format, "format", "text", "as of tlslab report")
}

// apply puts the terms into the bundle's manifest, in memory.
func (t terms) apply(b *results.Bundle) error {
	m := &b.Manifest
	if t.scenario != "" {
		scenario, err := load(t.scenario)
		if err != nil {
			return err
		}
		m.Gates, m.Limits, m.Objectives, m.Expected = scenario.Gates, scenario.Limits, scenario.Objectives, scenario.Expected
		m.Scenario.Text = scenario.Text
		if err := fits(scenario, m); err != nil {
			return err
		}
	}
	if len(t.gates) > 0 {
		m.Gates = nil
	}
	for _, text := range t.gates {
		gate, err := gateFrom(text)
		if err != nil {
			return usage(err, "--gate server_cpu=3%")
		}
		m.Gates = append(m.Gates, gate)
	}
	return nil
}

// fits refuses gates on variants that the bundle does not have.
func fits(s *scenarios.Scenario, m *results.Manifest) error {
	known := map[string]bool{"": true}
	for _, v := range m.Variants {
		known[v.Name] = true
	}
	for _, g := range m.Gates {
		if !known[g.Candidate] {
			return usage(fmt.Errorf("%s:%d: the bundle has no variant %q", s.File, g.Line, g.Candidate), "judge a bundle by gates on its own variants")
		}
	}
	return nil
}

func gateFrom(text string) (results.Gate, error) {
	name, share, ok := strings.Cut(text, "=")
	percent, has := strings.CutSuffix(share, "%")
	worse, err := strconv.ParseFloat(percent, 64)
	if _, known := metric.ByName(name); !known {
		return results.Gate{}, fmt.Errorf("--gate %s: unknown metric %q", text, name)
	}
	if !ok || !has || err != nil || !(worse >= 0) || worse > 1000 {
		return results.Gate{}, fmt.Errorf("--gate %s: the margin is a percentage, 0%% to 1000%%", text)
	}
	return results.Gate{Metric: name, Worse: worse / 100}, nil
}

// judge judges a bundle, writes the report in the wanted format and ends with the verdict.
func (s streams) judge(b *results.Bundle, t terms) error {
	if t.inconclusive != "fail" && t.inconclusive != "pass" {
		return usage(fmt.Errorf("--inconclusive is fail or pass, not %q", t.inconclusive), "")
	}
	write, known := formats[t.format]
	if !known {
		return usage(fmt.Errorf("unknown format %q", t.format), "tlslab report --help names them")
	}
	if err := write(s.out, b); err != nil {
		return err
	}
	a, err := analysis.Of(b)
	if err != nil {
		return err
	}
	if t.format == "text" {
		fmt.Fprintf(s.out, "\nverdict: %s\n", a.Summary.Sentence)
	}
	return s.settle(t.code(a), nil)
}

// code is the exit code of a judgement.
func (t terms) code(a *analysis.Analysis) int {
	if a.Summary.Exit == exitInconclusive && t.inconclusive == "pass" {
		return exitDone
	}
	return a.Summary.Exit
}
