package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// The exit codes that a judgement can have; 3 > 1 > 5 > 4 > 6 > 0, but for an exact gate that has failed: a count that is
// worse is so whatever else went wrong.
const (
	exitFine         = 0
	exitRegression   = 1
	exitInvalid      = 3
	exitInconclusive = 4
	exitMissed       = 5
	exitUnlike       = 6
)

func summarize(a *Analysis, blocks []judged) Summary {
	s := Summary{Counts: map[effect.Verdict]int{}, Trust: doubts(a, blocks), Findings: findings(a.Effects)}
	for i, c := range a.surprises() {
		s.Findings = slices.Insert(s.Findings, i, c.told())
	}
	for _, c := range a.Scorecard {
		s.Findings = append(s.Findings, c.told())
	}
	for _, e := range a.Effects {
		s.Counts[e.Verdict]++
	}
	why := a.invalidity(blocks)
	s.Exit = exitOf(a, why)
	s.Sentence = sentence(a)
	if why != "" && s.Exit == exitInvalid {
		s.Sentence = "invalid: " + why
	}
	return s
}

func exitOf(a *Analysis, invalid string) int {
	switch {
	case slices.ContainsFunc(a.Effects, func(e Effect) bool { return e.Failed && e.Exact }):
		return exitRegression
	case invalid != "":
		return exitInvalid
	case slices.ContainsFunc(a.Effects, func(e Effect) bool { return e.Failed }):
		return exitRegression
	case len(a.missed()) > 0, len(a.surprises()) > 0:
		return exitMissed
	case slices.ContainsFunc(a.Effects, func(e Effect) bool { return e.decides() && !e.Excused && e.Verdict == effect.Inconclusive }):
		return exitInconclusive
	case slices.ContainsFunc(a.Effects, func(e Effect) bool { return e.decides() && e.Unlike }):
		return exitUnlike
	}
	return exitFine
}

// invalidity says why nothing may be concluded from the run; empty: something may.
func (a *Analysis) invalidity(blocks []judged) string {
	effects := a.Effects
	if gate := a.unjudged(); gate != "" {
		return gate
	}
	for _, v := range tally(blocks, correctness) {
		return fmt.Sprintf("%s violated in %s, first in block %d (%s, %s): %s", v.guard.Name,
			part(v.blocks, v.of, "block"), v.first.Index, v.first.Variant, v.first.Cell, v.guard.Detail)
	}
	valid := 0
	for _, e := range effects {
		if e.Verdict != effect.Invalid {
			valid++
		} else if e.decides() && !e.Unlike {
			return fmt.Sprintf("the gate on %s of %s in %s rests on nothing: %s", e.Metric, e.Candidate.Variant, e.Cell, e.doubts())
		}
	}
	if len(effects) > 0 && valid == 0 {
		return fmt.Sprintf("none of %s may be made: %s", plural(len(effects), "comparison"), effects[0].doubts())
	}
	return ""
}

// unjudged says which deciding gate met no comparison at all, as where its candidate cannot run here: what nobody
// looked at has not passed. A gate on time is not asked where an exact one has failed.
func (a *Analysis) unjudged() string {
	if slices.ContainsFunc(a.Effects, func(e Effect) bool { return e.Failed && e.Exact }) {
		return ""
	}
	for _, g := range a.Manifest.Gates {
		if g.Advisory || a.meets(g) {
			continue
		}
		why := "no cell compares what it names"
		if skips := a.Manifest.Skips; len(skips) > 0 {
			why = fmt.Sprintf("%s skipped: %s", cmp.Or(skips[0].Variant, skips[0].Cell), skips[0].Reason)
		}
		return fmt.Sprintf("the gate on %s of %s was never judged: %s", g.Metric, cmp.Or(g.Candidate, "every candidate"), why)
	}
	return ""
}

// meets says whether a gate has a comparison to judge.
func (a *Analysis) meets(g results.Gate) bool {
	return slices.ContainsFunc(a.Effects, func(e Effect) bool {
		return e.Metric == g.Metric && (g.Candidate == "" || g.Candidate == e.Candidate.Variant)
	})
}

// missed are the objectives that were not met. One that could not be checked was not met either.
func (a *Analysis) missed() []Objective {
	return slices.DeleteFunc(slices.Clone(a.Objectives), func(o Objective) bool { return o.State == Met })
}

