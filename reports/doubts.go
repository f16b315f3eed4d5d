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
	Page   bool   // about effects that only the page shows
}

// Doubts lists each warning once, under the number that stands beside the effects that it weakens; then why groups
// were left out.
func Doubts(a *analysis.Analysis) (Section, bool) {
	var remarks []Remark
	for i, d := range doubtsOf(a.Effects) {
		r := Remark{Number: i + 1, Text: d, Page: true}
		n, where := 0, []string{}
		for _, e := range a.Effects {
			warned := slices.Contains(e.Warnings, d)
			if warned || slices.Contains(e.Omissions, d) {
				n, where = n+1, append(where, e.Cell)
			}
			r.Page = r.Page && !(warned && foremost(e))
		}
		r.About = plural(n, "effect") + " in " + oneOrMany(names(where...), "cell")
		remarks = append(remarks, r)
	}
	return Section{ID: "doubts", Title: "Doubts", Items: []Item{{Remarks: remarks}}}, len(remarks) > 0
}

// oneOrMany is the only name, or how many there are.
func oneOrMany(all []string, thing string) string {
	if len(all) == 1 {
		return all[0]
	}
	return plural(len(all), thing)
}

// doubtsOf lists the warnings of all effects, the weightiest effect's first, then their omissions.
func doubtsOf(effects []analysis.Effect) []string {
	var warnings, omissions []string
	for _, e := range weighted(effects) {
		warnings = append(warnings, e.Warnings...)
		omissions = append(omissions, e.Omissions...)
	}
	return names(slices.Concat(warnings, omissions)...)
}
