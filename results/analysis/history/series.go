package history

import (
	"cmp"
	"slices"
	"time"
)

// Series is one number of the valid runs on one class of machines, in order of time.
type Series struct {
	Key
	Margin  float64 // of the last ratio
	Gated   bool    // the last ratio was
	Samples []Sample
}

// Key tells series apart. A ratio is candidate/baseline; a value has no baseline.
type Key struct {
	Host              Host
	Cell, Metric      string
	Variant, Baseline string
}

// Sample is the number of one run. A value has Lo = Value = Hi.
type Sample struct {
	When          time.Time
	Commit        string
	Value, Lo, Hi float64
}

// SeriesOf makes series of points: the class of machines with the latest run first, then by cell, metric, variant,
// ratios before values. Runs that are invalid are in none.
func SeriesOf(points []Point) []Series {
	points = slices.SortedStableFunc(slices.Values(points), func(x, y Point) int { return x.When.Compare(y.When) })
	found := map[Key]*Series{}
	latest := map[Host]time.Time{}
	for _, p := range points {
		if p.Valid() {
			latest[p.Host] = p.When
			p.ratios(found)
			p.values(found)
		}
	}
	var all []Series
	for _, s := range found {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(x, y Series) int {
		return cmp.Or(latest[y.Host].Compare(latest[x.Host]), x.Key.compare(y.Key))
	})
	return all
}

func (k Key) compare(o Key) int {
	return cmp.Or(
		cmp.Compare(k.Host.CPU, o.Host.CPU), cmp.Compare(k.Host.Kernel, o.Host.Kernel), cmp.Compare(k.Host.Go, o.Host.Go),
		cmp.Compare(k.Cell, o.Cell), cmp.Compare(k.Metric, o.Metric), cmp.Compare(o.Baseline, k.Baseline), cmp.Compare(k.Variant, o.Variant),
	)
}

func (p Point) ratios(found map[Key]*Series) {
	for cell, candidates := range p.Effects {
		for candidate, metrics := range candidates {
			for metric, e := range metrics {
				s := in(found, Key{p.Host, cell, metric, candidate, p.Baseline})
				s.Margin, s.Gated = e.Margin, e.Gated
				s.Samples = append(s.Samples, Sample{p.When, p.Commit, e.Ratio, e.Lo, e.Hi})
			}
		}
	}
}

func (p Point) values(found map[Key]*Series) {
	for cell, variants := range p.Values {
		for variant, metrics := range variants {
			for metric, v := range metrics {
				s := in(found, Key{p.Host, cell, metric, variant, ""})
				s.Samples = append(s.Samples, Sample{p.When, p.Commit, v, v, v})
			}
		}
	}
}

// in finds a series, or begins it.
func in(found map[Key]*Series, k Key) *Series {
	if found[k] == nil {
		found[k] = &Series{Key: k}
	}
	return found[k]
}

// Changes finds where the level of the series changes by more than a margin.
func (s Series) Changes(margin float64) []Change {
	var values []float64
	for _, v := range s.Samples {
		values = append(values, v.Value)
	}
	return ChangePoints(values, Options{margin})
}
