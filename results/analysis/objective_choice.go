package analysis

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

// place is a series, by dimension, and what was counted there.
type place struct {
	*Series
	dimensions map[string]string
	counts     *exact.Counts // nil: nothing
}

func (p place) String() string { return p.Variant + " in " + p.Cell }

func placesOf(m results.Manifest, series []Series, counts []exact.Counts) []place {
	var all []place
	for i := range series {
		s := &series[i]
		at := slices.IndexFunc(m.Cells, func(c results.Cell) bool { return c.Name == s.Cell })
		if at < 0 {
			continue
		}
		dimensions := dimensionsOf(m.Cells[at])
		dimensions["variant"] = s.Variant
		all = append(all, place{s, dimensions, countsOf(counts, s.Cell, s.Variant)})
	}
	return all
}

// choice is the series in which each term of a comparison is read, by the term's selector.
type choice struct {
	name string
	by   map[string]place
}

func (c choice) look(t metric.Term) (float64, error) { return c.by[t.Selector()].read(t) }

// choose is each series that the first term chooses, with each that goes with it for a term of another selector. The
// error says that there is none, or none to go with one.
func choose(c metric.Comparison, places []place) ([]choice, error) {
	terms := c.Terms()
	first := terms[0]
	chosen := chosenBy(first, places)
	if len(chosen) == 0 {
		return nil, fmt.Errorf("%s chooses no series", first)
	}
	at := slices.IndexFunc(terms, func(t metric.Term) bool { return t.Selector() != first.Selector() })
	if at >= 0 {
		return pairs(first, terms[at], chosen, chosenBy(terms[at], places))
	}
	var all []choice
	for _, p := range chosen {
		all = append(all, choice{p.String(), map[string]place{first.Selector(): p}})
	}
	return all, nil
}

func chosenBy(t metric.Term, places []place) []place {
	return slices.DeleteFunc(slices.Clone(places), func(p place) bool { return !t.Chooses(p.dimensions) })
}

// pairs is each series that a term chooses with each that goes with it for another term.
func pairs(t, u metric.Term, ofT, ofU []place) ([]choice, error) {
	var all []choice
	common := shared(t, u)
	for _, p := range ofT {
		before := len(all)
		for _, q := range ofU {
			if p.together(q, common) {
				all = append(all, choice{p.String() + ", " + q.String(), map[string]place{t.Selector(): p, u.Selector(): q}})
			}
		}
		if len(all) == before {
			return nil, fmt.Errorf("%s chooses no series to go with %s", u, p)
		}
	}
	return all, nil
}

// shared is the dimensions that two terms do not treat differently. Terms that name different cells share none of a
// cell's.
func shared(t, u metric.Term) (all []string) {
	cells := t.On("cell") != u.On("cell")
	for _, d := range metric.Dimensions() {
		if t.On(d) == u.On(d) && d != "cell" && (d == "variant" || !cells) {
			all = append(all, d)
		}
	}
	return all
}

// together says that two series are equal in some dimensions.
func (p place) together(q place, dimensions []string) bool {
	return !slices.ContainsFunc(dimensions, func(d string) bool { return p.dimensions[d] != q.dimensions[d] })
}
