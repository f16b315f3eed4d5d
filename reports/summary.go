package reports

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

const (
	summaryBytes = 60_000 // a pull request's comment may have 65,536
	summaryRows  = 10
	summaryText  = 300 // runes of one text: names are those of strangers
)

// WriteSummary writes summary.md, the comment on a pull request: the verdict, the gates that matter most, what
// objectives and null control say, all effects folded away, and how to repeat it. It stays below 60,000 bytes and says
// how many rows that leaves out. Where nothing differs it is one line.
func (d *Document) WriteSummary(w io.Writer) error {
	text := uneventful(d.analysis)
	if !quiet(d.analysis) {
		text = summaryOf(d.analysis)
	}
	if _, err := io.WriteString(w, text); err != nil {
		return fmt.Errorf("write summary: %w", err)
	}
	return nil
}

// quiet says that there is nothing to tell: the exit code is 0, every gate is the same, every objective met. Where
// there is no gate, no effect may be better or worse.
func quiet(a *analysis.Analysis) bool {
	effects := gatesOf(a)
	if len(effects) == 0 {
		effects = a.Effects
	}
	for _, e := range effects {
		if e.Verdict == effect.Worse || e.Verdict == effect.Better || e.Gated && standingOf(e) != gatePassed {
			return false
		}
	}
	return a.Summary.Exit == 0 && len(objectivesNotMet(a)) == 0 && !nullFired(a)
}

// uneventful is the only line of a quiet run.
func uneventful(a *analysis.Analysis) string {
	outcome, _ := outcome(a)
	parts := []string{outcome}
	if n := len(gatesOf(a)); n > 0 {
		parts = append(parts, all(n, "comparison")+" under gates the same")
	}
	if n := len(a.Objectives); n > 0 {
		parts = append(parts, all(n, "objective")+" met")
	}
	if len(a.Claims) > 0 {
		parts = append(parts, analysis.TallyOf(a.Claims))
	}
	return told("tlslab, "+a.Manifest.Scenario.Name) + ": " + strings.Join(parts, ", ") + ".\n"
}

// told is a stranger's text in a summary: not too long, and standing for itself.
func told(s string) string {
	if r := []rune(s); len(r) > summaryText {
		s = string(r[:summaryText-1]) + "…"
	}
	return escaped(s)
}

// sheet is text that has room for so many bytes. What must be said of what found no room is written all the same, into
// what is kept back for it.
type sheet struct {
	strings.Builder
	room int
}

const keptBack = 1000

// add appends text if there is room for it.
func (s *sheet) add(format string, args ...any) bool {
	text := fmt.Sprintf(format, args...)
	if s.Len()+len(text) > s.room {
		return false
	}
	s.WriteString(text)
	return true
}

// rows appends lines as long as there is room, and says how many it leaves out.
func (s *sheet) rows(n int, line func(i int) string) {
	for i := range n {
		if !s.add("%s", line(i)) {
			fmt.Fprintf(s, "\n%s left out: the report has them.\n", plural(n-i, "row"))
			return
		}
	}
}

func summaryOf(a *analysis.Analysis) string {
	end := summaryEnd(a.Manifest)
	s := &sheet{room: summaryBytes - len(end) - keptBack}
	outcome, _ := outcome(a)
	s.add("## %s\n\n%s (exit code %d)", told(a.Summary.Sentence), outcome, a.Summary.Exit)
	shown := worstGates(a)
	if len(shown) > 0 {
		s.add("; gates: %s\n", strings.TrimSuffix(gateTally(shown), "."))
	} else {
		shown = weighted(a.Effects)
		s.add("\n")
	}
	s.effects(a, shown[:min(len(shown), summaryRows)])
	if more := len(shown) - summaryRows; more > 0 {
		s.add("\n%d more below.\n", more)
	}
	s.objectives(a)
	s.claims(a)
	if len(a.Null) > 0 {
		s.add("\nNull control: %s\n", told(nullSentence(a)))
	}
	s.add("\n%s\n", told(surroundings(a.Manifest)))
	s.fold(a)
	return s.String() + end
}

// effects appends a table.
func (s *sheet) effects(a *analysis.Analysis, effects []analysis.Effect) {
	const head = "\n| verdict | cell | metric | baseline → candidate | ratio [interval] | margin | outcome |\n" +
		"| --- | --- | --- | --- | --- | ---: | --- |\n"
	if len(effects) == 0 || !s.add(head) {
		return
	}
	s.rows(len(effects), func(i int) string { return effectLine(a, effects[i]) })
}

func effectLine(a *analysis.Analysis, e analysis.Effect) string {
	line := ""
	for _, cell := range []string{
		symbol(e.Verdict) + " " + string(e.Verdict), e.Cell, e.Metric,
		fmt.Sprintf("%s %s → %s %s", e.Baseline.Variant, value(e.Baseline.Value, e.Unit), e.Candidate.Variant, value(e.Candidate.Value, e.Unit)),
		ratioText(e, judgedRatio(e)), percent(e.Margin), remark(a, e),
	} {
		line += "| " + told(cell) + " "
	}
	return line + "|\n"
}

// remark is what a summary says of an effect besides its numbers.
func remark(a *analysis.Analysis, e analysis.Effect) string {
	if !e.Gated {
		return "no gate"
	}
	text := standingText(e)
	if w := where(a, e); w != "" {
		text += "; " + w
	}
	if s := standingOf(e); (s == gateRefused || s == gateUndecided) && len(e.Warnings) > 0 {
		text += ": " + e.Warnings[0]
	}
	return text
}

func (s *sheet) objectives(a *analysis.Analysis) {
	if len(a.Objectives) == 0 {
		return
	}
	s.add("\nObjectives: %s\n\n", objectiveTally(a.Objectives))
	open := objectivesNotMet(a)
	s.rows(len(open), func(i int) string {
		return fmt.Sprintf("- %s: %s, %s\n", open[i].State, told(open[i].Text), told(open[i].Detail))
	})
}

// claims appends how many claims hold, and those that were decided against their expectation.
func (s *sheet) claims(a *analysis.Analysis) {
	if len(a.Claims) == 0 {
		return
	}
	s.add("\nClaims: %s.\n\n", analysis.TallyOf(a.Claims))
	against := surprises(a)
	s.rows(len(against), func(i int) string { return "- " + told(claimSentence(against[i])) + "\n" })
}

// fold appends all effects, to be opened by the reader.
func (s *sheet) fold(a *analysis.Analysis) {
	if len(a.Effects) == 0 || !s.add("\n<details>\n<summary>All %s</summary>\n", plural(len(a.Effects), "effect")) {
		return
	}
	s.effects(a, weighted(a.Effects))
	fmt.Fprint(s, "\n</details>\n")
}

// surroundings is the machine and the run in one line.
func surroundings(m results.Manifest) string {
	e := m.Environment
	cpus := ""
	if e.CPUs > 0 {
		cpus = plural(e.CPUs, "CPU")
	}
	system := strings.TrimSpace(e.OS + " " + e.Kernel + " " + e.Arch)
	parts := append([]string{e.CPUModel, cpus, system, e.Hypervisor, e.Go, e.Placement}, facts(m)...)
	return strings.Join(names(parts...), ", ")
}

// summaryEnd is how to measure the same again.
func summaryEnd(m results.Manifest) string {
	return fmt.Sprintf("\nTo measure it again, with the scenario %s and tlslab %s: `%s`\n", told(m.Scenario.Name), told(cmp.Or(m.Tool, "of the same version")), reproduction(m))
}
