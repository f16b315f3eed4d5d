package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// The exit codes that a judgement can have; 3 > 1 > 4 > 0.
const (
	exitFine         = 0
	exitRegression   = 1
	exitInvalid      = 3
	exitInconclusive = 4
)

func summarize(a *Analysis, blocks []judged) Summary {
	s := Summary{Counts: map[effect.Verdict]int{}, Trust: doubts(a, blocks), Findings: findings(a.Effects)}
	for _, e := range a.Effects {
		s.Counts[e.Verdict]++
	}
	why := invalidity(a.Effects, blocks)
	s.Exit = exitOf(a.Effects, why)
	s.Sentence = sentence(a)
	if why != "" {
		s.Sentence = "invalid: " + why
	}
	return s
}

func exitOf(effects []Effect, invalid string) int {
	switch {
	case invalid != "":
		return exitInvalid
	case slices.ContainsFunc(effects, func(e Effect) bool { return e.Failed }):
		return exitRegression
	case slices.ContainsFunc(effects, func(e Effect) bool { return e.decides() && e.Verdict == effect.Inconclusive }):
		return exitInconclusive
	}
	return exitFine
}

// invalidity says why nothing may be concluded from the run; empty: something may.
func invalidity(effects []Effect, blocks []judged) string {
	for _, v := range tally(blocks, correctness) {
		return fmt.Sprintf("%s violated in %d of %d blocks, first in block %d (%s, %s): %s",
			v.guard.Name, v.blocks, v.of, v.first.Index, v.first.Variant, v.first.Cell, v.guard.Detail)
	}
	valid := 0
	for _, e := range effects {
		if e.Verdict != effect.Invalid {
			valid++
		} else if e.decides() {
			return fmt.Sprintf("the gate on %s of %s in %s rests on nothing: %s", e.Metric, e.Candidate.Variant, e.Cell, strings.Join(e.Warnings, "; "))
		}
	}
	if len(effects) > 0 && valid == 0 {
		return fmt.Sprintf("none of %d comparisons may be made: %s", len(effects), strings.Join(effects[0].Warnings, "; "))
	}
	return ""
}

// sentence is the largest finding: a regression before all, server CPU before other metrics.
func sentence(a *Analysis) string {
	if len(a.Effects) == 0 {
		return fmt.Sprintf("nothing was compared: %d series of blocks measured", len(a.Series))
	}
	for _, of := range []func(Effect) bool{
		func(e Effect) bool { return e.Failed },
		isServerCPU,
		func(Effect) bool { return true },
	} {
		if found := notable(a.Effects, of); len(found) > 0 {
			return found[0].finding()
		}
	}
	return nothingFound(a.Effects)
}

func nothingFound(effects []Effect) string {
	count := map[effect.Verdict]int{}
	for _, e := range effects {
		count[e.Verdict]++
	}
	text := fmt.Sprintf("no difference beyond the margins in %d comparisons", len(effects)-count[effect.Invalid])
	if n := count[effect.Inconclusive]; n > 0 {
		text += fmt.Sprintf(", %d of them inconclusive", n)
	}
	return text
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
	if e.Failed {
		text = "regression: " + text
	}
	return text
}

// findings: every server CPU that differs, then how the other comparisons ended.
func findings(effects []Effect) []string {
	var all []string
	for _, e := range notable(effects, isServerCPU) {
		all = append(all, e.finding())
	}
	count := map[effect.Verdict]int{}
	others := 0
	for _, e := range effects {
		if !isServerCPU(e) {
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
	return append(all, fmt.Sprintf("%d comparisons in other metrics: %s", others, strings.Join(parts, ", ")))
}

// doubts are what weakens the whole run.
func doubts(a *Analysis, blocks []judged) []string {
	var all []string
	add := func(format string, args ...any) { all = append(all, fmt.Sprintf(format, args...)) }
	if n, need := fewestGroups(a.Effects), effect.MinGroups(alpha); len(a.Effects) > 0 && n < need {
		add("%d groups in some comparison, an interval at 95 %% takes %d", n, need)
	}
	for _, of := range []kind{correctness, steadiness, quiet} {
		for _, v := range tally(blocks, of) {
			add("%s %s in %d of %d blocks", v.guard.Name, v.guard.State, v.blocks, v.of)
		}
	}
	if n := count(a.Series, func(s Series) bool { return s.ClientBound }); n > 0 {
		add("client-bound in %d of %d series: rates and latencies there say nothing about the server", n, len(a.Series))
	}
	for _, d := range placement {
		if n := count(blocks, func(j judged) bool { return d.seen(j.raw.System) }); n > 0 {
			add("%s in %d of %d blocks", d.what, n, len(blocks))
		}
	}
	for i, g := range guards {
		if n := count(blocks, func(j judged) bool { return j.Guards[i].State == Unknown }); n > 0 {
			add("%s unknown in %d of %d blocks", g.name, n, len(blocks))
		}
	}
	return append(all, idleGates(a)...)
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
		if !slices.ContainsFunc(a.Effects, func(e Effect) bool {
			return e.Metric == g.Metric && (g.Candidate == "" || g.Candidate == e.Candidate.Variant)
		}) {
			idle = append(idle, fmt.Sprintf("the gate on %s of %s met no comparison", g.Metric, cmp.Or(g.Candidate, "every candidate")))
		}
	}
	return idle
}

func fewestGroups(effects []Effect) int {
	fewest := -1
	for _, e := range effects {
		if fewest < 0 || e.Groups < fewest {
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
