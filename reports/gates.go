package reports

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/metric"
)

// Gates lists every gate in the order in which they are decided, exact, CPU, rate, latency, with the interval at the
// gate's own level; then what speaks for or against each CPU regression.
func Gates(a *analysis.Analysis) (Section, bool) {
	gates := gatesOf(a)
	s := Section{ID: "gates", Title: "Gates"}
	if len(gates) == 0 {
		return s, false
	}
	s.Items = append(s.Items, Item{Text: gateTally(gates)})
	if a.Gating != nil {
		s.Items = append(s.Items, Item{List: gatingSentences(*a.Gating)})
	}
	s.Items = append(s.Items, Item{Page: true, Text: "A gate fails where the whole interval is beyond its margin. The level is " +
		"the two-sided error of the gate's own test. What it finds is the smallest slowdown that it would have found with 80 % probability."})
	s.Items = append(s.Items, Item{Table: gateTable(gates, doubtsOf(a.Effects))})
	if list := corroborations(a, gates); len(list) > 0 {
		s.Items = append(s.Items, Item{List: list})
	}
	return s, true
}

// gateTally counts the gates by how they came out: "1 failed, 7 passed."
func gateTally(gates []analysis.Effect) string {
	var parts []string
	for _, s := range standings() {
		n := 0
		for _, e := range gates {
			if standingOf(e) == s {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, count(uint64(n))+" "+string(s))
		}
	}
	return strings.Join(parts, ", ") + "."
}

// gatingSentences say at which groups and levels the gates were judged, and how often that blocks a change which costs
// nothing.
func gatingSentences(g analysis.Gating) []string {
	var all []string
	switch {
	case len(g.Looks) > 1:
		all = append(all, fmt.Sprintf("Judged after %s groups per cell, %d of %d looks taken; each look is at a level of %s, so "+
			"that all of them together keep to 5 %%.", joinedNumbers(g.Looks), g.Taken, len(g.Looks), chance(g.Level)))
	case len(g.Looks) == 1:
		all = append(all, fmt.Sprintf("Judged once, after %s per cell, at a level of %s.", plural(g.Looks[0], "group"), chance(g.Level)))
	default:
		all = append(all, fmt.Sprintf("Judged once, at the end, at a level of %s.", chance(g.Level)))
	}
	if shared := sharing(g.Families); shared != "" {
		all = append(all, "Gates of a family share that level, by Holm's method: "+shared+".")
	}
	return append(all, falseBlocks(g))
}

// sharing counts the gates of each family whose tests depend on chance.
func sharing(families []analysis.FamilyOfGates) string {
	var text []string
	for _, f := range families {
		if f.Family != metric.Exact {
			text = append(text, fmt.Sprintf("%d %s", f.Gates, f.Family))
		}
	}
	return strings.Join(text, ", ")
}

// falseBlocks is how often the gates of such a run fail a change that costs nothing.
func falseBlocks(g analysis.Gating) string {
	const innocent = "A change that costs nothing fails some gate of such a run"
	switch {
	case g.Once == 0:
		return "What is counted does not depend on chance: a change that costs nothing fails no gate."
	case g.Confirmed == g.Once:
		return fmt.Sprintf("%s in at most %s of all runs; failed gates are not measured again.", innocent, chance(g.Once))
	}
	return fmt.Sprintf("%s in at most %s of all runs; in at most %s after it was measured again.", innocent, chance(g.Once), chance(g.Confirmed))
}

func joinedNumbers(numbers []int) string {
	var text []string
	for _, n := range numbers {
		text = append(text, strconv.Itoa(n))
	}
	last := len(text) - 1
	return strings.Join(text[:last], ", ") + " and " + text[last]
}

// chance writes a probability with two significant digits: 0.000625 is "0.063 %".
func chance(p float64) string {
	return strings.TrimSuffix(digits(100*p, 2), ".0") + " %"
}

func gateTable(gates []analysis.Effect, doubts []string) *Table {
	t := &Table{
		Caption: "Gates in the order in which they are decided",
		Columns: columns("gate", "verdict", "ratio [interval]", "test", "outcome"),
	}
	for _, e := range gates {
		interval := strings.Replace(ratioText(e, judgedRatio(e)), "\u00a0[", " [", 1) // may go to the next line
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			{Text: e.Metric + ", " + e.Candidate.Variant + " / " + e.Baseline.Variant + ", " + e.Cell},
			{Text: symbol(e.Verdict) + "\u00a0" + string(e.Verdict), Tone: toneOf(e.Verdict)},
			{Text: interval + references(numbers(doubts, e.Warnings))},
			{Text: testText(e)},
			{Text: strings.ReplaceAll(standingText(e), "\u00a0", " "), Tone: toneOfStanding(standingOf(e))},
		}})
	}
	return t
}

func toneOfStanding(s standing) Tone {
	switch s {
	case gateFailed:
		return Bad
	case gatePassed:
		return Plain
	}
	return Doubt
}

// testText says how a gate is judged: "margin 2 %, level 1.1 %, 20 groups, finds 4.1 %".
func testText(e analysis.Effect) string {
	text := "margin " + percent(e.Margin)
	if e.Exact {
		return text + ", exact"
	}
	j := judgedOf(e)
	if j.Level > 0 {
		text += ", level " + chance(j.Level)
	}
	if e.Groups < e.Measured {
		text += fmt.Sprintf(", %d of %s", e.Groups, plural(e.Measured, "group"))
	} else if e.Groups > 0 {
		text += ", " + plural(e.Groups, "group")
	}
	if j.Detectable > 0 {
		text += ", finds " + percent(j.Detectable)
	}
	return text
}

// corroborations say of each CPU time that is worse under a gate what was counted beside it, and of each count where
// the difference is.
func corroborations(a *analysis.Analysis, gates []analysis.Effect) []string {
	var all []string
	for _, e := range gates {
		if w := where(a, e); w != "" {
			all = append(all, fmt.Sprintf("%s in %s: %s", gateName(e), e.Cell, w))
		}
	}
	return all
}
