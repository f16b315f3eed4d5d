package lab

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/scenarios"
)

// campaign is the blocks of a run as they are measured: up to each look, those of the cells that are not decided yet;
// then spare ones, for those that the machine spoiled; then once more what failed.
type campaign struct {
	*Run
	writer *results.Writer
	blocks []results.Block // measured so far, of an earlier run too
	done   int             // of an earlier, interrupted run
	began  time.Time
}

// Measure runs every block that done does not hold and writes it to w. Done blocks are of an earlier, interrupted
// run of the same plan. It returns all blocks in order of execution.
func (r *Run) Measure(ctx context.Context, w *results.Writer, done []results.Block) ([]results.Block, error) {
	if err := r.plant(ctx, w); err != nil {
		return nil, err
	}
	counts, err := r.keepCounts(ctx, w)
	if err != nil {
		return nil, err
	}
	c := &campaign{Run: r, writer: w, blocks: slices.Clone(done), done: len(done)}
	switch failed := analysis.FailedCounts(r.Manifest, counts); {
	case r.lab.Hasty && failed != "":
		r.lab.Speak(failed + ": nothing is timed, for that decides")
	default:
		if err := c.keepPrimitives(ctx, w); err != nil {
			return nil, err
		}
		if err := c.keepExperiments(ctx, w); err != nil {
			return nil, err
		}
		if err := c.keepScorecard(ctx, w); err != nil {
			return nil, err
		}
		c.began = time.Now()
		if err := c.measureAll(ctx); err != nil {
			return nil, err
		}
	}
	r.Manifest.Finished, r.Manifest.Blocks = time.Now().UTC(), len(c.blocks)
	slices.SortFunc(c.blocks, func(a, b results.Block) int { return a.Index - b.Index })
	return c.blocks, nil
}

// keepCounts counts what can be counted, before anything is timed.
func (r *Run) keepCounts(ctx context.Context, w *results.Writer) ([]exact.Counts, error) {
	if !r.plan.Exact {
		return nil, nil
	}
	counts, gaps, err := r.Count(ctx)
	if err != nil {
		return nil, err
	}
	r.Manifest.Gaps = append(r.Manifest.Gaps, gaps...)
	return counts, w.Exact(counts)
}

func (c *campaign) measureAll(ctx context.Context) error {
	if len(c.plan.Looks) > 1 {
		if err := c.look(ctx); err != nil {
			return err
		}
	} else if err := c.settle(ctx); err != nil {
		return err
	}
	if !c.plan.Confirm {
		return nil
	}
	return c.confirm(ctx)
}

// look measures up to one look after the other, until every cell is decided.
func (c *campaign) look(ctx context.Context) error {
	open := c.cellNames()
	from := 0
	for _, groups := range c.plan.Looks {
		if err := c.measure(ctx, c.between(from, groups, open)); err != nil {
			return err
		}
		a, err := c.judge(groups)
		if err != nil {
			return err
		}
		if open = a.Undecided(); len(open) == 0 {
			return nil
		}
		from = groups
		if last := c.plan.Looks[len(c.plan.Looks)-1]; groups < last {
			c.lab.Speak(fmt.Sprintf("after %d groups %s undecided: going on", groups, plural(len(open), "cell is", "cells are")))
		}
	}
	return nil
}

// between is the blocks of groups from, included, to to, excluded, of the open cells.
func (c *campaign) between(from, to int, open []string) []scenarios.Block {
	return slices.DeleteFunc(slices.Clone(c.plan.Blocks), func(b scenarios.Block) bool {
		return b.Group < from || b.Group >= to || !slices.Contains(open, c.plan.Cells[b.Cell].Name)
	})
}

// settle measures all that is planned, and spare groups in place of those that the machine spoiled.
func (c *campaign) settle(ctx context.Context) error {
	queue := c.plan.Blocks
	for round := queue; len(round) > 0; {
		if err := c.measure(ctx, round); err != nil {
			return err
		}
		round = c.more(queue, c.blocks)
		queue = slices.Concat(queue, round)
	}
	return nil
}

// confirm measures once more, in another order, what failed.
func (c *campaign) confirm(ctx context.Context) error {
	a, err := c.judge(math.MaxInt)
	if err != nil {
		return err
	}
	failed := a.Unconfirmed()
	if len(failed) == 0 {
		return nil
	}
	groups, after := c.plan.Groups, len(c.plan.Blocks)+len(c.plan.Spares)
	if a.Gating != nil && a.Gating.Taken > 0 {
		groups = a.Gating.Looks[a.Gating.Taken-1]
	}
	again := c.plan.Again(failed, groups, after)
	c.lab.Speak(fmt.Sprintf("a gate failed in %s: measuring %d blocks to confirm it", plural(len(failed), "cell", "cells"), len(again)))
	return c.measure(ctx, again)
}

// judge judges the first groups of what has been measured so far, as the report will. An interrupted run may have
// measured more of them already; a look sees what it would have seen without that.
func (c *campaign) judge(groups int) (*analysis.Analysis, error) {
	blocks := slices.DeleteFunc(slices.Clone(c.blocks), func(b results.Block) bool { return b.Observed || b.Group >= groups })
	slices.SortFunc(blocks, func(a, b results.Block) int { return a.Index - b.Index })
	a, err := analysis.Of(&results.Bundle{Manifest: c.Manifest, Blocks: blocks})
	if err != nil {
		return nil, fmt.Errorf("judge the blocks so far: %w", err)
	}
	return a, nil
}

// measure measures the blocks that there are not yet.
func (c *campaign) measure(ctx context.Context, queue []scenarios.Block) error {
	for n := 0; n < len(queue); {
		b := queue[n]
		taking := takingTurns(queue[n:])
		if !holds(c.blocks, b) {
			c.lab.Block(c.progress(queue, n))
			if err := c.measureAtOnce(ctx, queue[n:n+taking]); err != nil {
				return fmt.Errorf("block %d (%s in %s): %w", b.Index, b.Variant, c.plan.Cells[b.Cell].Name, err)
			}
		}
		n += taking
	}
	return nil
}

// takingTurns is how many blocks at the head of a queue are measured at once.
func takingTurns(queue []scenarios.Block) int {
	if b := queue[0]; b.Turns && len(queue) > 1 {
		if o := queue[1]; o.Turns && o.Cell == b.Cell && o.Group == b.Group && o.Role == b.Role {
			return 2
		}
	}
	return 1
}

// measureAtOnce measures one block, or two that take turns, and writes down what came of it.
func (c *campaign) measureAtOnce(ctx context.Context, blocks []scenarios.Block) error {
	all, err := c.Run.measure(ctx, blocks)
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := c.keep(c.writer, s); err != nil {
			return err
		}
		c.blocks = append(c.blocks, s.block)
	}
	return nil
}

func (c *campaign) progress(queue []scenarios.Block, n int) Progress {
	b := queue[n]
	left := c.plan.Estimate()
	if fresh := len(c.blocks) - c.done; fresh > 0 {
		left = time.Since(c.began) / time.Duration(fresh) * time.Duration(len(queue)-n)
	}
	return Progress{n, len(queue), c.plan.Cells[b.Cell].Name, b.Variant, left}
}

func (c *campaign) cellNames() (names []string) {
	for _, cell := range c.plan.Cells {
		names = append(names, cell.Name)
	}
	return names
}

func holds(blocks []results.Block, b scenarios.Block) bool {
	return slices.ContainsFunc(blocks, func(d results.Block) bool { return d.Index == b.Index })
}

func plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
