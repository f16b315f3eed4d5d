package reports

import (
	"fmt"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// Verdict is the first screen: the sentence, how many effects have which verdict, the findings, and what weakens
// the whole run.
func Verdict(a *analysis.Analysis) (Section, bool) {
	o := &Opening{
		Facts:    facts(a.Manifest),
		Exit:     a.Summary.Exit,
		Sentence: a.Summary.Sentence,
		Findings: slices.DeleteFunc(slices.Clone(a.Summary.Findings), func(f string) bool { return f == a.Summary.Sentence }),
		Trust:    slices.Concat(a.Summary.Trust, auditTrust(a)),
	}
	o.Outcome, o.Tone = outcome(a)
	for _, v := range verdicts() {
		o.Counts = append(o.Counts, Count{v, a.Summary.Counts[v]})
	}
	return Section{ID: "verdict", Title: "Verdict", Items: []Item{{Opening: o}}}, true
}

func facts(m results.Manifest) []string {
	var f []string
	variants := len(m.Variants)
	if m.Null != "" {
		variants-- // the null control is the baseline
	}
	for _, of := range []struct {
		n     int
		thing string
	}{{variants, "variant"}, {len(m.Cells), "cell"}, {m.Blocks, "block"}} {
		if of.n > 0 {
			f = append(f, plural(of.n, of.thing))
		}
	}
	if m.Turn > 0 {
		f = append(f, "in turns of "+m.Turn.String())
	}
	if m.Seed != 0 {
		f = append(f, fmt.Sprintf("seed %d", m.Seed))
	}
	if !m.Started.IsZero() {
		f = append(f, moment(m.Started))
	}
	if !m.Finished.IsZero() {
		f = append(f, "took "+m.Finished.Sub(m.Started).Round(time.Second).String())
	}
	return f
}

func moment(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// outcome is the exit code in words.
func outcome(a *analysis.Analysis) (string, Tone) {
	switch a.Summary.Exit {
	case 0:
		if len(a.Manifest.Gates) > 0 {
			return "no gate failed", Good
		}
		return "measured, no gate set", Plain
	case 1:
		return "a gated metric is worse", Bad
	case 3:
		return "invalid measurement", Doubt
	case 4:
		return "inconclusive", Doubt
	case 5:
		if len(objectivesNotMet(a)) == 0 && len(surprises(a)) > 0 {
			return "a claim came out against its expectation", Bad
		}
		return "an objective was not met", Bad
	case 6:
		return "nothing comparable", Doubt
	}
	return fmt.Sprintf("exit code %d", a.Summary.Exit), Doubt
}
