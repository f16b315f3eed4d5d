package lab

import (
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/scenarios"
)

// spares is the next round of spare groups: one for each cell that has too few groups which the machine left alone.
// Only steal and throttling count, which the machine does to the lab, and only those of measured blocks; what a block
// measured never decides whether another one is measured. The spoiled groups stay in the bundle.
func (r *Run) spares(queue []scenarios.Block, blocks []results.Block) (round []scenarios.Block) {
	next := map[int]int{} // by cell: its first spare group that has not been measured
	for _, b := range queue {
		next[b.Cell] = max(next[b.Cell], b.Group+1)
	}
	for _, b := range r.plan.Spares {
		if b.Group == next[b.Cell] && r.lacks(b.Cell, next[b.Cell], blocks) {
			round = append(round, b)
		}
	}
	return round
}

// lacks says whether a cell has fewer groups in peace than were planned, of the ones measured.
func (r *Run) lacks(cell, measured int, blocks []results.Block) bool {
	spoiled := map[int]bool{}
	for _, b := range blocks {
		if b.Cell == r.plan.Cells[cell].Name && !b.Observed && disturbed(b.System, r.plan.Limits) {
			spoiled[b.Group] = true
		}
	}
	return measured-len(spoiled) < r.plan.Groups
}

func disturbed(s results.System, limits results.Limits) bool {
	return s.Steal > limits.Steal || s.Throttled > 0
}
