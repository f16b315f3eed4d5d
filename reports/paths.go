package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/results/analysis"
)

// leastSighting is the share of a primitive's time below which code beside the first is not named.
const leastSighting = 0.05

// Paths says which code each primitive should run and which code the CPU profiles show, what was refused, what the CPU
// has and no code uses, and what single operations cost.
func Paths(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "paths", Title: "Code of the primitives", Short: "Paths"}
	if len(a.Codes) > 0 {
		s.Items = append(s.Items, pathItems(a, joinCodes(a))...)
	}
	s.Items = append(s.Items, timedItems(a.Primitives)...)
	return s, len(s.Items) > 0
}

func pathItems(a *analysis.Analysis, joined []joinedCode) []Item {
	items := []Item{
		{Page: true, Text: "Expected: the code that Go's sources, the build, its environment and the CPU's features lead to. " +
			"Seen: the function with the most time among those of the primitive in the servers' CPU profiles, and the share of all CPU time that they have together. " +
			"Where several primitives run a function, it counts for those that it is expected of."},
		{Table: codeTable(joined)},
	}
	for _, j := range joined {
		if j.Agreement == analysis.Disagrees {
			items = append(items, Item{Doubt: fmt.Sprintf("%s of %s: not the %s code that was expected: %s", j.Primitive, j.variants(), j.Expected, j.Detail)})
		}
	}
	if slices.ContainsFunc(joined, func(j joinedCode) bool { return j.Agreement == analysis.Blind }) {
		items = append(items, Item{Text: "Without a CPU profile nobody sees which code runs. To take one: instruments: {pprof: true}."})
	}
	items = append(items, Item{Page: true, Fold: "Why, and what the code uses", Table: whyTable(joined)})
	if refused := refusals(joined); len(refused) > 0 {
		items = append(items, Item{Text: "Refused:"}, Item{List: refused})
	}
	if unused := unusedFeatures(a); len(unused) > 0 {
		items = append(items, Item{Text: "Detected, but unused:"}, Item{List: unused})
	}
	return items
}

// joinedCode is the code of one primitive, for all variants and cells of which the same can be said.
type joinedCode struct {
	analysis.Code // of the first of them
	series        []sightedSeries
	unseen        []analysis.Code
	others        []string // variants that run other code
}

// sightedSeries is what was seen of a primitive in one series.
type sightedSeries struct {
	variant string
	seen    []analysis.Sighting
	share   float64 // of the series' CPU time
}

// joinCodes joins what agrees, primitive by primitive in their order.
func joinCodes(a *analysis.Analysis) []joinedCode {
	var all []joinedCode
	for _, c := range a.Codes {
		c.Agreement, c.Detail = agreementOf(a.Codes, c)
		at := slices.IndexFunc(all, func(j joinedCode) bool { return j.joins(c) })
		if at < 0 {
			at, all = len(all), append(all, joinedCode{Code: c})
		}
		all[at].join(a, c)
	}
	for i := range all {
		all[i].others = slices.DeleteFunc(variantsUsing(a.Codes, all[i].Primitive), func(v string) bool { return slices.Contains(all[i].names(), v) })
	}
	order := primitivesOf(a.Codes)
	slices.SortStableFunc(all, func(x, y joinedCode) int {
		return cmp.Compare(slices.Index(order, x.Primitive), slices.Index(order, y.Primitive))
	})
	return all
}

// joins says whether the same can be said of a code. That a variant's code was not seen does not set it apart.
func (j joinedCode) joins(c analysis.Code) bool {
	same := j.Primitive == c.Primitive && j.Code.Code == c.Code && j.Why == c.Why
	hidden := func(a analysis.Agreement) bool { return a == analysis.Unseen || a == analysis.Agrees }
	return same && (j.Agreement == c.Agreement || hidden(j.Agreement) && hidden(c.Agreement))
}

// join adds what was seen in a series, but for functions that other primitives run.
func (j *joinedCode) join(a *analysis.Analysis, c analysis.Code) {
	own := slices.DeleteFunc(slices.Clone(c.Seen), func(s analysis.Sighting) bool { return s.Shared })
	j.series = append(j.series, sightedSeries{c.Variant, own, shareSeen(a, c, own...)})
	switch {
	case c.Agreement == analysis.Unseen:
		j.unseen = append(j.unseen, c)
	case j.Agreement == analysis.Unseen:
		j.Agreement, j.Detail = c.Agreement, c.Detail
	}
}

// agreementOf is a code's agreement. Where the variant's code was seen in one cell, it does not matter that nothing was
// seen in another.
func agreementOf(codes []analysis.Code, c analysis.Code) (analysis.Agreement, string) {
	if c.Agreement == analysis.Unseen {
		for _, other := range codes {
			if other.Variant == c.Variant && other.Primitive == c.Primitive && other.Agreement == analysis.Agrees {
				return analysis.Agrees, ""
			}
		}
	}
	return c.Agreement, c.Detail
}

// shareSeen is the share of its series' CPU time that some sightings of a code have together.
func shareSeen(a *analysis.Analysis, c analysis.Code, all ...analysis.Sighting) float64 {
	at := slices.IndexFunc(a.Series, func(s analysis.Series) bool { return s.Cell == c.Cell && s.Variant == c.Variant })
	if at < 0 || a.Series[at].CPU == nil {
		return 0
	}
	share := 0.0
	for _, seen := range all {
		share += ratioTo(seen.CPU.Seconds(), a.Series[at].CPU.Sampled.Seconds())
	}
	return share
}

