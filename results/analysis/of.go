package analysis

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/profile"
)

// Of judges a bundle. The error says what of the bundle contradicts itself: a block of an unknown cell or variant,
// histograms of different layouts, a member that is no CPU profile or that of another block than it says. A bad
// measurement is no error but an invalid analysis. A bundle put together by hand has no members, so no profiles.
func Of(b *results.Bundle) (*Analysis, error) {
	blocks, err := judgeBlocks(b)
	if err != nil {
		return nil, err
	}
	if err := readProfiles(b, blocks); err != nil {
		return nil, err
	}
	a := &Analysis{Manifest: b.Manifest, Gaps: gapsOf(b)}
	for _, j := range blocks {
		a.Blocks = append(a.Blocks, j.Block)
	}
	measured, observed := split(blocks)
	if a.Series, err = seriesOf(b.Manifest, measured); err != nil {
		return nil, err
	}
	a.Codes = codesOf(b.Manifest, a.Series)
	a.Reloads = reloadsOf(b.Manifest, measured)
	if err := a.readBeside(b); err != nil {
		return nil, err
	}
	if err := a.compare(b.Manifest, blocks, measured); err != nil {
		return nil, err
	}
	a.Objectives = objectivesOf(b.Manifest, a.Series, a.Exact...)
	a.Claims = a.claimsOf(measured)
	if err := a.explain(b, measured, observed); err != nil {
		return nil, err
	}
	a.Summary = summarize(a, measured)
	return a, nil
}

// readBeside reads what was found out beside the blocks: counts, the times of single operations, scorecards,
// experiments.
func (a *Analysis) readBeside(b *results.Bundle) (err error) {
	if a.Exact, err = b.Exact(); err != nil {
		return err
	}
	timed, err := b.Primitives()
	if err != nil {
		return err
	}
	a.Primitives = PrimitivesOf(b.Manifest, timed)
	cards, err := b.Scorecard()
	if err != nil {
		return err
	}
	a.Scorecard = ScorecardOf(cards)
	made, err := b.Experiments()
	if made != nil {
		a.Experiments = made.Results
	}
	return err
}

// compare compares whatever the bundle holds of the variants: timed, counted, and the baseline with itself.
func (a *Analysis) compare(m results.Manifest, blocks, measured []judged) error {
	timed := comparisonsOf(m, measured, a.Series)
	correct(timed, m.Looks)
	a.Null = controlsOf(m, inRole(blocks, results.Null), timed)
	distrust(timed, a.Null)
	if err := confirm(m, timed, inRole(blocks, results.Confirming)); err != nil {
		return err
	}
	for _, c := range slices.Concat(countedOf(m, a.Exact), timed) {
		c.conclude(m)
		a.Effects = append(a.Effects, c.Effect)
	}
	a.Gating = gatingOf(m, a.Effects, measured, nominal(m.Looks, alpha))
	return nil
}

// split keeps what is measured apart from what is explained. Blocks of another role are neither.
func split(blocks []judged) (measured, observed []judged) {
	for _, j := range inRole(blocks, results.Measuring) {
		if j.Observed {
			observed = append(observed, j)
		} else {
			measured = append(measured, j)
		}
	}
	return measured, observed
}

func inRole(blocks []judged, role results.Role) []judged {
	return slices.DeleteFunc(slices.Clone(blocks), func(j judged) bool { return j.Role != role })
}

// judged is a block beside what it was made of.
type judged struct {
	Block
	raw   *results.Block
	cell  *results.Cell
	asked handshake.Spec // of this variant
	time  *profile.Time  // nil: no profile
}

func judgeBlocks(b *results.Bundle) ([]judged, error) {
	var all []judged
	for i := range b.Blocks {
		raw := &b.Blocks[i]
		at := slices.IndexFunc(b.Manifest.Cells, func(c results.Cell) bool { return c.Name == raw.Cell })
		if at < 0 {
			return nil, fmt.Errorf("block %d: unknown cell %q", raw.Index, raw.Cell)
		}
		cell := &b.Manifest.Cells[at]
		null := raw.Role == results.Null && raw.Variant == b.Manifest.Null
		if !null && !slices.Contains(cell.Variants, raw.Variant) {
			return nil, fmt.Errorf("block %d: cell %q has no variant %q", raw.Index, raw.Cell, raw.Variant)
		}
		all = append(all, judgeBlock(subject{raw, cell, b.Manifest.Limits, variantOf(b.Manifest, raw.Variant)}))
	}
	slices.SortStableFunc(all, func(x, y judged) int { return x.Index - y.Index })
	return all, nil
}

// variantOf finds a variant by name; one that the manifest has not is like any other.
func variantOf(m results.Manifest, name string) results.Variant {
	at := slices.IndexFunc(m.Variants, func(v results.Variant) bool { return v.Name == name })
	if at < 0 {
		return results.Variant{Name: name}
	}
	return m.Variants[at]
}

func judgeBlock(s subject) judged {
	said, raw := guardsOf(s), s.Block
	return judged{raw: raw, cell: s.cell, asked: s.asked(), Block: Block{
		Cell: raw.Cell, Variant: raw.Variant,
		Index: raw.Index, Group: raw.Group, Order: raw.Order, Observed: raw.Observed, Role: raw.Role,
		Started: raw.Started,
		Values:  valuesOf(raw),
		Client:  raw.Client.Ledger,
		Server:  raw.Server.Ledger,
		Guards:  said,
		Valid:   !slices.ContainsFunc(said, func(g Guard) bool { return g.State == Violated }),
	}}
}

// The gaps of the manifest and of the blocks, each once, in the order in which they first appear.
func gapsOf(b *results.Bundle) []results.Gap {
	var gaps []results.Gap
	add := func(more []results.Gap) {
		for _, g := range more {
			if !slices.Contains(gaps, g) {
				gaps = append(gaps, g)
			}
		}
	}
	add(b.Manifest.Gaps)
	for i := range b.Blocks {
		add(b.Blocks[i].Gaps)
	}
	return gaps
}

// The blocks of one variant in one cell.
func blocksOf(all []judged, cell, variant string) []judged {
	var some []judged
	for _, j := range all {
		if j.Block.Cell == cell && j.Variant == variant {
			some = append(some, j)
		}
	}
	return some
}
