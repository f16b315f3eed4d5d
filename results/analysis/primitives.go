package analysis

import (
	"slices"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

const (
	primitiveMargin = 0.03
	primitiveLevel  = 0.05 // two-sided error of an interval, and of all that is better or worse together
)

// PrimitivesOf judges what single operations cost each variant against the baseline, by group: the operations in their
// order, and for each the variants in the manifest's. Nil, where nothing was timed, gives nil.
//
// Better and worse take more than same: they must hold beside all operations of all candidates.
func PrimitivesOf(m results.Manifest, timed *results.Primitives) []Primitive {
	if timed == nil {
		return nil
	}
	base := baselineOf(m)
	var all []Primitive
	var ratios [][]float64 // of each of all, by group; nil: there is nothing to compare
	for _, o := range timed.Operations {
		for _, v := range m.Variants {
			if v.Name == m.Null {
				continue
			}
			all = append(all, primitiveOf(o, v.Name))
			ratios = append(ratios, logRatios(o, base, v.Name))
		}
	}
	judgePrimitives(all, ratios)
	price(all, timed)
	return all
}

// primitiveOf is one operation of one variant, not judged yet.
func primitiveOf(o results.Operation, variant string) Primitive {
	p := Primitive{Name: o.Name, Bytes: o.Bytes, Variant: variant, Missing: o.Missing[variant]}
	if batches := slices.Concat(o.Times[variant]...); len(batches) > 0 {
		slices.Sort(batches)
		p.Time = batches[len(batches)/2]
	}
	return p
}

// logRatios are those of a candidate's groups; nil where a side is missing, or both are the same.
func logRatios(o results.Operation, base, candidate string) (d []float64) {
	was, now := o.Times[base], o.Times[candidate]
	if base == candidate || len(was) != len(now) {
		return nil
	}
	for i := range was {
		ratio, err := effect.LogRatio(was[i], now[i])
		if err != nil {
			return nil
		}
		d = append(d, ratio)
	}
	return d
}

func judgePrimitives(all []Primitive, ratios [][]float64) {
	var compared []*Primitive
	var d [][]float64
	var p []float64
	for i := range all {
		if ratios[i] != nil {
			compared, d, p = append(compared, &all[i]), append(d, ratios[i]), append(p, pDiffers(ratios[i]))
		}
	}
	levels := effect.Holm(p, func(among int) float64 { return primitiveLevel / float64(among) })
	for i, c := range compared {
		c.judge(d[i], p[i] <= levels[i])
	}
}

// pDiffers is the p-value that the true ratio is within the margin.
func pDiffers(d []float64) float64 {
	return min(effect.PBeyond(d, primitiveMargin, false), effect.PBeyond(d, primitiveMargin, true))
}

// judge judges an operation by its interval; better or worse only where Holm's method rejects that it is neither.
func (p *Primitive) judge(d []float64, rejected bool) {
	p.Verdict = effect.Inconclusive
	ratio, _, ok := effect.Estimate(d, primitiveLevel)
	if !ok {
		return
	}
	p.Ratio = &ratio
	if v := effect.Judge(ratio, primitiveMargin, false); v == effect.Same || rejected {
		p.Verdict = v
	}
}

// Throughput is the bytes that a second of CPU treats; zero where the operation is not about an amount, or missing.
func (p Primitive) Throughput() float64 {
	if p.Time == 0 {
		return 0
	}
	return float64(p.Bytes) / p.Time * 1e9
}
