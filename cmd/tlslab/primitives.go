package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/scenarios"
)

// mostPrimitiveGroups bounds how long primitives may take.
const mostPrimitiveGroups = 200

func primitivesCommand(s streams) *cobra.Command {
	var groups int
	var seed uint64
	c := &cobra.Command{
		Use:   "primitives SCENARIO",
		Short: "time what handshakes and records are made of, the baseline against each candidate, interleaved",
		Long: `primitives times the cryptographic operations of handshakes and records alone and natively: AEADs, hashes, key
exchanges, signatures. A counter of instructions does not see what the hardware makes of them, and a handshake holds too
little of each. Every group is a fresh process of each variant, which take turns in an order by chance and back in its
reverse. An operation that is worse by more than 3 % is timed once more, in a fresh order: exit 1 where it is worse
again. A scenario with instruments: {primitives: auto} keeps the same in its bundle.`,
		Args: exactly(1, "the scenario: a file, or a name from tlslab list"),
		RunE: func(c *cobra.Command, args []string) error {
			scenario, err := load(args[0])
			if err != nil {
				return err
			}
			plan, err := planOf(scenario, seed, c.Flags().Changed("seed"))
			if err != nil {
				return err
			}
			code, err := s.primitives(c.Context(), plan, groups)
			return s.settle(code, err)
		},
	}
	c.Flags().IntVar(&groups, "groups", 0, "groups, about half a second for each variant (default: the fewest that can find one operation worse)")
	c.Flags().Uint64Var(&seed, "seed", 0, "seed of the order (default: by chance)")
	return c
}

// primitives times every candidate's operations against the baseline's, and once more where any is worse. No groups
// are as many as it takes.
func (s streams) primitives(ctx context.Context, plan *scenarios.Plan, groups int) (code int, err error) {
	if len(plan.Variants) < 2 {
		return 0, usage(errors.New("there is no candidate to compare with the baseline"), "name a scenario of two variants")
	}
	least := plan.PrimitiveGroups()
	if groups == 0 {
		groups = least
	}
	if groups < least || groups > mostPrimitiveGroups {
		return 0, usage(fmt.Errorf("--groups is %d to %d, not %d: fewer cannot find anything", least, mostPrimitiveGroups, groups), "")
	}
	plan.Null = nil
	run, done, err := s.drafted(ctx, plan, order{})
	if err != nil {
		return 0, err
	}
	defer done()
	first, err := judgedPrimitives(ctx, run, groups)
	if err != nil {
		return 0, err
	}
	var second []analysis.Primitive
	if slices.ContainsFunc(first, isWorse) {
		plan.Seed++
		if second, err = judgedPrimitives(ctx, run, groups); err != nil {
			return 0, err
		}
	}
	return s.tellPrimitives(plan, first, second)
}

func judgedPrimitives(ctx context.Context, run *lab.Run, groups int) ([]analysis.Primitive, error) {
	timed, err := run.Primitives(ctx, groups)
	if err != nil {
		return nil, err
	}
	return analysis.PrimitivesOf(run.Manifest, timed), nil
}

func isWorse(p analysis.Primitive) bool { return p.Verdict == effect.Worse }

// tellPrimitives prints a table for each candidate. Worse is what was worse both times.
func (s streams) tellPrimitives(plan *scenarios.Plan, first, second []analysis.Primitive) (code int, err error) {
	base := plan.Variants[0].Name
	for _, v := range plan.Variants[1:] {
		table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
		fmt.Fprintf(table, "operation\t%s\t%s\tverdict\tmeasured again\n", base, v.Name)
		for _, p := range first {
			if p.Variant != v.Name {
				continue
			}
			was, again := primitiveAt(first, p.Name, base), ""
			if isWorse(p) {
				now := primitiveAt(second, p.Name, v.Name)
				again = ratioWords(was, now)
				if isWorse(now) {
					code = exitWorse
				}
			}
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\n", p.Name, timeWords(was), ratioWords(was, p), p.Verdict, again)
		}
		if err := table.Flush(); err != nil {
			return 0, err
		}
	}
	return code, nil
}

// primitiveAt is one operation of one variant, among all of them.
func primitiveAt(all []analysis.Primitive, name, variant string) (p analysis.Primitive) {
	at := slices.IndexFunc(all, func(p analysis.Primitive) bool { return p.Name == name && p.Variant == variant })
	if at >= 0 {
		p = all[at]
	}
	return p
}

// timeWords is what one operation takes, and what that is in GB/s.
func timeWords(p analysis.Primitive) string {
	switch through := p.Throughput(); {
	case p.Missing != "":
		return "missing"
	case through > 0:
		return fmt.Sprintf("%.4g ns (%.2f GB/s)", p.Time, through/1e9)
	}
	return fmt.Sprintf("%.4g ns", p.Time)
}

func ratioWords(baseline, p analysis.Primitive) string {
	switch {
	case baseline.Missing != "":
		return baseline.Variant + ": " + baseline.Missing
	case p.Missing != "":
		return p.Variant + ": " + p.Missing
	case p.Ratio == nil:
		return "no interval"
	}
	return fmt.Sprintf("%.3fx [%.3f, %.3f]", p.Ratio.Point, p.Ratio.Lo, p.Ratio.Hi)
}
