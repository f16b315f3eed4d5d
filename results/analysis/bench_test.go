package analysis

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"golang.org/x/perf/benchfmt"

	"github.com/tlslab/tlslab/results"
)

// read reads Go benchmark text back as benchstat does.
func read(t *testing.T, text string) ([]*benchfmt.Result, benchfmt.UnitMetadataMap) {
	t.Helper()
	var all []*benchfmt.Result
	r := benchfmt.NewReader(strings.NewReader(text), "bundle.txt")
	for r.Scan() {
		switch rec := r.Result().(type) {
		case *benchfmt.Result:
			all = append(all, rec.Clone())
		case *benchfmt.SyntaxError:
			t.Errorf("%v", rec)
		}
	}
	if err := r.Err(); err != nil {
		t.Fatal(err)
	}
	return all, r.Units()
}

func benchText(t *testing.T, b *results.Bundle) string {
	t.Helper()
	var text bytes.Buffer
	if err := WriteBench(&text, b); err != nil {
		t.Fatal(err)
	}
	return text.String()
}

func TestWriteBenchReadsBack(t *testing.T) {
	b := standard().bundle()
	got, units := read(t, benchText(t, b))
	if len(got) != len(b.Blocks) {
		t.Fatalf("got %d lines, want %d", len(got), len(b.Blocks))
	}
	order := slices.Concat(blocksFor(b, "std"), blocksFor(b, "boringcrypto")) // the baseline first
	for i, r := range got {
		want := "Handshake/variant=" + order[i].Variant + "/kind=full/group=P-384/signature=ecdsa-p384/auth=server/load=service-1"
		if string(r.Name) != want || r.Iters != 400 {
			t.Errorf("got %s of %d, want %s", r.Name, r.Iters, want)
		}
		values := valuesOf(order[i])
		if len(r.Values) != len(values) {
			t.Errorf("block %d: got %d values, want %d", i, len(r.Values), len(values))
		}
		for _, m := range benched() {
			if v, ok := r.Value(benchUnit(m)); !ok || v != values[m.Name] {
				t.Errorf("block %d, %s: got %v, want %v", i, benchUnit(m), v, values[m.Name])
			}
		}
	}
	for key, want := range map[string]string{"goos": "linux", "goarch": "amd64", "cpu": "Synthetic CPU", "seed": "7", "pkg": "github.com/tlslab/tlslab/handshake"} {
		if v := got[0].GetConfig(key); v != want {
			t.Errorf("%s: got %q, want %q", key, v, want)
		}
	}
	for _, m := range benched() {
		want := map[bool]int{true: 1, false: -1}[m.Higher]
		if got := units.GetBetter(benchUnit(m)); got != want {
			t.Errorf("%s: better is %d, want %d", benchUnit(m), got, want)
		}
	}
}

func TestBenchUnits(t *testing.T) {
	want := map[string]string{
		"server_cpu": "server-cpu-sec/op", "server_allocs": "server-allocs/op", "server_alloc_bytes": "server-alloc-B/op",
		"wire_bytes": "wire-B/op", "handshake_rate": "handshake-rate-op/s", "response_p99": "response-p99-sec",
	}
	for _, m := range benched() {
		got := benchUnit(m)
		if w, ok := want[m.Name]; ok && got != w {
			t.Errorf("%s: got %s, want %s", m.Name, got, w)
		}
		if strings.HasSuffix(got, "-") {
			t.Errorf("%s: unit %q has no name", m.Name, m.Unit)
		}
	}
}

func TestWriteBenchLeavesInvalidBlocksOut(t *testing.T) {
	b := standard().bundle()
	b.Blocks[3].Client.NoPort = 2
	text := benchText(t, b)
	got, _ := read(t, text)
	if len(got) != len(b.Blocks)-1 || !strings.Contains(text, "# block 3 left out: ports: 2 handshakes found no free") {
		t.Errorf("got %d lines of %d blocks:\n%s", len(got), len(b.Blocks), text)
	}
}

func TestWriteBenchSurvivesNames(t *testing.T) {
	m := standard()
	m.groups = 1
	m.cells[0].Spec.ALPN = "http/1.1"
	m.cells[0].Load.Name = "a b\nBenchmarkEvil 1 1 ns/op"
	b := m.bundle()
	b.Manifest.Environment.CPUModel = "two\nlines: x"
	for i := range b.Blocks {
		b.Blocks[i].Client.Ledger.Shape.ALPN = map[string]uint64{"http/1.1": 400}
		b.Blocks[i].Server.Ledger.Shape.ALPN = map[string]uint64{"http/1.1": 400}
	}
	got, _ := read(t, benchText(t, b))
	if len(got) != 4 || !strings.Contains(string(got[0].Name), "/alpn=http_1.1/load=a_b_BenchmarkEvil_1_1_ns_op-1") {
		t.Errorf("got %d lines, the first %s", len(got), got[0].Name)
	}
	if cpu := got[0].GetConfig("cpu"); cpu != "two lines: x" {
		t.Errorf("got %q", cpu)
	}
}

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteBenchReportsErrors(t *testing.T) {
	b := standard().bundle()
	if err := WriteBench(broken{}, b); err == nil {
		t.Error("a full disk went unnoticed")
	}
	b.Blocks[0].Cell = "elsewhere"
	if err := WriteBench(&bytes.Buffer{}, b); err == nil {
		t.Error("an unknown cell went unnoticed")
	}
}
