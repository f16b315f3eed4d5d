package scenarios

import (
	"fmt"
	"strings"
	"time"
)

// describeScorecard writes what the reload strategies are put through before the first block.
func (p *Plan) describeScorecard(t *page) {
	all := p.Carded()
	if len(all) == 0 {
		return
	}
	c := p.Scorecard
	lines := []string{plural(len(c.Injections), "injection") + fmt.Sprintf(":\tinto a fresh process each, %d side by side", c.AtOnce)}
	if c.Rotations > 0 {
		lines = append(lines, plural(c.Rotations, "rotation")+":\tin a row, while nothing may leak")
	}
	if c.Memory {
		lines = append(lines, "memory:\tafter the rotations it is searched for keys that were retired")
	}
	if c.Crash {
		back, gone := apart(all)
		lines = append(lines, fmt.Sprintf("%d crashes:\t%s", crashCells, strings.Join(back, ", ")))
		if len(gone) > 0 {
			lines = append(lines, "no crash:\t"+strings.Join(gone, ", ")+", whose strategies say nothing about coming back")
		}
	}
	lines = append(lines, fmt.Sprintf("about %s:\tbefore the first block", p.scorecardTime().Round(time.Second)))
	t.list("scorecard of "+plural(len(all), "variant"), lines)
}

// apart names those variants whose strategies come back after a crash, and the others.
func apart(all []Variant) (back, gone []string) {
	for _, v := range all {
		if v.comesBack() {
			back = append(back, v.Name)
		} else {
			gone = append(gone, v.Name)
		}
	}
	return back, gone
}
