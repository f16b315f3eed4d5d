package analysis

import (
	"testing"

	"github.com/tlslab/tlslab/results"
)

// The price is paired within a group: groups of different speed do not widen it.
func TestPrice(t *testing.T) {
	raw := &results.Primitives{Operations: []results.Operation{
		{Name: "aes-128-gcm 16 kB", Times: map[string][][]float64{"std": nil, "few": {{2}, {2}}}},
		{Name: "aes-128-gcm 16 kB by VAES", Times: map[string][][]float64{"std": nil, "few": {{1}, {1}}}},
	}}
	for speed := 1.0; speed <= 10; speed++ {
		for i, cost := range []float64{2900, 1421} {
			times := raw.Operations[i].Times
			times["std"] = append(times["std"], []float64{cost * speed, 1.01 * cost * speed})
		}
	}
	timed := []Primitive{
		{Name: "aes-128-gcm 16 kB", Variant: "std"}, {Name: "aes-128-gcm 16 kB by VAES", Variant: "std"},
		{Name: "aes-128-gcm 16 kB by VAES", Variant: "few"}, {Name: "aes-128-gcm 16 kB by VAES", Variant: "absent"},
		{Name: "aes-128-gcm 1 kB by VAES", Variant: "std"},
	}
	price(timed, raw)
	for i, p := range timed {
		if (p.Price != nil) != (i == 1) {
			t.Errorf("%s of %s: got %v", p.Name, p.Variant, p.Price)
		}
	}
	if r := timed[1].Price; r == nil || !near(r.Point, 0.49, 1e-9) || !near(r.Lo, 0.49, 1e-9) || !near(r.Hi, 0.49, 1e-9) {
		t.Errorf("got %+v, want 0.49 without spread", r)
	}
	price(timed, nil) // nothing was timed
}
