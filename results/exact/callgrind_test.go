package exact

import (
	"fmt"
	"maps"
	"strings"
	"testing"
)

// page names packages by the page that an address is in.
func page(address uint64) string { return fmt.Sprintf("%x", address>>12) }

const head = "# callgrind format\nversion: 1\ncreator: callgrind-3.19.0\npid: 7290\ncmd:  ./c -test.run=^TestSide$ side\npart: 1\n\n" +
	"desc: I1 cache: \ndesc: Trigger: Program termination\n\npositions: instr line\nevents: Ir\nsummary: 7\n\n"

func TestReadCallgrind(t *testing.T) {
	for _, test := range []struct {
		name, text string
		want       map[string]uint64
	}{
		{"absolute", head + "ob=(1) /c\nfl=(1) ./a.go\nfn=(1) main.main\n0x1000 3 5\n0x2010 4 6\ntotals: 11\n", map[string]uint64{"1": 5, "2": 6}},
		{"relative", head + "fn=(1) f\n0x1ff0 3 5\n+0x20 +1 6\n* * 1\n-0x20 -1 2\n+32 3 7\ntotals: 21\n", map[string]uint64{"1": 7, "2": 14}},
		{"of a call", head + "fn=(1) f\n0x1000 3 5\ncob=(2) /d\ncfi=(2) b.go\ncfn=(2) g\ncalls=3 0x9000 7\n0x2000 3 900\n+4 * 6\ntotals: 11\n",
			map[string]uint64{"1": 5, "2": 6}},
		{"inlined", head + "fl=(1) a.go\nfn=(1) f\n0x1000 3 5\nfi=(2) b.go\n+1 9 1\nfe=(1)\n+1 3 1\ntotals: 7\n", map[string]uint64{"1": 7}},
		{"no costs", head + "fn=(1) f\n0x1000 3\n0x2000 3 2\ntotals: 2\n", map[string]uint64{"1": 0, "2": 2}},
		{"among other events", "positions: instr\nevents: Dr Ir Dw\nfn=f\n0x1000 1 2 3\n+1 7 8\n+1 9\ntotals: 17 10 3\n", map[string]uint64{"1": 10}},
		{"the name decides nothing", head + "fn=(7) calls=1 totals: x\n0x1000 1 1\ntotals: 1\n", map[string]uint64{"1": 1}},
	} {
		got, err := ReadCallgrind(strings.NewReader(test.text), page)
		if err != nil || !maps.Equal(got, test.want) {
			t.Errorf("%s: got %v, %v, want %v", test.name, got, err, test.want)
		}
	}
}

func TestReadCallgrindBroken(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", "no totals"},
		{"cut off", head + "fn=(1) f\n0x1000 3 5\n", "no totals"},
		{"parts missing", head + "0x1000 3 5\ntotals: 7\n", "come to 5 instructions, its totals to 7"},
		{"version", "version: 2\n", `line 1: version ["2"]`},
		{"without addresses", "positions: line\n", `line 1: positions ["line"], no addresses`},
		{"without instructions", "positions: instr\nevents: Dr Dw\n", `line 2: events ["Dr" "Dw"]`},
		{"costs first", "0x1000 3 5\n", "line 1: costs before the positions"},
		{"no events", "positions: instr line\n0x1000 3 5\n", "line 2: costs of 1 events, where there are 0"},
		{"no place", head + "0x1000\n", "line 15: costs without their place"},
		{"too many costs", head + "0x1000 3 5 6\n", "line 15: costs of 2 events, where there are 1"},
		{"no totals", head + "totals:\n", "line 15: totals without instructions"},
		{"no number", head + "0x1000 3 5x\n", `line 15: strconv.ParseUint: parsing "5x"`},
		{"no address", head + "+ 3 5\n", "line 15: strconv.ParseUint"},
		{"too much", head + "0x1000 3 18446744073709551615\n+1 3 1\n", "line 16: more instructions than can be counted"},
		{"a jump", head + "jump=3 0x1000 9\n", `line 15: what is "jump=3 0x1000 9"`},
		{"text", "hello, world", `line 1: what is "hello, world"`},
		{"long line", strings.Repeat("x", maxCallgrindLine+1), "line 1: bufio.Scanner: token too long"},
	} {
		_, err := ReadCallgrind(strings.NewReader(test.text), page)
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.HasPrefix(err.Error(), "callgrind profile") {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// What is read adds up, or is refused.
func FuzzReadCallgrind(f *testing.F) {
	f.Add(head + "fn=(1) f\n0x1ff0 3 5\n+0x20 +1 6\ncalls=3 0x9000 7\n* * 1\ntotals: 11\n")
	f.Add("positions: instr\nevents: Dr Ir\nfn=f\n0x1000 1 2\n-1 7 8\ntotals: 8 10\n")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ReadCallgrind(strings.NewReader(text), page)
		if (err == nil) != (got != nil) {
			t.Fatalf("got %v, %v", got, err)
		}
		var sum uint64
		for _, n := range got {
			sum += n
		}
		if err == nil && !strings.Contains(text, fmt.Sprint(sum)) {
			t.Errorf("%d instructions, which are not the totals of %q", sum, text)
		}
	})
}
