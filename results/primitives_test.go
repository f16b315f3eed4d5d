package results

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

func timed() Primitives {
	return Primitives{Groups: 2, Operations: []Operation{
		{Name: "aes-128-gcm 16 kB", Bytes: 16 << 10, Times: map[string][][]float64{
			"std": {{2893.5, 2901}, {2888, 2890}}, "fips140": {{2990, 3001}, {2979, 2984}},
		}},
		{Name: "x25519", Times: map[string][][]float64{"std": {{31_000}, {31_500}}}, Missing: map[string]string{"fips140": "not allowed"}},
	}}
}

func TestPrimitives(t *testing.T) {
	want := timed()
	dir := writtenWith(t, draft(), func(w *Writer) error {
		before := w.HasPrimitives()
		if err := w.Primitives(want); err != nil || before || !w.HasPrimitives() {
			t.Errorf("kept %v, then %v, %v", before, w.HasPrimitives(), err)
		}
		return nil
	})
	b := must[*Bundle](t)(Open(os.DirFS(dir)))
	if got := must[*Primitives](t)(b.Primitives()); !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", *got, want)
	}
}

func TestPrimitivesOfNothing(t *testing.T) {
	b := must[*Bundle](t)(Open(os.DirFS(written(t))))
	if got, err := b.Primitives(); got != nil || err != nil {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
	if got, err := (&Bundle{Manifest: draft()}).Primitives(); got != nil || err != nil {
		t.Errorf("a bundle put together by hand: got %v, %v", got, err)
	}
}

func TestPrimitivesRefuses(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*Primitives)
	}{
		{"0 groups", func(p *Primitives) { p.Groups = 0 }},
		{`operation "": name empty`, func(p *Primitives) { p.Operations[0].Name = "" }},
		{"used twice", func(p *Primitives) { p.Operations[0].Name = "x25519" }},
		{"-1 bytes", func(p *Primitives) { p.Operations[0].Bytes = -1 }},
		{`variant "fips140" must either be timed or say why not`, func(p *Primitives) { delete(p.Operations[0].Times, "fips140") }},
		{`variant "std" must either be timed or say why not`, func(p *Primitives) { p.Operations[1].Missing["std"] = "both" }},
		{"does not say why", func(p *Primitives) { p.Operations[1].Missing["fips140"] = "" }},
		{"2 groups of 3", func(p *Primitives) { p.Groups = 3 }},
		{"without batches", func(p *Primitives) { p.Operations[1].Times["std"][1] = nil }},
		{"not above zero", func(p *Primitives) { p.Operations[0].Times["std"][1][0] = 0 }},
		{"a variant that the run does not have", func(p *Primitives) { p.Operations[0].Times["x"] = [][]float64{{1}, {1}} }},
		{"of the null control", func(p *Primitives) { p.Operations[0].Missing = map[string]string{"again": "why"} }},
	} {
		m := draft()
		m.Variants, m.Null = append(m.Variants, Variant{Name: "again"}), "again"
		w := must[*Writer](t)(Create(t.TempDir(), m))
		p := timed()
		c.change(&p)
		if err := w.Primitives(p); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
		w.Close()
	}
}

func TestPrimitivesAreReadStrictly(t *testing.T) {
	dir := writtenWith(t, draft(), func(w *Writer) error { return w.Primitives(timed()) })
	whole := filesOf(t, dir)
	for _, c := range []struct{ says, old, by string }{
		{`unknown field "mood"`, `"groups"`, `"mood": 1, "groups"`},
		{"2 groups of 3", `"groups":2`, `"groups":3`},
		{"a variant that the run does not have", `"missing":{`, `"missing":{"gone":"why",`},
	} {
		files := clone(whole)
		replace(files, primitivesName, c.old, c.by)
		change(t, files, func(*Manifest) {}, primitivesName)
		b := must[*Bundle](t)(Open(files))
		if _, err := b.Primitives(); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
}
