package lab

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/results"
)

// Same refuses to finish a run that would not be one run: other cells, other binaries, another machine.
func (r *Run) Same(draft results.Manifest) error {
	differs := func(what string) error {
		return &Unusable{fmt.Errorf("the interrupted run cannot be finished here: %s", what)}
	}
	if draft.Environment.Host != r.Manifest.Environment.Host {
		return differs("it ran on another machine")
	}
	if draft.ToolSum != r.Manifest.ToolSum {
		return differs("the tool, which is also the load generator, is another binary now")
	}
	if draft.Blocks != r.Manifest.Blocks || len(draft.Cells) != len(r.Manifest.Cells) || len(draft.Variants) != len(r.Manifest.Variants) {
		return differs("its scenario means other blocks now")
	}
	for i, v := range draft.Variants {
		if now := r.Manifest.Variants[i]; now.Name != v.Name || now.SBOM.SHA256 != v.SBOM.SHA256 {
			return differs("the server of " + v.Name + " is another binary now")
		}
	}
	if was, now := draft.Observer, r.Manifest.Observer; was != nil && now != nil && (was.Tier != now.Tier || !slices.Equal(was.Layers, now.Layers)) {
		return differs(fmt.Sprintf("its observer was of the %s tier, and is of the %s tier now; run it with the same rights", was.Tier, now.Tier))
	}
	r.Manifest.Started = draft.Started
	return nil
}

// Whole keeps the blocks of complete groups and discards the rest: the blocks of a group belong next to each other
// in time.
func (r *Run) Whole(w *results.Writer, blocks []results.Block) ([]results.Block, error) {
	type group struct {
		cell   string
		number int
	}
	want, got := map[group]int{}, map[group]int{}
	for _, b := range slices.Concat(r.plan.Blocks, r.plan.Spares) {
		want[group{r.plan.Cells[b.Cell].Name, b.Group}]++
	}
	for _, b := range blocks {
		got[group{b.Cell, b.Group}]++
	}
	var whole []results.Block
	for _, b := range blocks {
		g := group{b.Cell, b.Group}
		if got[g] == want[g] {
			whole = append(whole, b)
			continue
		}
		if err := w.Discard(b.Index); err != nil {
			return nil, err
		}
	}
	return whole, nil
}
