package scenarios

import (
	"fmt"
	"math"
	"strings"

	"github.com/tlslab/tlslab/results"
)

// describeGates writes what is judged: each gate and what it can find, the null control, what was agreed beside them,
// and how often all of it blocks a change that costs nothing.
func (p *Plan) describeGates(t *page) {
	var gates, objectives, expected []string
	for i, g := range p.Gates {
		gates = append(gates, gateWords(g)+"\t"+p.Gating.Gates[i].words())
	}
	for _, o := range p.Objectives {
		objectives = append(objectives, o.Text)
	}
	for _, e := range p.Expected {
		expected = append(expected, fmt.Sprintf("%s of %s:\tuntil %s, %s", e.Metric, or(e.Candidate, "every candidate"), e.Until, e.Because))
	}
	t.list("gates", gates)
	t.list("what the gates rest on", p.Gating.grounds(p))
	t.list("objectives", objectives)
	t.list("expected regressions", expected)
}

func gateWords(g results.Gate) string {
	words := fmt.Sprintf("%s of %s: at most %s worse", g.Metric, or(g.Candidate, "every candidate"), percent(g.Worse))
	if g.Advisory {
		words += " (advisory)"
	}
	return words
}

// words says what a gate can find.
func (d GateDesign) words() string {
	if d.Counted {
		return fmt.Sprintf("%s: counted, without chance", d.Family)
	}
	share := "alone"
	if d.Comparisons > 1 {
		share = fmt.Sprintf("one of %d", d.Comparisons)
	}
	return fmt.Sprintf("%s, %s: tested at %.3g, p >= %.3g\tfinds %s", d.Family, share, d.Level, d.MinimumP, d.finds())
}

func (d GateDesign) finds() string {
	if d.Detectable == nil {
		return "unknown: run tlslab selftest aa"
	}
	var words []string
	for _, f := range d.Detectable {
		slowdown := "nothing"
		if !math.IsInf(f.Slowdown, 0) {
			slowdown = fmt.Sprintf("+%.2g%%", f.Slowdown*100)
		}
		words = append(words, fmt.Sprintf("%s after %s", slowdown, plural(f.Groups, "group")))
	}
	return strings.Join(words, ", ") + fmt.Sprintf(" (%.0f %% power)", 100*power)
}

// grounds says how the gates are judged together.
func (g *Gating) grounds(p *Plan) []string {
	if g == nil {
		return nil
	}
	var lines []string
	if len(p.Looks) > 1 {
		lines = append(lines, fmt.Sprintf("looks:\tafter %s groups, each at %.3g, so that all together keep to %g", andWords(p.Looks), g.LookLevel, alpha))
	}
	if n := g.Null; n != nil {
		lines = append(lines, fmt.Sprintf("null control:\t%s, %s at %.3g each, p >= %.3g", plural(n.Pairs, "pair"), plural(n.Metrics, "metric"), n.Level, n.MinimumP))
	}
	if len(p.comparisons()) > 0 {
		lines = append(lines, "confirmation:\t"+confirmationWords(p.Confirm))
	}
	if g.Once > 0 {
		lines = append(lines, "false blocks:\t"+g.falseBlocks(p.Confirm))
	}
	return lines
}

func confirmationWords(on bool) string {
	if on {
		return "a gate fails when a second, independent run of its cell says so too"
	}
	return "none: the first run decides"
}

// falseBlocks says how often a change that costs nothing is blocked, all timed gates together.
func (g *Gating) falseBlocks(confirmed bool) string {
	words := fmt.Sprintf("of changes that cost nothing at most %s fail a timed gate", percent(g.Once))
	if confirmed {
		words += fmt.Sprintf(", and at most %s once it is confirmed", percent(g.Confirmed))
	}
	return words
}