// doubts are all that was said against an effect.
func (e *Effect) doubts() string { return strings.Join(slices.Concat(e.Omissions, e.Warnings), "; ") }

// sentence is the largest finding: a regression before all, then a missed objective, then a claim against expectation;
// where nothing is gated, what became of the claims, then of certificates that move, then server CPU before other
// metrics. Of several regressions the one whose family is decided first.
func sentence(a *Analysis) string {
	failed := notable(a.Effects, func(e Effect) bool { return e.Failed })
	slices.SortStableFunc(failed, byFamily)
	missed, surprises := a.missed(), a.surprises()
	switch {
	case len(failed) > 0:
		return failed[0].finding()
	case len(missed) > 0:
		return fmt.Sprintf("objective %s: %s: %s", missed[0].State, missed[0].Text, missed[0].Detail)
	case a.Gating == nil && len(a.Claims) > 0:
		return TallyOf(a.Claims)
	case len(surprises) > 0:
		return surprises[0].told()
	case a.Gating == nil && len(a.Scorecard) > 0:
		return flawless(a.Scorecard)
	case a.Gating == nil && slices.ContainsFunc(a.Reloads, timely):
		return adoptions(a.Reloads)
	case len(a.Series) == 0 && len(a.Experiments) > 0:
		return plural(len(a.Experiments), "experiment") + ", no claim about " + agree(len(a.Experiments), "it", "them")
	case len(a.Effects) == 0:
		return fmt.Sprintf("nothing was compared: %d series of blocks measured", len(a.Series))
	}
	for _, of := range []func(Effect) bool{
		isServerCPU,
		func(e Effect) bool { return !e.explains() },
	} {
		if found := notable(a.Effects, of); len(found) > 0 {
			return found[0].finding()
		}
	}
	telling := slices.DeleteFunc(slices.Clone(a.Effects), func(e Effect) bool { return e.explains() })
	return undecided(telling) + nothingFound(telling)
}

// undecided names the first gate that could not be decided.
func undecided(effects []Effect) string {
	for _, e := range effects {
		if e.decides() && e.Verdict == effect.Inconclusive {
			return fmt.Sprintf("undecided: the gate on %s of %s in %s; ", e.Metric, e.Candidate.Variant, e.Cell)
		}
	}
	return ""
}

func nothingFound(effects []Effect) string {
	count := map[effect.Verdict]int{}
	for _, e := range effects {
		count[e.Verdict]++
	}
	same, open := count[effect.Same], count[effect.Inconclusive]
	switch {
	case same == 0:
		return "nothing decided: " + plural(open, "comparison") + " inconclusive"
	case open == 0:
		return "no difference beyond the margins in " + plural(same, "comparison")
	}
	return fmt.Sprintf("no difference found: %s the same, %d undecided", plural(same, "comparison"), open)
}

func isServerCPU(e Effect) bool { return e.Metric == "server_cpu" }

// notable effects are better or worse, the largest first.
func notable(effects []Effect, of func(Effect) bool) []Effect {
	var found []Effect
	for _, e := range effects {
		if of(e) && (e.Verdict == effect.Better || e.Verdict == effect.Worse) {
			found = append(found, e)
		}
	}
	slices.SortStableFunc(found, bySize)
	return found
}

func (e *Effect) finding() string {
	what := fmt.Sprintf("has %sx the %s of %s", times(e.Ratio.Point), e.Title, e.Baseline.Variant)
	if isServerCPU(*e) {
		what = fmt.Sprintf("costs %sx the server CPU of %s per handshake", times(e.Ratio.Point), e.Baseline.Variant)
	}
	text := fmt.Sprintf("%s %s in %s [%s, %s], margin %s", e.Candidate.Variant, what, e.Cell,
		times(e.Ratio.Lo), times(e.Ratio.Hi), percent(e.Margin))
	if e.Exact {
		text = fmt.Sprintf("%s has %.4fx the %s of %s in %s, margin %s", e.Candidate.Variant, e.Ratio.Point, e.Title,
			e.Baseline.Variant, e.Cell, percent(e.Margin))
	}
	if e.Failed {
		text = "regression: " + text
	}
	return text + e.where()
}

