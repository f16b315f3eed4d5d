package analysis

import (
	"slices"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// by parts the name of an operation in two: what is done, and the code that crypto/tls does not use for it:
// "aes-128-gcm 16 kB by VAES".
const by = " by "

// beginnings are those of the names of operations, where they are not the primitive's name.
var beginnings = map[accel.Primitive][]string{
	accel.AESGCM:    {"aes-128-gcm", "aes-256-gcm"},
	accel.SignRSA:   {"rsa-pss-2048 sign"},
	accel.VerifyRSA: {"rsa-pss-2048 verify"},
}

// About says whether a timed operation is of a primitive, by its name.
func About(operation string, p accel.Primitive) bool {
	starts := beginnings[p]
	if starts == nil {
		starts = []string{string(p)}
	}
	return slices.ContainsFunc(starts, func(s string) bool { return strings.HasPrefix(operation, s) })
}

// price sets, for each operation that is timed by code that crypto/tls does not use, its time over that of the same
// operation as crypto/tls does it, group by group within the variant.
func price(timed []Primitive, raw *results.Primitives) {
	if raw == nil {
		return
	}
	for i := range timed {
		p := &timed[i]
		what, _, ok := strings.Cut(p.Name, by)
		if !ok {
			continue
		}
		if r, ok := priceOf(timesOf(raw, what, p.Variant), timesOf(raw, p.Name, p.Variant)); ok {
			p.Price = &r
		}
	}
}

// timesOf is the batches of one operation and variant, by group.
func timesOf(raw *results.Primitives, name, variant string) [][]float64 {
	for _, o := range raw.Operations {
		if o.Name == name {
			return o.Times[variant]
		}
	}
	return nil
}

func priceOf(usual, instead [][]float64) (effect.Ratio, bool) {
	if len(usual) != len(instead) {
		return effect.Ratio{}, false
	}
	var d []float64
	for i := range usual {
		ratio, err := effect.LogRatio(usual[i], instead[i])
		if err != nil {
			return effect.Ratio{}, false
		}
		d = append(d, ratio)
	}
	r, _, ok := effect.Estimate(d, primitiveLevel)
	return r, ok
}
