package main

import (
	"context"
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/scenarios"
)

// census is what was counted of a scenario's baseline variant.
type census struct {
	cells  []string // that the scenario has here
	counts []exact.Counts
}

// of is what was counted of a cell; nil: it could not be, and a gap says why.
func (c census) of(cell string) *exact.Counts {
	at := slices.IndexFunc(c.counts, func(one exact.Counts) bool { return one.Cell == cell && len(one.Server.Instructions) > 0 })
	if at < 0 {
		return nil
	}
	return &c.counts[at]
}

// code is that of an invalid measurement where a cell could not be counted: nothing is claimed of it.
func (c census) code() int {
	for _, cell := range c.cells {
		if c.of(cell) == nil {
			return exitInvalid
		}
	}
	return exitDone
}

// countBaseline counts the scenario's baseline variant in every cell.
func (s streams) countBaseline(ctx context.Context, scenario *scenarios.Scenario) (found census, err error) {
	plan, err := planOf(scenario, 1, true)
	if err != nil {
		return found, err
	}
	plan.Variants, plan.Null, plan.Observe = plan.Variants[:1], nil, scenarios.Observe{}
	for i := range plan.Cells {
		plan.Cells[i].Variants = plan.Cells[i].Variants[:1]
		found.cells = append(found.cells, plan.Cells[i].Name)
	}
	run, done, err := s.drafted(ctx, plan, order{})
	if err != nil {
		return found, err
	}
	defer done()
	counts, gaps, err := run.Count(ctx)
	s.tellGaps(gaps)
	found.counts = counts
	return found, err
}

func (s streams) tellGaps(gaps []results.Gap) {
	for _, g := range gaps {
		s.tell(fmt.Sprintf("gap: %s: %s", g.What, g.Reason))
		if g.Hint != "" {
			s.tell("hint: " + g.Hint)
		}
	}
}
