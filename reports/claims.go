package reports

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// Claims sets what was claimed beside what was measured, in the order of the scenario.
func Claims(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "claims", Title: "Claims"}
	if len(a.Claims) == 0 {
		return s, false
	}
	s.Items = append(s.Items, Item{Text: analysis.TallyOf(a.Claims) + "."})
	s.Items = append(s.Items, Item{Page: true, Text: "A claim holds where all of the 95 % interval keeps its condition, fails where none of it " +
		"does, and is unclear between. Claims and expectations were written down before the run."})
	s.Items = append(s.Items, Item{Page: true, Table: claimTable(a)}, Item{Terminal: true, Table: claimBrief(a)})
	if why := undecidedClaims(a); len(why) > 0 {
		s.Items = append(s.Items, Item{Terminal: true, List: why})
	}
	return s, true
}

func claimTable(a *analysis.Analysis) *Table {
	t := &Table{Caption: "What was claimed, and what was measured", Columns: columns("claim", "from", "claimed", "measured", "verdict", "by how much")}
	for _, c := range a.Claims {
		name := Cell{Text: c.Asked.Claim}
		if line := c.Asked.Line; line > 0 {
			name.Note, name.Link = fmt.Sprintf("line %d", line), lineLink(a.Manifest, line)
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			name, {Text: c.Asked.From}, {Text: conditionOf(c)}, {Text: measuredText(c), Note: c.Detail}, verdictCell(c), {Text: missedBy(c)},
		}})
	}
	return t
}

// claimBrief is claimTable in few columns.
func claimBrief(a *analysis.Analysis) *Table {
	t := &Table{Caption: "What was claimed, and what was measured", Columns: columns("claim", "claimed", "measured", "verdict")}
	for _, c := range a.Claims {
		verdict := verdictCell(c)
		if by := missedBy(c); by != "" {
			verdict.Text += ", " + by
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Text: c.Asked.Claim}, {Text: conditionOf(c)}, {Text: measuredText(c)}, verdict}})
	}
	return t
}

// undecidedClaims says why claims were not measured, or cannot be.
func undecidedClaims(a *analysis.Analysis) []string {
	var all []string
	for _, c := range a.Claims {
		if c.Value == nil {
			all = append(all, c.Asked.Claim+": "+string(c.State)+": "+c.Detail)
		}
	}
	return all
}

// conditionOf is the condition as it was written, with what it is about.
func conditionOf(c analysis.Claim) string {
	if c.Asked.Ratio != nil && c.Asked.Holds != "" {
		return "ratio " + c.Asked.Holds
	}
	return c.Asked.Holds
}

// measuredText is what was measured, with its interval.
func measuredText(c analysis.Claim) string {
	switch {
	case c.Value == nil:
		return noValue
	case c.Asked.Ratio != nil && c.Low == nil:
		return countedRatio(*c.Value)
	case c.Asked.Ratio != nil:
		return ratio(&effect.Ratio{Point: *c.Value, Lo: *c.Low, Hi: *c.High})
	case c.Low == nil && c.Asked.Experiment != nil && c.Unit != "s":
		return quantity(*c.Value, c.Unit) // a count
	case c.Low == nil:
		return quantity(*c.Value, c.Unit) + " [no\u00a0interval]"
	}
	return quantity(*c.Value, c.Unit) + " " + within(c.Low, c.High, c.Unit)
}

// verdictCell marks what was decided against its expectation.
func verdictCell(c analysis.Claim) Cell {
	cell := Cell{Text: claimSymbol(c.State) + "\u00a0" + string(c.State), Tone: toneOfClaim(c)}
	decided := c.State == analysis.Holding || c.State == analysis.Failing
	switch {
	case c.Surprise:
		cell.Note = "against expectation"
	case decided && c.Asked.Expect != "":
		cell.Note = "as expected"
	case c.Asked.Expect != "":
		cell.Note = "expected: " + string(c.Asked.Expect)
	}
	return cell
}

func claimSymbol(s analysis.ClaimState) string {
	switch s {
	case analysis.Holding:
		return "●"
	case analysis.Failing:
		return "◆"
	case analysis.Unclear:
		return "○"
	}
	return "✕"
}

func toneOfClaim(c analysis.Claim) Tone {
	switch {
	case c.Surprise:
		return Bad
	case c.State == analysis.Holding:
		return Good
	case c.State == analysis.Failing:
		return Plain
	case c.State == analysis.Untestable:
		return Muted
	}
	return Doubt
}

// missedBy is how far what was measured is from what was claimed, where the claim fails and both are amounts: "off by
// 1.43x". Of a count where there should be none, the count itself says it.
func missedBy(c analysis.Claim) string {
	bound := c.Asked.Bound
	if c.State != analysis.Failing || *c.Value <= 0 || bound <= 0 || *c.Value == bound {
		return ""
	}
	return "off by " + times(max(*c.Value/bound, bound/(*c.Value)), 2)
}

// claimSentence is a claim in one sentence, for lists and for CI.
func claimSentence(c analysis.Claim) string {
	text := fmt.Sprintf("%s: %s", c.Asked.Claim, c.State)
	if c.Surprise {
		text += ", against expectation"
	}
	if c.Value != nil {
		text += ": claimed " + conditionOf(c) + ", measured " + measuredText(c)
	}
	if by := missedBy(c); by != "" {
		text += ", " + by
	}
	return text + " (" + c.Detail + ")"
}

// surprises lists the claims that were decided against their expectation.
func surprises(a *analysis.Analysis) []analysis.Claim {
	return slices.DeleteFunc(slices.Clone(a.Claims), func(c analysis.Claim) bool { return !c.Surprise })
}

// lineLink is the anchor of a line of the scenario's text; empty where there is no such line.
func lineLink(m results.Manifest, line int) string {
	if line > len(linesOf(m.Scenario.Text)) {
		return ""
	}
	return fmt.Sprintf("line-%d", line)
}
