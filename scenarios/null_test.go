package scenarios

import (
	"slices"
	"testing"

	"github.com/tlslab/tlslab/results"
)

// split takes the null control's blocks out, and the indices of the others, which they shift.
func split(blocks []Block) (null, others []Block) {
	for _, b := range blocks {
		if b.Role == results.Null {
			null = append(null, b)
			continue
		}
		b.Index = 0
		others = append(others, b)
	}
	return null, others
}

// The null control comes between the groups and changes nothing in them.
func TestNullPairs(t *testing.T) {
	const text = "variants: [{name: a}, {name: std, baseline: true}, {name: b, build: {backend: boringcrypto}}]\nload: {}\n" +
		"cells: {group: [X25519, P-256, P-384], exclude: [{group: P-384, variant: [a, b]}]}\n"
	with := planned(t, text+"blocks: {groups: 60, null_control: 'on'}", linux())
	without := planned(t, text+"blocks: {groups: 60, null_control: 'off'}", linux())
	null, others := split(with.Blocks)
	if _, all := split(without.Blocks); !slices.Equal(others, all) {
		t.Error("the null control changes the groups")
	}
	if len(null) != 120 {
		t.Fatalf("got %d blocks of the null control, want a pair in each of 60 rounds", len(null))
	}
	cells, first := map[int]int{}, map[string]int{}
	for round := range 60 {
		a, b := null[2*round], null[2*round+1]
		before := with.Blocks[a.Index-1]
		switch {
		case a.Group != round || before.Group != round || before.Cell != a.Cell || before.Role != results.Measuring:
			t.Errorf("round %d: the pair %+v follows %+v", round, a, before)
		case b.Index != a.Index+1 || b.Cell != a.Cell || b.Group != a.Group || b.Seed != a.Seed || a.Variant == b.Variant:
			t.Errorf("round %d: %+v and %+v are no pair", round, a, b)
		case a.Order != before.Order+1 || b.Order != a.Order+1:
			t.Errorf("round %d: the pair is in places %d and %d, after %d", round, a.Order, b.Order, before.Order)
		}
		cells[a.Cell]++
		first[a.Variant]++
	}
	if len(cells) != 2 || cells[2] != 0 || cells[0] < 15 || cells[1] < 15 {
		t.Errorf("got pairs by cell %v, want about as many in both that compare", cells)
	}
	if first["std"] < 15 || first[nullName] < 15 || len(first) != 2 {
		t.Errorf("got first blocks %v, want about as many of both", first)
	}
	for i, b := range with.Blocks {
		if b.Index != i {
			t.Fatalf("block %d has index %d", i, b.Index)
		}
	}
	if spare, _ := split(with.Spares); len(spare) > 0 {
		t.Errorf("spare rounds have %d blocks of the null control", len(spare))
	}
}

func TestNullVariant(t *testing.T) {
	const text = "variants: [{name: std, build: {goamd64: v3, layout: 5}, env: {GOGC: 200}}, {name: two}]\nload: {}\nblocks: {null_control: 'on'}"
	p := planned(t, text, linux())
	got, want := *p.Null, p.Variants[0]
	if got.Name != "null control" || got.Baseline {
		t.Errorf("got the null control %+v", got)
	}
	if got.Build.GOAMD64 != "v3" || got.Build.Layout != 5 || got.Env["GOGC"] != "200" || got.Server.App != want.Server.App {
		t.Errorf("got the null control %+v, want what the baseline is: %+v", got, want)
	}
}

func TestNullControl(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		want       bool
	}{
		{"no gate", valid, false},
		{"a gate that decides", valid + "gates: [{metric: server_cpu}]", true},
		{"a gate that advises", valid + "gates: [{metric: server_cpu, advisory: true}]", false},
		{"a gate on what is counted", valid + "gates: [{metric: instructions.crypto}]", false},
		{"a gate on what is nearly exact", valid + "gates: [{metric: server_allocs}]", false},
		{"off", valid + "gates: [{metric: server_cpu}]\nblocks: {null_control: 'off'}", false},
		{"on", valid + "blocks: {null_control: 'on'}", true},
		{"nothing is compared", "variants: [{name: std}]\nload: {}\nblocks: {null_control: 'on'}", false},
	} {
		p := planned(t, tt.text, linux())
		null, _ := split(p.Blocks)
		if got := p.Null != nil; got != tt.want || got != (len(null) > 0) {
			t.Errorf("%s: got null control %v with %d blocks, want %v", tt.name, got, len(null), tt.want)
		}
	}
}
