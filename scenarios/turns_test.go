package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results"
)

func TestTurns(t *testing.T) {
	const text = "variants: [{name: std}, {name: two}]\nload: {length: 1s}\ncells: {kind: [full, resumed]}\n" +
		"blocks: {order: turns, groups: 8, spare: 1}\ngates: [{metric: server_cpu}]"
	p := planned(t, text, linux())
	if p.Turn != 50*time.Millisecond || len(p.Blocks) != 8*(2*2+2) || len(p.Spares) != 4 {
		t.Fatalf("got turns of %v, %d blocks and %d spares", p.Turn, len(p.Blocks), len(p.Spares))
	}
	firsts := map[string]int{}
	for i := 0; i < len(p.Blocks); i += 2 {
		x, y := p.Blocks[i], p.Blocks[i+1]
		if !x.Turns || !y.Turns || x.Cell != y.Cell || x.Group != y.Group || x.Role != y.Role || x.Seed != y.Seed || x.Variant == y.Variant {
			t.Errorf("blocks %d and %d do not take turns: %+v, %+v", i, i+1, x, y)
		}
		if x.Role == results.Measuring {
			firsts[x.Variant]++
		}
	}
	if firsts["std"] == 0 || firsts["two"] == 0 {
		t.Errorf("who has the first turn is not by chance: %v", firsts)
	}
	for _, b := range p.Again(map[string][]string{p.Cells[0].Name: {"two"}}, 3, 100) {
		if !b.Turns || b.Role != results.Confirming {
			t.Errorf("a confirmation without turns: %+v", b)
		}
	}
}

func TestTurnsRefused(t *testing.T) {
	const valid = "variants: [{name: std}, {name: two}]\nload: {length: 1s}\nblocks: {order: turns}"
	for _, tt := range []struct{ from, to, want string }{
		{"{name: two}]", "{name: two}, {name: three}]", "two variants take turns, and there are 3"},
		{"{length: 1s}", "{handshakes: 20}", "a closed loop that takes turns has a length, not a number of handshakes"},
		{"{order: turns}", "{order: turns, turn: 1ms}", "a turn of 1ms: it is 5ms to 10s"},
		{"{order: turns}", "{turn: 40ms}", "blocks take no turns"},
		{"{order: turns}", "{order: turns}\ninstruments: {observe: auto}", "observed blocks take no turns"},
	} {
		_, err := Parse("f.yaml", []byte(strings.Replace(valid, tt.from, tt.to, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "f.yaml:") {
			t.Errorf("%s: got %v, want %q", tt.to, err, tt.want)
		}
	}
}
