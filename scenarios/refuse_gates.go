package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// refuseGates finds the gates that can never fail, whatever is measured: of those that decide, each is a mistake of the
// file, of the others a doubt.
func (p *Plan) refuseGates(s *Scenario, found *problems) {
	for i, g := range p.Gates {
		for _, why := range p.hopeless(g, p.Gating.Gates[i]) {
			if g.Advisory {
				p.doubt("the advisory gate on %s (line %d) can never say worse: %s", g.Metric, g.Line, why.message)
			} else {
				found.add(s.gatesAt[i], why.hint, "this gate can never fail: %s", why.message)
			}
		}
	}
}

// hopeless lists why a gate can never fail.
func (p *Plan) hopeless(g results.Gate, d GateDesign) (all []*mistake) {
	cells := p.cellsOf(g)
	if len(cells) == 0 || d.Counted {
		return nil
	}
	if d.MinimumP > d.Level {
		all = append(all, p.tooFew(d))
	}
	var loads []string
	for _, c := range cells {
		if why := scarce(g.Metric, c.Load); why != nil && !slices.Contains(loads, c.Load.Name) {
			all, loads = append(all, why), append(loads, c.Load.Name)
		}
	}
	return all
}

// tooFew says that a gate has too few groups for its level, and how many it takes.
func (p *Plan) tooFew(d GateDesign) *mistake {
	looks := slices.Clone(p.looks())
	last := &looks[len(looks)-1]
	for *last = effect.MinGroups(d.Level); effect.MinP(*last) > effect.Pocock(looks, alpha/float64(d.Comparisons)); *last++ {
	}
	hint := fmt.Sprintf("blocks: {groups: %d}", *last)
	if p.Looks != nil {
		hint = fmt.Sprintf("blocks: {groups: {looks: [%s]}}", names(looks))
	}
	left := fmt.Sprintf("%d comparisons of the family %s leave %.3g for each", d.Comparisons, d.Family, d.Level)
	if d.Comparisons == 1 {
		left = fmt.Sprintf("%.3g is asked for", d.Level)
	}
	return &mistake{fmt.Sprintf("%s give p >= %.3g, and %s; it takes %s",
		plural(p.Groups, "group"), d.MinimumP, left, plural(*last, "group")), hint}
}

// scarce says why a percentile is never measured under a load, or nil.
func scarce(metric string, l loadgen.Load) *mistake {
	need, asked := support(metric), handshakes(l)
	if asked == 0 || asked >= need {
		return nil
	}
	_, percentile, _ := strings.Cut(metric, "_")
	return &mistake{fmt.Sprintf("%s needs %g handshakes in each block, and %s asks for %.0f",
		percentile, need, strings.TrimSpace("the load "+l.Name), asked), "lengthen the load, or name a lower percentile"}
}

// handshakes is how many a load asks for in each block, on average. Of a closed loop that ends after a time nothing is
// known: it has as many as the server manages, and this is zero.
func handshakes(l loadgen.Load) float64 {
	asked := float64(l.Handshakes)
	for _, phase := range l.Phases {
		asked += phase.Rate * phase.Length.Seconds()
	}
	return asked
}

// support is the smallest sample whose largest value exceeds a metric's percentile with 97.5 % confidence, so that the
// interval by order statistics is finite at 95 %: 6 for p50, 36 for p90, 368 for p99. Zero: the metric is no percentile.
func support(metric string) float64 {
	_, percentile, _ := strings.Cut(metric, "_p")
	n, err := strconv.ParseFloat(percentile, 64)
	if err != nil {
		return 0
	}
	return math.Ceil(math.Log(0.025) / math.Log(n/100))
}
