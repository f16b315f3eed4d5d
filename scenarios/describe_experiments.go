package scenarios

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results"
)

// describeExperiments writes what is asked beside the blocks, and how long that takes.
func (p *Plan) describeExperiments(t *page) {
	if len(p.Experiments) == 0 {
		return
	}
	var lines []string
	for _, name := range p.Experiments {
		e, _ := experiment(name)
		lines = append(lines, fmt.Sprintf("%s:\tabout %s\t%s", e.Name, e.Takes, strings.Join(e.Arms, ", ")))
	}
	when := "before the first block"
	if len(p.Blocks) == 0 {
		when = "and nothing else"
	}
	lines = append(lines, fmt.Sprintf("all:\tabout %s\t%s", p.experimentsTime().Round(time.Second), when))
	t.list(fmt.Sprintf("experiments (%d)", len(p.Experiments)), lines)
}

// describeClaims writes claims as the hypotheses that they are before the run.
func (p *Plan) describeClaims(t *page) {
	var lines []string
	for i, c := range p.Claims {
		lines = append(lines, fmt.Sprintf("H%d:\t%s", i+1, oneLine(c.Claim)))
		if c.From != "" {
			lines = append(lines, "\tfrom "+oneLine(c.From))
		}
		lines = append(lines, "\t"+conditionWords(c))
	}
	t.list(fmt.Sprintf("claims (%d)", len(p.Claims)), lines)
}

// conditionWords says what decides a claim, and what is expected of it.
func conditionWords(c results.Claim) string {
	var what string
	switch {
	case c.Ratio != nil:
		what = c.Ratio.Metric + " of " + c.Ratio.Variant + " over the baseline" + cellWords(c.Ratio.Cell)
	case c.Value != nil:
		what = c.Value.Metric + " of " + c.Value.Variant + cellWords(c.Value.Cell)
	case c.Experiment != nil:
		what = fmt.Sprintf("%s of the arm %s in %s", c.Experiment.Measure, c.Experiment.Arm, c.Experiment.Name)
	default:
		return "not tested here: " + oneLine(c.Untestable)
	}
	words := "holds if " + what + " " + c.Holds
	switch c.Expect {
	case results.Holds:
		words += "; expected to hold"
	case results.Fails:
		words += "; expected to fail"
	}
	return words
}

func cellWords(cell map[string]string) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(cell)) {
		words = append(words, key+" "+cell[key])
	}
	if words == nil {
		return ""
	}
	return " in the cell of " + strings.Join(words, ", ")
}

func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }
