package scenarios

import "github.com/tlslab/tlslab/results"

// shareOfCPU is the metric that is read off CPU profiles.
const shareOfCPU = "tls_share"

// lintClaims refuses claims that choose no series, or several.
func (d *decoder) lintClaims(s *Scenario) {
	for i, c := range s.Claims {
		for _, o := range []*results.OfSeries{c.Ratio, c.Value} {
			if o != nil {
				d.lintSeries(s, s.claimsAt[i], *o, c.Ratio != nil)
			}
		}
	}
}

func (d *decoder) lintSeries(s *Scenario, place position, o results.OfSeries, ratio bool) {
	if o.Metric == shareOfCPU && !s.Profile {
		d.add(place, "set instruments: {pprof: true}", "tls_share is read off profiles, and none is taken")
	}
	var chosen []point
	for _, p := range s.points {
		for _, l := range s.Loads {
			if within(o.Cell, dimensionsOf(p.spec, l)) {
				chosen = append(chosen, p)
			}
		}
	}
	if len(chosen) != 1 {
		d.add(place, "name properties that only one cell has: cell: {kind: full, load: w1}", "a claim is about one cell, and this one chooses %d", len(chosen))
		return
	}
	if v := s.variant(o.Variant); !s.runs(v, chosen[0]) {
		d.add(place, "choose a cell that it runs", "the claim's variant %q does not run the cell %s", v.Name, chosen[0].spec)
	} else if ratio && !s.runs(s.baseline(), chosen[0]) {
		d.add(place, "choose a cell that it runs", "the baseline %q does not run the cell %s", s.baseline().Name, chosen[0].spec)
	}
}
