package analysis

import (
	"cmp"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/results"
)

// expectedOf is the regression that the scenario accepts of a candidate's metric in a cell; nil: none. It has expired
// where the run started after its last day, in UTC. Of several, one that has not expired is found before one that has.
func expectedOf(m results.Manifest, cell results.Cell, metric, candidate string) (found *results.Expected, expired bool) {
	for i := range m.Expected {
		e := &m.Expected[i]
		if e.Metric != metric || e.Candidate != "" && e.Candidate != candidate || !within(e.Cell, dimensionsOf(cell)) {
			continue
		}
		if !over(e.Until, m.Started) {
			return e, false
		}
		if found == nil {
			found, expired = e, true
		}
	}
	return found, expired
}

// over says that a moment is after a day. What is no day is over.
func over(until string, now time.Time) bool {
	day, err := time.Parse(time.DateOnly, until)
	return err != nil || !now.Before(day.AddDate(0, 0, 1))
}

// within says that all of some dimensions are as wanted. A cell without such a dimension is not within.
func within(want, dimensions map[string]string) bool {
	for name, value := range want {
		if got, ok := dimensions[name]; !ok || got != value {
			return false
		}
	}
	return true
}

// dimensionsOf is a cell in the words of a scenario, by dimension.
func dimensionsOf(c results.Cell) map[string]string {
	suite := "any"
	if c.Spec.Suite != 0 {
		suite = c.Spec.Suite.String()
	}
	return map[string]string{
		"kind": c.Spec.Kind.String(), "group": c.Spec.Group.String(), "signature": c.Spec.Signature.String(),
		"mutual": fmt.Sprint(c.Spec.Mutual), "alpn": cmp.Or(c.Spec.ALPN, "none"), "suite": suite,
		"load": c.Load.Name, "cell": c.Name,
	}
}
