package reports

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// standing is how the gate on an effect came out; what weighs most comes first.
type standing string

const (
	gateFailed      standing = "failed"        // worse: it decides the exit code
	gateRefused     standing = "invalid"       // no claim may be made
	gateUnconfirmed standing = "not confirmed" // worse once, but not when measured again
	gateUndecided   standing = "inconclusive"
	gateExpected    standing = "expected" // worse, as somebody has accepted
	gateAdvised     standing = "advisory" // worse, under a gate that only advises
	gatePassed      standing = "passed"
)

func standings() []standing {
	return []standing{gateFailed, gateRefused, gateUnconfirmed, gateUndecided, gateExpected, gateAdvised, gatePassed}
}

// standingOf is how the gate on an effect came out.
func standingOf(e analysis.Effect) standing {
	j := judgedOf(e)
	switch {
	case e.Failed:
		return gateFailed
	case e.Verdict == effect.Invalid:
		return gateRefused
	case e.Verdict == effect.Inconclusive && j.Confirmation != nil:
		return gateUnconfirmed
	case e.Verdict == effect.Inconclusive:
		return gateUndecided
	case e.Verdict == effect.Worse && e.Advisory:
		return gateAdvised
	case e.Verdict == effect.Worse:
		return gateExpected
	}
	return gatePassed
}

// judgedOf is how a gate was judged, empty where nobody says.
func judgedOf(e analysis.Effect) analysis.Judged {
	if e.Judged == nil {
		return analysis.Judged{}
	}
	return *e.Judged
}

// gatesOf lists the gated effects in the order in which they are decided: exact, CPU, rate, latency.
func gatesOf(a *analysis.Analysis) []analysis.Effect {
	gates := slices.DeleteFunc(slices.Clone(a.Effects), func(e analysis.Effect) bool { return !e.Gated })
	slices.SortStableFunc(gates, func(x, y analysis.Effect) int { return cmp.Compare(precedence(x), precedence(y)) })
	return gates
}

func precedence(e analysis.Effect) int {
	return slices.Index([]metric.Family{metric.Exact, metric.CPU, metric.Rate, metric.Latency}, familyOf(e))
}

func familyOf(e analysis.Effect) metric.Family {
	m, _ := metric.ByName(e.Metric)
	return m.Family
}

// worstGates lists the gated effects, those that matter most first: by standing, then by how far the interval lies
// beyond the margin.
func worstGates(a *analysis.Analysis) []analysis.Effect {
	gates := gatesOf(a)
	rank := func(e analysis.Effect) int { return slices.Index(standings(), standingOf(e)) }
	slices.SortStableFunc(gates, func(x, y analysis.Effect) int {
		return cmp.Or(cmp.Compare(rank(x), rank(y)), cmp.Compare(beyond(y), beyond(x)))
	})
	return gates
}

// beyond is how far an interval lies on the bad side of its margin, on the logarithmic axis; negative where it
// reaches across.
func beyond(e analysis.Effect) float64 {
	r := judgedRatio(e)
	if !bounded(r) {
		return math.Inf(-1)
	}
	near := math.Log(r.Lo)
	if e.Higher {
		near = -math.Log(r.Hi)
	}
	return near - math.Log1p(e.Margin)
}

// judgedRatio is the ratio with the interval that a gate was judged by: none where there are too few groups for the
// gate's level.
func judgedRatio(e analysis.Effect) *effect.Ratio {
	switch j := judgedOf(e); {
	case j.Ratio != nil:
		return j.Ratio
	case j.Level > 0 && known(e.Ratio):
		return &effect.Ratio{Point: e.Ratio.Point, Hi: math.Inf(1)}
	}
	return e.Ratio
}

// ratioText writes a ratio with its interval; what was counted has none.
func ratioText(e analysis.Effect, r *effect.Ratio) string {
	if e.Exact && known(r) {
		return countedRatio(r.Point)
	}
	return ratio(r)
}

