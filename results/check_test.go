package results

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
)

// gated is the draft with looks, an objective, an expected regression and a null control: one pair after the group.
func gated() Manifest {
	m := draft()
	m.Variants = append(m.Variants, Variant{Name: "null"})
	m.Null, m.Looks, m.Confirm, m.Blocks = "null", []int{10, 20, 40}, true, 6
	m.Gates[0].Line = 7
	m.Objectives = []Objective{{Text: "p(99)(response) < 6ms", Line: 9}}
	m.Expected = []Expected{{
		Metric: "server_cpu", Candidate: "fips140", Cell: map[string]string{"kind": "full"}, Until: "2026-12-31", Because: "self-tests", Line: 11,
	}}
	return m
}

// control is a block of the null control, in a place behind the group's four.
func control(index int, variant string) Block {
	b := block(index)
	b.Variant, b.Role, b.Group, b.Order = variant, Null, 0, index
	return b
}

func TestGatedRun(t *testing.T) {
	pair := []Block{control(4, "null"), control(5, "std")}
	dir := writtenWith(t, gated(), func(w *Writer) error { return errors.Join(w.Block(pair[0]), w.Block(pair[1])) })
	b := must[*Bundle](t)(Open(os.DirFS(dir)))
	if !reflect.DeepEqual(b.Blocks[4:], pair) {
		t.Errorf("got %+v, want %+v", b.Blocks[4:], pair)
	}
	want := gated()
	if !reflect.DeepEqual(b.Gates, want.Gates) || !reflect.DeepEqual(b.Objectives, want.Objectives) ||
		!reflect.DeepEqual(b.Expected, want.Expected) || !reflect.DeepEqual(b.Looks, want.Looks) || b.Null != "null" || !b.Confirm {
		t.Errorf("got %+v, want %+v", b.Manifest, want)
	}
}

func TestManifestRefuses(t *testing.T) {
	for _, c := range []struct {
		says string
		edit func(*Manifest)
	}{
		{"looks [0 10]", func(m *Manifest) { m.Looks = []int{0, 10} }},
		{"looks [10 10]", func(m *Manifest) { m.Looks = []int{10, 10} }},
		{"looks [20 10]", func(m *Manifest) { m.Looks = []int{20, 10} }},
		{`null control: unknown variant "x"`, func(m *Manifest) { m.Null = "x" }},
		{`"std" is part of a comparison`, func(m *Manifest) { m.Null = "std" }},
		{`"fips140" is part of a comparison`, func(m *Manifest) { m.Null = "fips140" }},
		{"part of a comparison", func(m *Manifest) { m.Cells[0].Variants = append(m.Cells[0].Variants, "null") }},
		{"part of a comparison", func(m *Manifest) { m.Gates[0].Candidate = "null" }},
		{"part of a comparison", func(m *Manifest) { m.Expected[0].Candidate = "null" }},
		{`expected regression of server_cpu: unknown variant "x"`, func(m *Manifest) { m.Expected[0].Candidate = "x" }},
		{`until "31.12.2026"`, func(m *Manifest) { m.Expected[0].Until = "31.12.2026" }},
	} {
		m := gated()
		c.edit(&m)
		if _, err := Create(t.TempDir(), m); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		role    Role
		variant string
		null    string // of the manifest
		says    string // empty: accepted
	}{
		{Measuring, "fips140", "null", ""},
		{Confirming, "fips140", "null", ""},
		{Null, "std", "null", ""},
		{Null, "null", "null", ""},
		{Measuring, "null", "null", `unknown variant "null"`},
		{Confirming, "null", "null", `unknown variant "null"`},
		{Null, "fips140", "null", `unknown variant "fips140"`},
		{Null, "std", "", "which the run has not"},
		{"guessing", "std", "null", `unknown role "guessing"`},
	} {
		m := gated()
		m.Null = c.null
		w := must[*Writer](t)(Create(t.TempDir(), m))
		b := block(0)
		b.Role, b.Variant = c.role, c.variant
		err := w.Block(b)
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("role %q, variant %s, null %q: got %v, want %q", c.role, c.variant, c.null, err, c.says)
		}
		w.Close()
	}
}

// A block of the null control has a place of its own: it does not hide behind its role.
func TestNullControlTakesNoPlace(t *testing.T) {
	m := gated()
	m.Blocks = 5
	w := must[*Writer](t)(Create(t.TempDir(), m))
	defer w.Close()
	taken := control(4, "null")
	taken.Order = 0
	for _, b := range []Block{block(0), block(1), block(2), block(3), taken} {
		if err := w.Block(b); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Finish(m); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "same place of its group") {
		t.Errorf("got %v", err)
	}
}
