package analysis

import (
	"fmt"
	"slices"
	"strings"
)

// oneSide is a variant in a cell.
type oneSide struct {
	*Series
	blocks []judged
}

func side(series []Series, blocks []judged, cell, variant string) oneSide {
	at := slices.IndexFunc(series, func(s Series) bool { return s.Cell == cell && s.Variant == variant })
	return oneSide{&series[at], blocksOf(blocks, cell, variant)}
}

func (s oneSide) value(metric string) Side {
	if v, ok := s.Values[metric]; ok {
		return Side{s.Variant, &v}
	}
	return Side{Variant: s.Variant}
}

// pair is a baseline and a candidate in one cell.
type pair struct {
	baseline, candidate oneSide
	groups              []group  // those that are believed
	measured            int      // groups, with those that are not
	invalid             bool     // no effect may be claimed
	warnings, omissions []string // of every effect
	level               float64  // two-sided error of the intervals
	bound               string   // why rates and latencies say nothing about the server; empty: they do
}

// group is the blocks of one group, by side.
type group struct{ baseline, candidate []judged }

// newPair compares by intervals of level, and leaves groups out as long as it keeps as many as it needs.
func newPair(baseline, candidate oneSide, level float64, need int) *pair {
	p := &pair{baseline: baseline, candidate: candidate, level: level}
	p.invalidate(refusals(baseline, candidate))
	p.invalidate(spoiled(baseline))
	p.invalidate(spoiled(candidate))
	p.form(need)
	for _, s := range []oneSide{baseline, candidate} {
		if s.ClientBound && p.bound == "" {
			p.bound = fmt.Sprintf("client-bound: with %s the generator used %s of its CPUs: this is its pace, not the server's",
				s.Variant, percent(s.GeneratorUse))
		}
	}
	return p
}

func (p *pair) invalidate(why []string) {
	p.invalid = p.invalid || len(why) > 0
	p.warnings = append(p.warnings, why...)
}

// spoiled names each guard of correctness that some block violates, and whether the variant never became steady.
func spoiled(s oneSide) []string {
	var why []string
	for _, v := range tally(s.blocks, correctness) {
		why = append(why, v.String())
	}
	if r := restless(s); r != "" {
		why = append(why, r)
	}
	return why
}

// violation is one guard in some blocks.
type violation struct {
	guard  Guard // as the first block has it
	first  *Block
	blocks int
	of     int
}

func (v violation) String() string {
	return fmt.Sprintf("%s %s in %s of %s, first in block %d: %s",
		v.guard.Name, v.guard.State, part(v.blocks, v.of, "block"), v.first.Variant, v.first.Index, v.guard.Detail)
}

// tally lists the alarms of one kind by first appearance.
func tally(blocks []judged, of kind) []violation {
	var found []violation
	for i := range blocks {
		for _, g := range blocks[i].alarms(of) {
			at := slices.IndexFunc(found, func(v violation) bool { return v.guard.Name == g.Name })
			if at < 0 {
				at = len(found)
				found = append(found, violation{guard: g, first: &blocks[i].Block, of: len(blocks)})
			}
			found[at].blocks++
		}
	}
	return found
}

// form makes the groups: without those that lack a side, and without the disturbed ones where as many remain as it
// needs.
func (p *pair) form(need int) {
	all := pairUp(p.baseline.blocks, p.candidate.blocks)
	p.measured = len(all)
	p.groups = p.leaveOut(all, group.whole)
	disturbed := len(p.groups) - len(keep(p.groups, group.quiet))
	switch {
	case len(p.groups)-disturbed >= need:
		p.groups = p.leaveOut(p.groups, group.quiet)
	case disturbed > 0:
		p.warnings = append(p.warnings, fmt.Sprintf("%s kept although disturbed, as too few are quiet: %s",
			part(disturbed, len(p.groups), "group"), noiseIn(p.groups, group.quiet)))
	}
}

// leaveOut is the groups that are good; why others are not becomes an omission.
func (p *pair) leaveOut(groups []group, good func(group) bool) []group {
	rest := keep(groups, good)
	if n := len(groups) - len(rest); n > 0 {
		p.omissions = append(p.omissions, fmt.Sprintf("%s left out: %s", part(n, len(groups), "group"), noiseIn(groups, good)))
	}
	return rest
}

func keep(groups []group, good func(group) bool) []group {
	return slices.DeleteFunc(slices.Clone(groups), func(g group) bool { return !good(g) })
}

// noiseIn says what was wrong with the groups that are not good.
func noiseIn(groups []group, good func(group) bool) string {
	var bad []judged
	for _, g := range groups {
		if !good(g) {
			bad = append(bad, slices.Concat(g.baseline, g.candidate)...)
		}
	}
	var why []string
	for _, v := range tally(bad, quiet) {
		why = append(why, fmt.Sprintf("%s %s in %s", v.guard.Name, v.guard.State, plural(v.blocks, "block")))
	}
	if len(why) == 0 {
		return "one side was not measured"
	}
	return strings.Join(why, ", ")
}

// pairUp sorts the blocks of both sides into groups, in the order of the groups.
func pairUp(baseline, candidate []judged) []group {
	groups := map[int]*group{}
	var numbers []int
	at := func(n int) *group {
		if groups[n] == nil {
			groups[n] = &group{}
			numbers = append(numbers, n)
		}
		return groups[n]
	}
	for _, j := range baseline {
		g := at(j.Group)
		g.baseline = append(g.baseline, j)
	}
	for _, j := range candidate {
		g := at(j.Group)
		g.candidate = append(g.candidate, j)
	}
	slices.Sort(numbers)
	var all []group
	for _, n := range numbers {
		all = append(all, *groups[n])
	}
	return all
}

// whole: both sides were measured.
func (g group) whole() bool { return len(g.baseline) > 0 && len(g.candidate) > 0 }

// quiet: the machine disturbed no block.
func (g group) quiet() bool {
	return !slices.ContainsFunc(slices.Concat(g.baseline, g.candidate), func(j judged) bool { return len(j.alarms(quiet)) > 0 })
}