// standingText says how a gate came out and why, in a few words.
func standingText(e analysis.Effect) string {
	j := judgedOf(e)
	switch s := standingOf(e); s {
	case gateFailed:
		if j.Expected != nil {
			return "gate failed, expected only until " + j.Expected.Until + confirmationText(e)
		}
		return "gate failed" + confirmationText(e)
	case gateUnconfirmed:
		return string(s) + confirmationText(e)
	case gateExpected:
		if j.Expected != nil {
			return "expected until " + j.Expected.Until + ": " + j.Expected.Because
		}
		return string(s)
	case gateAdvised:
		return "advisory gate: decides nothing"
	case gateRefused:
		return "no claim"
	case gateUndecided:
		return "undecided"
	}
	return "passed"
}

// confirmationText is what a second run said of a gate that failed.
func confirmationText(e analysis.Effect) string {
	switch c := judgedOf(e).Confirmation; {
	case c != nil && c.Ratio == nil:
		return fmt.Sprintf(", measured again: no ratio from %s", plural(c.Groups, "group"))
	case c != nil:
		return fmt.Sprintf(", measured again: %s %s in %s", ratio(c.Ratio), c.Verdict, plural(c.Groups, "group"))
	case e.Exact:
		return ""
	}
	return ", not measured again"
}

// gateName is the short name of a gated comparison: "server_cpu of branch".
func gateName(e analysis.Effect) string { return e.Metric + " of " + e.Candidate.Variant }

// gateSentence says in one sentence what was found under a gate, with estimate and interval.
func gateSentence(a *analysis.Analysis, e analysis.Effect) string {
	text := fmt.Sprintf("%s: %s has no ratio to the %s of %s", e.Verdict, e.Candidate.Variant, e.Title, e.Baseline.Variant)
	if r := judgedRatio(e); known(r) {
		text = fmt.Sprintf("%s: %s has %s the %s of %s", e.Verdict, e.Candidate.Variant, ratioText(e, r), e.Title, e.Baseline.Variant)
	}
	text += fmt.Sprintf(" in %s, margin %s: %s", e.Cell, percent(e.Margin), standingText(e))
	if e.Verdict == effect.Invalid || e.Verdict == effect.Inconclusive {
		for _, w := range e.Warnings {
			text += "; " + w
		}
		return text
	}
	if w := where(a, e); w != "" {
		text += "; " + w
	}
	return text
}

// where says what a regression is to be looked for in: the packages of a count, what was counted beside a timing.
func where(a *analysis.Analysis, e analysis.Effect) string {
	switch {
	case e.Verdict != effect.Worse:
		return ""
	case len(e.Packages) > 0:
		return "most of it in " + packageNames(e.Packages)
	case familyOf(e) == metric.CPU:
		return corroboration(a, e)
	}
	return ""
}

// packagesNamed is how many packages a sentence names.
const packagesNamed = 3

// packageNames names the packages that differ most, with the difference per handshake.
func packageNames(all []analysis.Package) string {
	var text []string
	for _, p := range all[:min(len(all), packagesNamed)] {
		text = append(text, fmt.Sprintf("%s (%s)", packageName(p.Name), difference(p)))
	}
	if more := len(all) - packagesNamed; more > 0 {
		text = append(text, fmt.Sprintf("%d more", more))
	}
	return strings.Join(text, ", ")
}

func packageName(name string) string { return cmp.Or(name, "code without a package") }

func difference(p analysis.Package) string {
	d := p.Candidate - p.Baseline
	if d < 0 {
		return figure(d)
	}
	return "+" + figure(d)
}

// corroboration says what was counted beside a CPU time that is worse, in the same cell. More work shows in some
// count; where none is worse, the code does the same work, only slower.
func corroboration(a *analysis.Analysis, e analysis.Effect) string {
	var agree []string
	counted := false
	for _, x := range a.Effects {
		if x.Cell != e.Cell || x.Candidate.Variant != e.Candidate.Variant || familyOf(x) != metric.Exact {
			continue
		}
		counted = counted || strings.HasPrefix(x.Metric, "instructions.") && x.Verdict != effect.Invalid
		if x.Verdict == effect.Worse {
			agree = append(agree, agreeing(x))
		}
	}
	const alone = "timing only: layout, frequency or memory"
	switch {
	case len(agree) > 0:
		return "worse too: " + strings.Join(agree, "; ")
	case !counted:
		return alone + " (instructions were not counted)"
	}
	return alone
}

func agreeing(e analysis.Effect) string {
	if len(e.Packages) == 0 {
		return e.Metric
	}
	return e.Metric + ", most in " + packageNames(e.Packages)
}
