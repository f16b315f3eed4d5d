package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/metric"
	"github.com/tlslab/tlslab/scenarios"
)

// change is what a pull request is asked about.
type change struct {
	order
	base, head string // git refs; head is empty for the working tree
	scenario   string
	annotate   string
	only       string // exact: nothing is timed
	primitives bool
}

func ciCommand(s streams) *cobra.Command {
	var c change
	cmd := &cobra.Command{
		Use:   "ci --base REF",
		Short: "build base and head, compare them in one job, gate the change",
		Long: `ci builds the server of the merge base and of the change with the same toolchain, from exported trees, and gates the
change by a scenario of two variants. Where both builds are the same program, byte for byte, the change cannot matter
and nothing is measured. Else it first counts what can be counted: a count has no chance in it, and one that is worse
refuses the change at once. Then both servers are timed in one job, interleaved; a gate that fails is measured once
more before it counts.

The output directory gets bundle/, report.html, result.json, summary.md, junit.xml and codequality.json; on GitHub the
summary goes to the job page, too, and annotations to the log.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.seeded = cmd.Flags().Changed("seed")
			if err := c.check(); err != nil {
				return err
			}
			code, err := s.ci(cmd.Context(), c)
			return s.settle(code, err)
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.base, "base", "", "git ref that the change is compared with; the merge base with the change is what is built")
	f.StringVar(&c.head, "head", "", "git ref of the change (default: the working tree)")
	f.StringVar(&c.scenario, "scenario", "gate", "scenario with one baseline and one candidate: a file, or a name from tlslab list")
	f.StringVarP(&c.output, "output", "o", "", "directory of the results (default: out/ci-TIME)")
	f.Uint64Var(&c.seed, "seed", 0, "seed of the order of blocks (default: by chance, recorded)")
	f.BoolVar(&c.primitives, "primitives", false, "time the cryptographic operations alone, too; always where base and change have different toolchains")
	f.StringVar(&c.only, "only", "", "exact: count, and time nothing")
	f.StringVar(&c.annotate, "annotate", "auto", "annotations on standard output: auto, github or none")
	f.StringVar(&c.inconclusive, "inconclusive", "fail", "what an undecided gate means: fail (exit 4) or pass")
	return cmd
}

func (c change) check() error {
	switch {
	case c.base == "":
		return usage(errors.New("tlslab ci wants --base, the git ref that the change is compared with"), "tlslab ci --base origin/main")
	case c.only != "" && c.only != "exact":
		return usage(fmt.Errorf("--only knows exact, not %q", c.only), "--only exact")
	case c.annotate != "auto" && c.annotate != "github" && c.annotate != "none":
		return usage(fmt.Errorf("--annotate is auto, github or none, not %q", c.annotate), "")
	case c.inconclusive != "fail" && c.inconclusive != "pass":
		return usage(fmt.Errorf("--inconclusive is fail or pass, not %q", c.inconclusive), "")
	case c.seed > maxSeed:
		return usage(fmt.Errorf("--seed is at most %d, which every JSON reader keeps exact", uint64(maxSeed)), "")
	}
	return nil
}

// ci compares, writes what a CI system reads, and returns the exit code.
func (s streams) ci(ctx context.Context, c change) (int, error) {
	scenario, err := load(c.scenario)
	if err != nil {
		return 0, err
	}
	builder, err := variant.NewBuilder()
	if err != nil {
		return 0, err
	}
	if err := c.narrow(scenario); err != nil {
		return 0, err
	}
	if err := c.resolve(ctx, builder, scenario); err != nil {
		return 0, err
	}
	dir := c.directory("ci")
	if err := c.checkOutput(dir); err != nil {
		return 0, usage(fmt.Errorf("output: %w", err), "name another directory with --output")
	}
	same, err := s.sameProgram(ctx, builder, scenario)
	if err != nil {
		return 0, err
	}
	if same {
		return exitDone, s.nothingChanged(c, scenario, dir)
	}
	b, err := s.compareBuilds(ctx, c, scenario, dir)
	if err != nil {
		return 0, err
	}
	code, err := s.publish(b, c, dir)
	if err != nil || c.only != "" || !c.primitives && !otherToolchain(b.Manifest) {
		return code, err
	}
	slower, err := s.ciPrimitives(ctx, c, scenario)
	return worst(code, slower), err
}

// otherToolchain: the change brings another Go, so the assembly of its cryptography may be another.
func otherToolchain(m results.Manifest) bool {
	return len(m.Variants) > 1 && m.Variants[0].Hello.Go != m.Variants[1].Hello.Go
}

// ciPrimitives times what no counter sees.
func (s streams) ciPrimitives(ctx context.Context, c change, scenario *scenarios.Scenario) (int, error) {
	plan, err := planOf(scenario, c.seed, c.seeded)
	if err != nil {
		return 0, err
	}
	fmt.Fprintln(s.out)
	return s.primitives(ctx, plan, 0)
}

// narrow leaves of a scenario what is counted, where only that is asked for.
func (c change) narrow(s *scenarios.Scenario) error {
	if c.only == "" {
		return nil
	}
	s.Gates = slices.DeleteFunc(slices.Clone(s.Gates), func(g results.Gate) bool {
		return !slices.ContainsFunc(metric.Counted(), func(m metric.Metric) bool { return m.Name == g.Metric })
	})
	s.Objectives = nil
	if len(s.Gates) == 0 {
		return usage(fmt.Errorf("%s has no gate on what is counted", s.File), "gates: [{metric: instructions.crypto, worse: 0.2%}]")
	}
	return nil
}

// resolve puts the sources of base and head into the scenario's two variants.
func (c change) resolve(ctx context.Context, builder *variant.Builder, scenario *scenarios.Scenario) error {
	if len(scenario.Variants) != 2 {
		return usage(fmt.Errorf("%s has %d variants; a change has two sides", scenario.File, len(scenario.Variants)),
			"one baseline, which becomes the merge base, and one candidate, which becomes the change")
	}
	base, err := builder.MergeBase(ctx, c.base, c.head)
	if err != nil {
		return err
	}
	for i := range scenario.Variants {
		v := &scenario.Variants[i]
		v.Build.Source = variant.Source{Ref: c.head}
		if v.Baseline {
			v.Build.Source = variant.Source{Ref: base}
		}
	}
	return nil
}

// sameProgram says whether both sides are the same server, byte for byte.
func (s streams) sameProgram(ctx context.Context, builder *variant.Builder, scenario *scenarios.Scenario) (bool, error) {
	var sums []string
	for _, v := range scenario.Variants {
		s.tell("building " + v.Name)
		binary, err := builder.Build(ctx, v.Build, v.Server.App)
		if err != nil {
			return false, fmt.Errorf("build %s: %w", v.Name, err)
		}
		sums = append(sums, binary.SBOM.SHA256)
	}
	x, y := scenario.Variants[0], scenario.Variants[1]
	return sums[0] == sums[1] && reflect.DeepEqual(x.Env, y.Env) && reflect.DeepEqual(x.Server, y.Server), nil
}

func (c change) directory(name string) string {
	if c.output != "" {
		return c.output
	}
	return newDirectory(name)
}

// compareBuilds measures the scenario into bundle/ of the output directory.
func (s streams) compareBuilds(ctx context.Context, c change, scenario *scenarios.Scenario, dir string) (*results.Bundle, error) {
	plan, err := planOf(scenario, c.seed, c.seeded)
	if err != nil {
		return nil, err
	}
	o := c.order
	o.hasty = true
	if c.only == "exact" {
		plan.Blocks, plan.Spares, plan.Null = nil, nil, nil
	}
	return s.measureNew(ctx, plan, o, filepath.Join(dir, "bundle"))
}

// publish writes every file of a comparison, tells the verdict, and returns the exit code.
func (s streams) publish(b *results.Bundle, c change, dir string) (int, error) {
	a, err := analysis.Of(b)
	if err != nil {
		return 0, err
	}
	d := reports.New(a, reports.Standard()...)
	if err := writeText(d, s.out); err != nil {
		return 0, err
	}
	if err := writeAll(d, dir, scenarioPath(c.scenario)); err != nil {
		return 0, err
	}
	if err := s.tellGitHub(d, c); err != nil {
		return 0, err
	}
	fmt.Fprintf(s.out, "\nverdict: %s\nbundle:  %s\nreport:  %s\n", a.Summary.Sentence, filepath.Join(dir, "bundle"), filepath.Join(dir, "report.html"))
	return terms{inconclusive: c.inconclusive}.code(a), nil
}

// nothingChanged says so, in the forms that a CI system expects. There is no summary: nobody wants to read it.
func (s streams) nothingChanged(c change, scenario *scenarios.Scenario, dir string) error {
	a := &analysis.Analysis{Manifest: results.Manifest{Scenario: results.Scenario{Name: scenario.Name, Text: scenario.Text}}}
	a.Summary.Sentence = "the server is the same program before and after the change: nothing to measure"
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return usage(fmt.Errorf("output: %w", err), "name another directory with --output")
	}
	if err := writeAll(reports.New(a, reports.Verdict), dir, scenarioPath(c.scenario)); err != nil {
		return err
	}
	fmt.Fprintf(s.out, "verdict: %s\n", a.Summary.Sentence)
	return nil
}

// scenarioPath is where annotations point to: a file of the repository.
func scenarioPath(name string) string {
	if _, err := os.Stat(name); err == nil {
		return filepath.ToSlash(filepath.Clean(name))
	}
	return "scenarios/" + name + ".yaml"
}

// tellGitHub writes annotations to the log and the summary to the job's page, where there is one.
func (s streams) tellGitHub(d *reports.Document, c change) error {
	onGitHub := os.Getenv("GITHUB_ACTIONS") == "true"
	if c.annotate == "github" || c.annotate == "auto" && onGitHub {
		if err := d.WriteAnnotations(s.out, reports.GitHub, scenarioPath(c.scenario)); err != nil {
			return err
		}
	}
	page := os.Getenv("GITHUB_STEP_SUMMARY")
	if !onGitHub || page == "" {
		return nil
	}
	var text strings.Builder
	if err := d.WriteSummary(&text); err != nil {
		return err
	}
	file, err := os.OpenFile(page, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("job summary: %w", err)
	}
	_, err = file.WriteString(text.String())
	return errors.Join(err, file.Close())
}
