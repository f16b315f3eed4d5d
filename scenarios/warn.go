package scenarios

import (
	"fmt"
	"math"
	"slices"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// warn says what the run will not be able to say.
func (p *Plan) warn(s *Scenario) {
	p.warnGroups(s)
	for _, g := range p.Gates {
		if g.Candidate != "" && !p.measures(g.Candidate) {
			p.doubt("the gate on %s of %s cannot be judged: no cell runs %s", g.Metric, g.Candidate, g.Candidate)
		}
	}
	p.warnThin()
	p.warnLooks()
	p.warnNull(s)
	p.warnDisturb()
	p.warnUncounted()
	for _, v := range p.Variants {
		if shared := overlap(v.Server.CPUs, p.Client.CPUs); len(shared) > 0 {
			p.doubt("the server of %s and the load generator share CPUs %v", v.Name, shared)
		}
	}
}

// warnUncounted names the variants that have no exact counts: the program that counts speaks nothing above TLS.
func (p *Plan) warnUncounted() {
	for _, v := range p.Variants {
		if p.Exact && v.Server.App != plain {
			p.doubt("%s has no exact counts: they are of the app plain, and it is %s", v.Name, v.Server.App)
		}
	}
}

func (p *Plan) doubt(format string, args ...any) {
	p.Warnings = append(p.Warnings, fmt.Sprintf(format, args...))
}

func (p *Plan) warnGroups(s *Scenario) {
	level := p.lookLevel(1)
	switch compares := len(p.compared()) > 0; {
	case len(s.Variants) > 1 && !compares:
		p.doubt("no candidate runs in any cell: nothing is compared")
	case compares && p.MinimumP() > level:
		p.doubt("%s cannot reject at %.3g %%: the smallest attainable p is %.3g; use %d or more",
			plural(p.Groups, "group"), level*100, p.MinimumP(), effect.MinGroups(level))
	}
}

// warnThin names gates on percentiles that some block will have too few handshakes for, since they arrive by chance: a
// percentile is compared where every block supports it.
func (p *Plan) warnThin() {
	for _, g := range p.Gates {
		for _, c := range p.cellsOf(g) {
			need, asked := support(g.Metric), handshakes(c.Load)
			if least := asked - 3*math.Sqrt(asked); c.Load.Process == loadgen.Poisson && asked >= need && least < need {
				p.doubt("the gate on %s (line %d) needs %g handshakes in each block: of %.0f that arrive by chance, a block may have only %.0f",
					g.Metric, g.Line, need, asked, least)
				break
			}
		}
	}
}

// warnLooks names the looks that come too early for every gate.
func (p *Plan) warnLooks() {
	level := 0.0
	if p.Gating != nil {
		for _, g := range p.Gating.Gates {
			level = max(level, g.Level)
		}
	}
	if level == 0 {
		level = p.lookLevel(1)
	}
	for _, groups := range p.looks()[:len(p.looks())-1] {
		if least := effect.MinP(groups); least > level {
			p.doubt("nothing can be decided after %s: they give p >= %.3g, and it takes %.3g", plural(groups, "group"), least, level)
		}
	}
}

func (p *Plan) warnNull(s *Scenario) {
	switch d := p.nullDesign(); {
	case d == nil && s.Null == "on":
		p.doubt("there is no null control, since nothing is compared")
	case d == nil:
	case d.Metrics == 0:
		p.doubt("the null control is measured, but no gate decides on what is measured by it")
	case d.MinimumP > d.Level:
		p.doubt("the null control can never fire: %s give p >= %.3g, and each of %s has %.3g; it takes %d",
			plural(d.Pairs, "pair"), d.MinimumP, plural(d.Metrics, "metric"), d.Level, effect.MinGroups(d.Level))
	}
}

// compared lists the cells that compare a candidate with the baseline.
func (p *Plan) compared() (cells []int) {
	for i, c := range p.Cells {
		if len(c.Variants) > 1 {
			cells = append(cells, i)
		}
	}
	return cells
}

// measures says whether any cell runs a variant.
func (p *Plan) measures(variant string) bool {
	return slices.ContainsFunc(p.Cells, func(c Cell) bool { return slices.Contains(c.Variants, variant) })
}

func overlap(a, b []int) []int {
	return slices.DeleteFunc(slices.Clone(a), func(cpu int) bool { return !slices.Contains(b, cpu) })
}