func primitivesOf(codes []analysis.Code) []accel.Primitive {
	var all []accel.Primitive
	for _, c := range codes {
		if !slices.Contains(all, c.Primitive) {
			all = append(all, c.Primitive)
		}
	}
	return all
}

func variantsUsing(codes []analysis.Code, p accel.Primitive) []string {
	var all []string
	for _, c := range codes {
		if c.Primitive == p {
			all = append(all, c.Variant)
		}
	}
	return names(all...)
}

func (j joinedCode) names() []string {
	var all []string
	for _, s := range j.series {
		all = append(all, s.variant)
	}
	return all
}

// variants names those that run the code, in as few words as it takes.
func (j joinedCode) variants() string {
	once := names(j.names()...)
	switch {
	case len(once) > 1 && len(j.others) == 0:
		return "all"
	case len(once) > 2 && len(j.others) < len(once):
		return "all but " + strings.Join(j.others, ", ")
	}
	return strings.Join(once, ", ")
}

func codeTable(joined []joinedCode) *Table {
	t := &Table{Caption: "Code expected and code seen", Columns: columns("primitive", "variants", "expected", "seen", "agreement")}
	for _, j := range joined {
		row := append(cells(string(j.Primitive), j.variants()), Cell{Text: j.Code.Code, Note: string(j.Expected)})
		t.Rows = append(t.Rows, Row{Cells: append(row, j.seenCell(), j.agreementCell())})
	}
	return t
}

// seenCell names what was seen, the most time first, with its share of all CPU time from series to series.
func (j joinedCode) seenCell() Cell {
	if j.Agreement == analysis.Blind {
		return Cell{Text: "nobody looked", Tone: Muted}
	}
	var kinds []analysis.Sighting
	low, high := 1.0, 0.0
	for _, s := range j.series {
		for _, seen := range s.seen {
			kinds = addSighting(kinds, seen)
		}
		if len(s.seen) > 0 {
			low, high = min(low, s.share), max(high, s.share)
		}
	}
	if len(kinds) == 0 {
		return Cell{Text: "nothing", Tone: Muted}
	}
	slices.SortStableFunc(kinds, func(x, y analysis.Sighting) int { return cmp.Compare(y.CPU, x.CPU) })
	whole := 0.0
	for _, k := range kinds {
		whole += k.CPU.Seconds()
	}
	var said []string
	for i, k := range kinds {
		if i == 0 || k.CPU.Seconds() >= leastSighting*whole {
			said = append(said, shortFunction(k.Function))
		}
	}
	return Cell{Text: strings.Join(said, ", "), Note: shareRange(low, high)}
}

// addSighting adds up sightings of a kind; the function is that of the first.
func addSighting(kinds []analysis.Sighting, more analysis.Sighting) []analysis.Sighting {
	at := slices.IndexFunc(kinds, func(s analysis.Sighting) bool { return s.Kind == more.Kind })
	if at < 0 {
		return append(kinds, more)
	}
	kinds[at].CPU += more.CPU
	return kinds
}

// shortFunction is a function's name without the folders of its package.
func shortFunction(name string) string {
	name = generic(name)
	return strings.TrimPrefix(name[strings.LastIndexByte(name, '/')+1:], "_goboringcrypto_")
}

// shareRange is a range of shares on one line.
func shareRange(low, high float64) string {
	text := percent(high)
	if percent(low) != text {
		text = strings.TrimSuffix(percent(low), " %") + " to " + text
	}
	return strings.ReplaceAll(text, " ", "\u00a0")
}

func (j joinedCode) agreementCell() Cell {
	c := Cell{Text: string(j.Agreement)}
	switch j.Agreement {
	case analysis.Agrees:
		c.Note = j.Detail
		if len(j.unseen) > 0 {
			c.Note = "not seen in " + strings.Join(variantsOf(j.unseen), ", ")
		}
	case analysis.Disagrees:
		c.Tone = Doubt
	case analysis.Unseen:
		c.Tone, c.Note = Muted, "too few samples"
		if len(j.unseen) == 1 {
			c.Note = j.Detail
		}
	case analysis.Blind:
		c.Tone = Muted
	}
	return c
}

func whyTable(joined []joinedCode) *Table {
	t := &Table{Caption: "Why this code is expected", Columns: columns("primitive", "variants", "expected", "why", "uses")}
	for _, j := range joined {
		t.Rows = append(t.Rows, Row{Cells: cells(string(j.Primitive), j.variants(), j.Code.Code, j.Why, orNone(strings.Join(j.Uses, ", ")))})
	}
	return t
}

// refusals lists each faster code that could not run once, with its reason and all that it was refused to.
func refusals(joined []joinedCode) []string {
	type refusal struct {
		accel.Refusal
		variants string
	}
	to := map[refusal][]string{} // primitives
	var order []refusal
	for _, j := range joined {
		for _, r := range j.Refused {
			of := refusal{r, j.variants()}
			if to[of] == nil {
				order = append(order, of)
			}
			to[of] = append(to[of], string(j.Primitive))
		}
	}
	var said []string
	for _, r := range order {
		said = append(said, fmt.Sprintf("%s: %s (%s of %s)", r.Code, r.Because, strings.Join(names(to[r]...), ", "), r.variants))
	}
	return said
}
