package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

// Alarm stands before everything else where a check of the self-audit failed: what the explanations say may be wrong.
func Alarm(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "alarm", Title: "The self-audit failed: do not trust the explanations", Short: "Audit failed"}
	for _, e := range a.Explanations {
		for _, c := range e.Audit {
			if c.State == attribution.Failed {
				s.Items = append(s.Items, Item{Doubt: place(e) + ": " + c.Name + ": " + c.Detail})
			}
		}
	}
	for _, r := range a.Plants {
		if !found(r) {
			s.Items = append(s.Items, Item{Doubt: fmt.Sprintf("planted as %s: %s came back as that, %s as %v; 90 to 110 %%, and at most 5 %%, wanted",
				plantedAs(r), part(r.P50), part(r.Leak50), r.Leaks50)})
		}
	}
	return s, len(s.Items) > 0
}

// found says whether the observer found what was planted, in the middle. A tail of some dozen plants is shown, and not
// judged: it is one handshake.
func found(r attribution.Recovery) bool {
	return r.Matched > 0 && r.P50 >= 0.9 && r.P50 <= 1.1 && math.Abs(r.Leak50) <= 0.05
}

// auditTrust says on the first screen, too, that a check failed.
func auditTrust(a *analysis.Analysis) []string {
	if lost := len(slices.DeleteFunc(slices.Clone(a.Plants), found)); lost > 0 {
		return []string{fmt.Sprintf("the self-audit failed: %s not found as what they were", plural(lost, "kind of planted delays"))}
	}
	n := 0
	for _, e := range a.Explanations {
		if slices.ContainsFunc(e.Audit, func(c attribution.Check) bool { return c.State == attribution.Failed }) {
			n++
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the self-audit failed in %d of %s", n, plural(len(a.Explanations), "explanation"))}
}

// Audit says why the explanations may be believed: the same quantities by another witness, what the probes cost, how
// much of what was planted came back, and what could not be observed.
func Audit(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "audit", Title: "Self-audit"}
	if len(a.Explanations) == 0 {
		return s, false
	}
	s.Items = append(s.Items, Item{Text: auditSentence(a)}, Item{Page: true, Table: tierTable(a)})
	if t := checkTable(a, "Checks that did not pass", attribution.Failed, attribution.Disturbed, attribution.Unknown); t != nil {
		s.Items = append(s.Items, Item{Table: t})
	}
	if t := checkTable(a, "Checks that passed", attribution.Passed); t != nil {
		s.Items = append(s.Items, Item{Page: true, Fold: plural(len(t.Rows), "check") + " that passed", Table: t})
	}
	if len(a.Observer) > 0 {
		s.Items = append(s.Items, Item{Table: observerTable(a.Observer)})
	}
	if len(a.Plants) > 0 {
		s.Items = append(s.Items, Item{Table: plantTable(a.Plants)})
	}
	s.Items = append(s.Items, probeItems(a)...)
	if t := gapTable(a); t != nil {
		s.Items = append(s.Items, Item{Table: t})
	}
	return s, true
}

// auditSentence counts the checks and names the tiers.
func auditSentence(a *analysis.Analysis) string {
	n := map[string]int{}
	var tiers []string
	all := 0
	for _, e := range a.Explanations {
		tiers = append(tiers, string(e.Tier))
		for _, c := range e.Audit {
			n[c.State]++
			all++
		}
	}
	return fmt.Sprintf("%s: %d passed, %d failed, %d disturbed, %d unknown; %s tier.", plural(all, "check"), n[attribution.Passed],
		n[attribution.Failed], n[attribution.Disturbed], n[attribution.Unknown],
		strings.Join(names(tiers...), " and "))
}

func tierTable(a *analysis.Analysis) *Table {
	t := &Table{Caption: "What the explanations rest on"}
	t.Columns = numeric(columns("explanation", "tier", "blocks", "handshakes", "failed", "observed", "windows", "residual p99", "Little's ratio"), 2)
	for _, e := range a.Explanations {
		little := noValue
		if e.Little > 0 {
			little = digits(e.Little, 4)
		}
		t.Rows = append(t.Rows, Row{Cells: cells(place(e), string(e.Tier), fmt.Sprint(e.Blocks), count(uint64(e.Handshakes)), count(uint64(e.Failed)),
			took(e.Length), fmt.Sprintf("%d of %s", len(e.Windows), took(e.Grid)), fine(e.Identity.Residual.P99), little)})
	}
	return t
}

// checkTable lists the checks in some states, in that order; nil where there is none.
func checkTable(a *analysis.Analysis, caption string, states ...string) *Table {
	t := &Table{Caption: caption, Columns: columns("check", "state", "seen", "explanation")}
	for _, state := range states {
		for _, e := range a.Explanations {
			for _, c := range e.Audit {
				if c.State == state {
					t.Rows = append(t.Rows, Row{Cells: []Cell{{Text: c.Name}, checkCell(state), {Text: c.Detail}, {Text: place(e)}}})
				}
			}
		}
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

func checkCell(state string) Cell {
	tones := map[string]Tone{attribution.Passed: Good, attribution.Failed: Bad, attribution.Disturbed: Doubt, attribution.Unknown: Doubt}
	return Cell{Text: state, Tone: tones[state]}
}

func observerTable(all []analysis.ObserverEffect) *Table {
	t := &Table{Caption: "What observing costs: server CPU per handshake, observed / unobserved", Columns: columns("layers", "variant", "ratio [interval]", "groups")}
	t.Columns = numeric(t.Columns, 2)
	for _, o := range all {
		t.Rows = append(t.Rows, Row{Cells: cells(o.Layers, orAll(o.Variant), ratio(&o.Ratio), fmt.Sprint(o.Pairs))})
	}
	return t
}

// plantTable has the recovery of each planted component; limits of what is wanted stand in its head.
func plantTable(all []attribution.Recovery) *Table {
	t := &Table{Caption: "Planted delays and burns: how much came back as what it was (wanted: 90 to 110 %, at most 5 % elsewhere)"}
	t.Columns = numeric(columns("planted as", "planted", "matched", "recovered p50", "recovered p99", "elsewhere p50", "elsewhere p99"), 1)
	for _, r := range all {
		t.Rows = append(t.Rows, Row{Cells: []Cell{
			{Text: plantedAs(r)}, {Text: count(uint64(r.Planted))}, {Text: count(uint64(r.Matched))},
			recovered(r.P50), recovered(r.P99), leaked(r.Leak50, r.Leaks50), leaked(r.Leak99, r.Leaks99),
		}})
	}
	return t
}

func recovered(share float64) Cell {
	c := Cell{Text: part(share)}
	if !(share >= 0.9 && share <= 1.1) {
		c.Tone, c.Note = Doubt, "outside"
	}
	return c
}

func leaked(share float64, as account.Class) Cell {
	c := Cell{Text: part(share), Note: as.String()}
	if !(math.Abs(share) <= 0.05) { // what another class lost is as wrong
		c.Tone, c.Note = Doubt, as.String()+", too much"
	}
	return c
}

// probeItems is a folded table of the probes of each explanation.
func probeItems(a *analysis.Analysis) []Item {
	var items []Item
	for _, e := range a.Explanations {
		if len(e.Probes) > 0 {
			items = append(items, Item{Page: true, Fold: plural(len(e.Probes), "probe") + " and their prices, " + place(e), Table: probeTable(e)})
		}
	}
	return items
}

func probeTable(e analysis.Explanation) *Table {
	t := &Table{Caption: "Probes, " + place(e), Columns: columns("probe", "site", "how", "hits", "price of a hit", "per handshake")}
	t.Columns = numeric(t.Columns, 3)
	for _, p := range slices.SortedStableFunc(slices.Values(e.Probes), func(x, y account.Probe) int { return cmp.Compare(spentOn(y), spentOn(x)) }) {
		price, each := noValue, noValue
		if p.Price > 0 {
			price, each = took(p.Price), plain(ratioTo(spentOn(p).Seconds(), float64(e.Handshakes)))
		}
		t.Rows = append(t.Rows, Row{Cells: []Cell{{Text: p.Name}, {Text: p.Site}, howCell(p), {Text: count(p.Hits)}, {Text: price}, {Text: each}}})
	}
	return t
}

func spentOn(p account.Probe) time.Duration { return time.Duration(p.Hits) * p.Price }

// howCell says what the kernel does at a probe's site.
func howCell(p account.Probe) Cell {
	switch {
	case strings.HasPrefix(p.Site, "tp"):
		return Cell{Text: "tracepoint"}
	case p.Cheap:
		return Cell{Text: "emulated"}
	}
	return Cell{Text: "single-stepped", Tone: Doubt}
}

// gapTable lists what could not be observed, each once; nil where nothing is missing.
func gapTable(a *analysis.Analysis) *Table {
	t := &Table{Caption: "What could not be observed", Columns: columns("what", "reason", "how to close it", "explanation")}
	where := map[account.Gap][]string{}
	var gaps []account.Gap
	for _, e := range a.Explanations {
		for _, g := range e.Gaps {
			if where[g] == nil {
				gaps = append(gaps, g)
			}
			where[g] = append(where[g], place(e))
		}
	}
	for _, g := range gaps {
		in := names(where[g]...)
		about := oneOrMany(in, "explanation")
		if len(in) == len(a.Explanations) && len(in) > 1 {
			about = "all"
		}
		t.Rows = append(t.Rows, Row{Cells: cells(g.What, g.Reason, g.Hint, about)})
	}
	if len(gaps) == 0 {
		return nil
	}
	return t
}

// plantedAs names what was planted, and what the observer sees it as where that is something else.
func plantedAs(r attribution.Recovery) string {
	if r.Sought == r.Component {
		return r.Component.String()
	}
	return fmt.Sprintf("%v (seen as %v)", r.Component, r.Sought)
}
