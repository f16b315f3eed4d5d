package scenarios

import (
	"fmt"
	"strings"
	"time"
)

func (p *Plan) describeBlocks(t *page) {
	if len(p.Cells) == 0 {
		return
	}
	lines := []string{
		fmt.Sprintf("%d blocks:\t%d groups of each cell, %s warm-up each%s", len(p.Blocks)-p.pairs()*2, p.Groups, p.Warmup, p.twinWords()),
	}
	if p.Turn > 0 {
		lines = append(lines, fmt.Sprintf("in turns:\tthe two servers of a group are alive at once and loaded for %s each, again and again", p.Turn))
	}
	if len(p.Looks) > 1 {
		lines = append(lines, fmt.Sprintf("perhaps fewer:\ta cell that is decided after %s groups needs no more", orWords(p.Looks[:len(p.Looks)-1])))
	} else {
		lines = append(lines, fmt.Sprintf("up to %d more:\tspare groups, for those that steal or throttling spoils", len(p.Spares)))
	}
	if n := p.pairs(); n > 0 {
		lines = append(lines, fmt.Sprintf("%d more:\t%s of the null control, one a round", 2*n, plural(n, "pair")))
	}
	if p.Exact {
		lines = append(lines, "before them:\texact counts of each variant in each cell, in which chance has no part")
	}
	if p.Primitives {
		lines = append(lines, fmt.Sprintf("before them:\tsingle operations of each variant, timed alone in %d groups: about %s", p.PrimitiveGroups(), p.primitivesTime().Round(time.Second)))
	}
	if p.Confirm && len(p.comparisons()) > 0 {
		lines = append(lines, "perhaps more:\ta cell whose gate fails is measured once more, in a fresh order, before it counts")
	}
	lines = append(lines,
		fmt.Sprintf("about %s:\twithout the time to build the servers%s", p.minutes(), p.countWords()),
		fmt.Sprintf("p >= %.3g:\tthe smallest p-value that %d groups can attain", p.MinimumP(), p.Groups),
	)
	t.list("blocks", lines)
}

// pairs is how many pairs of the null control there are.
func (p *Plan) pairs() int {
	if p.Null == nil {
		return 0
	}
	return p.Groups
}

// andWords writes 10, 20 and 40; orWords writes 10, 20 or 40.
func andWords(numbers []int) string { return listWords(numbers, " and ") }
func orWords(numbers []int) string  { return listWords(numbers, " or ") }

func listWords(numbers []int, last string) string {
	words := names(numbers)
	if i := strings.LastIndex(words, ", "); i >= 0 {
		return words[:i] + last + words[i+2:]
	}
	return words
}

// minutes is the time to the first look and to the last one, where they differ.
func (p *Plan) minutes() string {
	first, last := p.estimate(p.looks()[0]).Round(time.Second), p.Estimate().Round(time.Second)
	if first == last {
		return last.String()
	}
	return fmt.Sprintf("%s to %s", first, last)
}

func (p *Plan) twinWords() string {
	if p.Observe.On() {
		return "; every second one is observed, to explain its twin"
	}
	return ""
}

func (p *Plan) countWords() string {
	if p.Exact {
		return " and to count"
	}
	return ""
}
