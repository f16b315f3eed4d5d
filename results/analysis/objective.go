package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

// objectivesOf checks each objective in the series that it chooses; package metric says which. It is met where it
// holds in all of them, and missed where it is known not to hold in one. A number that the sample does not support, or
// that was not measured, leaves it unchecked. Counted metrics are read from counts.
func objectivesOf(m results.Manifest, series []Series, counts ...exact.Counts) []Objective {
	places := placesOf(m, series, counts)
	var all []Objective
	for _, o := range m.Objectives {
		state, detail := check(o.Text, places)
		all = append(all, Objective{Objective: o, State: state, Detail: detail})
	}
	return all
}

// check is the state of one objective, and what was measured: of each comparison, or of those that decide.
func check(text string, places []place) (ObjectiveState, string) {
	e, err := metric.ParseObjective(text)
	if err != nil {
		return Unchecked, err.Error()
	}
	details := map[ObjectiveState][]string{}
	for _, c := range e.Comparisons {
		state, detail := compareAll(c, places)
		if len(e.Comparisons) > 1 {
			detail = c.String() + ": " + detail
		}
		details[state] = append(details[state], detail)
	}
	for _, state := range []ObjectiveState{Missed, Unchecked} {
		if said := details[state]; said != nil {
			return state, strings.Join(said, "; ")
		}
	}
	return Met, strings.Join(details[Met], "; ")
}

// compareAll is one comparison in all series that it chooses, and the worst of them.
func compareAll(c metric.Comparison, places []place) (ObjectiveState, string) {
	var readings []reading
	var doubts []string
	choices, err := choose(c, places)
	if err != nil {
		return Unchecked, err.Error()
	}
	for _, chosen := range choices {
		r, err := c.Eval(chosen.look)
		if err != nil {
			doubts = append(doubts, chosen.name+": "+err.Error())
			continue
		}
		readings = append(readings, reading{r, chosen.name})
	}
	slices.SortStableFunc(readings, worstFirst)
	missed := count(readings, func(r reading) bool { return !r.Holds() })
	switch {
	case missed > 0:
		return Missed, readings[0].detail(fmt.Sprintf("missed in %s, worst", part(missed, len(choices), "series")), len(choices))
	case len(doubts) > 1:
		return Unchecked, fmt.Sprintf("%s; and %d more", doubts[0], len(doubts)-1)
	case len(doubts) > 0:
		return Unchecked, doubts[0]
	}
	return Met, readings[0].detail(fmt.Sprintf("worst of %d series", len(choices)), len(choices))
}

// reading is a comparison where it was measured.
type reading struct {
	metric.Reading
	where string
}

func worstFirst(a, b reading) int { return cmp.Compare(a.Slack(), b.Slack()) }

// detail is a reading and its place; of several readings with a word on all.
func (r reading) detail(several string, of int) string {
	text := fmt.Sprintf("%s (%s)", r, r.where)
	if of > 1 {
		text = several + ": " + text
	}
	return text
}