// where names the package that most of a difference in instructions is in.
func (e *Effect) where() string {
	if len(e.Packages) == 0 {
		return ""
	}
	p := e.Packages[0]
	return fmt.Sprintf("; most of it in %s, %+.0f a handshake", cmp.Or(p.Name, "code without a package"), p.Candidate-p.Baseline)
}

// findings: every server CPU that differs, then how the other comparisons ended.
func findings(effects []Effect) []string {
	var all []string
	for _, e := range notable(effects, func(e Effect) bool { return isServerCPU(e) || e.Failed }) {
		all = append(all, e.finding())
	}
	count := map[effect.Verdict]int{}
	others := 0
	for _, e := range effects {
		if !isServerCPU(e) && !e.Failed {
			count[e.Verdict]++
			others++
		}
	}
	if others == 0 {
		return all
	}
	var parts []string
	for _, v := range []effect.Verdict{effect.Worse, effect.Better, effect.Same, effect.Inconclusive, effect.Invalid} {
		if count[v] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", count[v], v))
		}
	}
	return append(all, fmt.Sprintf("%s in other metrics: %s", plural(others, "comparison"), strings.Join(parts, ", ")))
}

// doubts are what weakens the whole run.
func doubts(a *Analysis, blocks []judged) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if n, need := fewestGroups(a.Effects), effect.MinGroups(alpha); n >= 0 && n < need {
		add("%s in some comparison, an interval at 95 %% takes %d", plural(n, "group"), need)
	}
	for _, n := range a.Null {
		if n.Ratio == nil {
			add("the null control on %s could not fire: %s", n.Metric, plural(n.Pairs, "pair"))
		}
	}
	for _, of := range []kind{correctness, quiet, restlessness} {
		for _, v := range tally(blocks, of) {
			add("%s %s in %s", v.guard.Name, v.guard.State, part(v.blocks, v.of, "block"))
		}
	}
	if n := count(a.Series, func(s Series) bool { return s.ClientBound }); n > 0 {
		add("client-bound in %s: rates and latencies there say nothing about the server", part(n, len(a.Series), "series"))
	}
	for _, d := range placement {
		if n := count(blocks, func(j judged) bool { return d.seen(j.raw.System) }); n > 0 {
			add("%s in %s", d.what, part(n, len(blocks), "block"))
		}
	}
	return slices.Concat(all, unknowns(blocks), idleGates(a), codeDoubts(a), distrustedSigners(a))
}

// unknowns names the guards that could not be read, with the reason of the first block. A block that the machine
// disturbed has been told of.
func unknowns(blocks []judged) []string {
	var all []string
	for i, g := range guards {
		unknown := slices.DeleteFunc(slices.Clone(blocks), func(j judged) bool {
			return j.Guards[i].State != Unknown || len(j.alarms(quiet)) > 0
		})
		if len(unknown) > 0 {
			all = append(all, fmt.Sprintf("%s unknown in %s: %s", g.name, part(len(unknown), len(blocks), "block"), unknown[0].Guards[i].Detail))
		}
	}
	return all
}

// Doubts about where server and generator ran.
var placement = []struct {
	what string
	seen func(results.System) bool
}{
	{"server not pinned", func(s results.System) bool { return len(s.ServerCPUs) == 0 }},
	{"generator not pinned", func(s results.System) bool { return len(s.ClientCPUs) == 0 }},
	{"server and generator share CPUs", func(s results.System) bool {
		return slices.ContainsFunc(s.ServerCPUs, func(cpu int) bool { return slices.Contains(s.ClientCPUs, cpu) })
	}},
}

// idleGates names the gates that no comparison answers to.
func idleGates(a *Analysis) []string {
	var idle []string
	for _, g := range a.Manifest.Gates {
		if !a.meets(g) {
			idle = append(idle, fmt.Sprintf("the gate on %s of %s met no comparison", g.Metric, cmp.Or(g.Candidate, "every candidate")))
		}
	}
	return idle
}

func fewestGroups(effects []Effect) int {
	fewest := -1
	for _, e := range effects {
		if !e.Exact && (fewest < 0 || e.Groups < fewest) {
			fewest = e.Groups
		}
	}
	return fewest
}

func count[T any](all []T, of func(T) bool) (n int) {
	for _, x := range all {
		if of(x) {
			n++
		}
	}
	return n
}
