package scenarios

import (
	"math/rand/v2"
	"slices"

	"github.com/tlslab/tlslab/results"
)

// againStream keeps the order of a confirmation apart from that of the run that it confirms.
const againStream = 0x616761696e // "again"

// Again lays out the blocks that confirm what failed: for each cell named, as many groups of its baseline and the
// named candidates, in an order of their own. Groups and indices go on after those of the plan; after says how many
// blocks there are already.
func (p *Plan) Again(failed map[string][]string, groups, after int) []Block {
	q := *p
	q.Observe = Observe{}
	q.Cells = slices.Clone(p.Cells)
	var cells []int
	for i, c := range p.Cells {
		if candidates := failed[c.Name]; len(candidates) > 0 {
			q.Cells[i].Variants = slices.Concat(c.Variants[:1], candidates)
			cells = append(cells, i)
		}
	}
	random := rand.New(rand.NewPCG(p.Seed, againStream))
	first := p.lastGroup() + 1
	var blocks []Block
	for group := range groups {
		for _, i := range random.Perm(len(cells)) {
			blocks = append(blocks, q.group(random, cells[i], first+group, after+len(blocks))...)
		}
	}
	for i := range blocks {
		blocks[i].Role = results.Confirming
	}
	return blocks
}

func (p *Plan) lastGroup() int {
	last := 0
	for _, b := range slices.Concat(p.Blocks, p.Spares) {
		last = max(last, b.Group)
	}
	return last
}
