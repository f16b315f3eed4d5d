package main

import (
	"context"
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/scenarios"
)

func primitivesCommand(s streams) *cobra.Command {
	var groups int
	var seed uint64
	c := &cobra.Command{
		Use:   "primitives SCENARIO",
		Short: "time what handshakes are made of, the baseline against each candidate, interleaved",
		Long: `primitives times the cryptographic operations of a handshake alone and natively: AEADs, hashes, key exchanges,
signatures. A counter of instructions does not see what the hardware makes of them, and a handshake holds too little of
each. Every group is a fresh process of each side, which take turns as ABBA or BAAB. An operation that is worse by more
than 3 % is timed once more, in a fresh order: exit 1 where it is worse again.`,
		Args: exactly(1, "the scenario: a file, or a name from tlslab list"),
		RunE: func(c *cobra.Command, args []string) error {
			if least := effect.MinGroups(0.05); groups < least || groups > 200 {
				return usage(fmt.Errorf("--groups is %d to 200, not %d: fewer cannot find anything", least, groups), "")
			}
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
	c.Flags().IntVar(&groups, "groups", 10, "groups of four turns for each candidate, about two seconds each")
	c.Flags().Uint64Var(&seed, "seed", 0, "seed of the order (default: by chance)")
	return c
}

// primitives times every candidate's operations against the baseline's.
func (s streams) primitives(ctx context.Context, plan *scenarios.Plan, groups int) (code int, err error) {
	if len(plan.Variants) < 2 {
		return 0, usage(errors.New("there is no candidate to compare with the baseline"), "name a scenario of two variants")
	}
	plan.Null = nil
	run, done, err := s.drafted(ctx, plan, order{})
	if err != nil {
		return 0, err
	}
	defer done()
	for _, v := range plan.Variants[1:] {
		worse, err := s.primitivesOf(ctx, run, plan, v.Name, groups)
		if err != nil {
			return 0, err
		}
		if worse {
			code = exitWorse
		}
	}
	return code, nil
}

// primitivesOf times one candidate, and once more what is worse.
func (s streams) primitivesOf(ctx context.Context, run *lab.Run, plan *scenarios.Plan, candidate string, groups int) (worse bool, err error) {
	first, err := run.Primitives(ctx, plan.Variants[0].Name, candidate, groups)
	if err != nil {
		return false, err
	}
	second := map[string]lab.Primitive{}
	if len(worseOf(first)) > 0 {
		plan.Seed++
		again, err := run.Primitives(ctx, plan.Variants[0].Name, candidate, groups)
		if err != nil {
			return false, err
		}
		for _, p := range again {
			second[p.Name] = p
		}
	}
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(table, "operation\t%s\t%s\tverdict\tmeasured again\n", plan.Variants[0].Name, candidate)
	for _, p := range first {
		again := ""
		if p.Verdict == effect.Worse {
			again = ratioWords(second[p.Name])
			worse = worse || second[p.Name].Verdict == effect.Worse
		}
		fmt.Fprintf(table, "%s\t%.4g ns\t%s\t%s\t%s\n", p.Name, p.Baseline, ratioWords(p), p.Verdict, again)
	}
	return worse, table.Flush()
}

func worseOf(all []lab.Primitive) (names []string) {
	for _, p := range all {
		if p.Verdict == effect.Worse {
			names = append(names, p.Name)
		}
	}
	return names
}

func ratioWords(p lab.Primitive) string {
	switch {
	case p.Missing != "":
		return p.Missing
	case p.Ratio == nil:
		return "no interval"
	}
	return fmt.Sprintf("%.3fx [%.3f, %.3f]", p.Ratio.Point, p.Ratio.Lo, p.Ratio.Hi)
}
