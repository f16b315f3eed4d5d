package reports

import (
	"slices"

	"github.com/tlslab/tlslab/results/analysis"
)

// Remark is a numbered note that others refer to.
type Remark struct {
	Number int
	Text   string
	About  string // what it weakens
}

// Doubts lists each warning once, under the number that stands beside the effects that it weakens.
func Doubts(a *analysis.Analysis) (Section, bool) {
	var remarks []Remark
	for i, d := range doubtsOf(a.Effects) {
		remarks = append(remarks, Remark{i + 1, d, plural(weakened(a.Effects, d), "effect")})
	}
	return Section{ID: "doubts", Title: "Doubts", Items: []Item{{Remarks: remarks}}}, len(remarks) > 0
}

// doubtsOf lists the warnings of all effects, the weightiest effect's first.
func doubtsOf(effects []analysis.Effect) []string {
	var all []string
	for _, e := range weighted(effects) {
		all = append(all, e.Warnings...)
	}
	return names(all...)
}

func weakened(effects []analysis.Effect, doubt string) int {
	n := 0
	for _, e := range effects {
		if slices.Contains(e.Warnings, doubt) {
			n++
		}
	}
	return n
}
