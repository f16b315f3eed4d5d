package main

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/scenarios"
)

// counted is what a handshake of a cell costs: a million instructions of the server, other ones than cryptography.
func counted(cell string) exact.Counts {
	return exact.Counts{
		Cell: cell, Key: exact.Key{Counter: "callgrind-3.19.0", Go: "go1.26.8"},
		Server: exact.Side{Instructions: map[string]float64{"crypto/tls": 600_000, "net": 400_000}, Allocs: 300, AllocBytes: 30_000, Sent: 1_000},
	}
}

func TestCompareBaseline(t *testing.T) {
	change := func(f func(*exact.Counts)) []exact.Counts {
		a, b := counted("a"), counted("b")
		f(&b)
		return []exact.Counts{a, b}
	}
	slower := func(c *exact.Counts) { c.Server.Instructions["net"] += 4_000 }
	fewer := func(c *exact.Counts) { c.Server.Allocs = 200 }
	upgraded := func(c *exact.Counts) { c.Key.Go = "go1.26.9" }
	tests := []struct {
		name   string
		gates  string
		counts []exact.Counts
		code   int
		out    []string // in the output
		err    string   // in the conversation
	}{
		{"same", "", change(func(*exact.Counts) {}), exitDone, []string{"a: same\n", "b: same\n", "verdict: cells: 2 same\n"}, ""},
		{"worse", "", change(slower), exitWorse,
			[]string{"b: worse\n", "moved in instructions.other  baseline  now     instructions\n", "instructions.other   400000    404000  1.0100  ", "  net                          400000    404000  +4000\n", "verdict: cells: 1 worse, 1 same\n"},
			"hint: if the cost is meant, tlslab baseline update two"},
		{"better", "", change(fewer), exitDone, []string{"b: better\n", "verdict: cells: 1 better, 1 same\n"}, "hint: to keep what was won"},
		{"worse and better is worse", "", change(func(c *exact.Counts) { slower(c); fewer(c) }), exitWorse, []string{"b: worse\n"}, "if the cost is meant"},
		{"another key", "", change(upgraded), exitIncomparable,
			[]string{"b: incomparable: toolchain: go1.26.9 against go1.26.8\n", "verdict: cells: 1 incomparable, 1 same\n"},
			"hint: tlslab baseline update two and commit the files"},
		{"another key is no regression, whatever it costs", "", change(func(c *exact.Counts) { slower(c); upgraded(c) }), exitIncomparable, []string{"b: incomparable"}, ""},
		{"no file", "", []exact.Counts{counted("a"), counted("b"), counted("c")}, exitIncomparable, []string{"c: incomparable: no file kept/c.json\n"}, ""},
		{"a cell that is gone", "", []exact.Counts{counted("a")}, exitDone, []string{"verdict: cells: 1 same\n"}, "remove kept/b.json"},
		{"not countable", "", change(func(c *exact.Counts) { c.Server.Instructions = nil }), exitInvalid,
			[]string{"a: same\n", "b: not counted\n", "verdict: cells: 1 same\n"}, ""},
		{"nothing countable", "", []exact.Counts{{Cell: "a"}}, exitInvalid, []string{"a: not counted\n", "verdict: cells: none was counted\n"}, ""},
		{"a wider gate", "gates: [{metric: instructions.other, worse: 2%}]", change(slower), exitDone, []string{"2 %     same"}, ""},
		{"a gate that advises", "gates: [{metric: instructions.other, worse: 0.1%, advisory: true}]", change(slower), exitDone,
			[]string{"b: same\n", "0.1 %   worse"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			scenario, err := scenarios.Parse("two.yaml", []byte("name: two\nvariants: [{name: std}, {name: head}]\nload: {length: 1s}\n"+tt.gates))
			if err != nil {
				t.Fatal(err)
			}
			b := exact.Baseline{}
			b.Put(counted("a"), margins())
			b.Put(counted("b"), margins())
			var out, told bytes.Buffer
			s := streams{out: &out, err: &told}
			var found census
			for _, c := range tt.counts {
				found.cells, found.counts = append(found.cells, c.Cell), append(found.counts, c)
			}
			err = s.compareBaseline(committed{"two", scenario, "kept"}, b, found)
			if code := s.exit(context.Background(), err); code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			for _, want := range tt.out {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in\n%s", want, &out)
				}
			}
			if !strings.Contains(told.String(), tt.err) {
				t.Errorf("no %q in\n%s", tt.err, &told)
			}
		})
	}
}
