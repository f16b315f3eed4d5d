package results

import (
	"errors"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results/hist"
)

// draft is a run of two variants, one cell and one group: A B B A.
func draft() Manifest {
	spec := handshake.Spec{Group: handshake.P384, Signature: handshake.ECDSAP384}
	return Manifest{
		Tool:     "v0.1.0",
		Started:  time.Date(2026, 3, 1, 12, 0, 0, 0, time.FixedZone("far away", 5*3600)),
		Seed:     42,
		Scenario: Scenario{Name: "tiny", Text: "name: tiny\n"},
		Variants: []Variant{
			{Name: "std", Baseline: true, Hello: server.Hello{Address: "127.0.0.1:4433", PID: 99}},
			{Name: "fips140", Build: variant.Build{Backend: variant.FIPS140, PGO: "/home/alice/cpu.pgo"}},
		},
		Cells: []Cell{{
			Name:     spec.String(),
			Spec:     spec,
			Load:     loadgen.Load{Loop: loadgen.Closed, Workers: 2, Handshakes: 3},
			Variants: []string{"std", "fips140"},
		}},
		Gates:  []Gate{{Metric: "server_cpu", Candidate: "fips140", Worse: 0.02}},
		Blocks: 4,
	}
}

func block(index int) Block {
	var h hist.Histogram
	for _, v := range []int64{900_000, 1_000_000, 2_500_000} {
		h.Record(v)
	}
	return Block{
		Index:   index,
		Cell:    draft().Cells[0].Name,
		Variant: []string{"std", "fips140", "fips140", "std"}[index%4],
		Group:   index / 4,
		Order:   index % 4,
		Seed:    7,
		Started: time.Date(2026, 3, 1, 12, 0, index, 0, time.UTC),
		Client: loadgen.Result{
			Ledger:    handshake.ClientLedger{Began: 3, Connected: 3, Confirmed: 3},
			Handshake: h, Service: h, Response: h,
		},
	}
}

// written is the directory of a finished run.
func written(t testing.TB) string {
	t.Helper()
	return writtenWith(t, draft(), func(w *Writer) error {
		return errors.Join(
			w.Put("profiles/std.pb.gz", []byte("profile")), w.Put("sbom/std.json", []byte("{}\n")),
			w.Put("bench.txt", []byte("Benchmark\n")),
		)
	})
}

// writtenWith is the directory of a finished run of the draft's four blocks and what more adds.
func writtenWith(t testing.TB, m Manifest, more func(*Writer) error) string {
	t.Helper()
	dir := t.TempDir()
	w, err := Create(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 4 {
		if err := w.Block(block(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := more(w); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Finish(m); err != nil {
		t.Fatal(err)
	}
	return dir
}

// loaded is a finished run in memory.
func loaded(t testing.TB) fstest.MapFS {
	t.Helper()
	return filesOf(t, written(t))
}

func filesOf(t testing.TB, dir string) fstest.MapFS {
	t.Helper()
	from, files := os.DirFS(dir), fstest.MapFS{}
	err := fs.WalkDir(from, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := fs.ReadFile(from, name)
		files[name] = &fstest.MapFile{Data: data}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// must gives the value of a call that does not fail.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}
