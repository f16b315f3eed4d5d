package analysis

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"testing"
	"testing/fstest"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/profile"
)

// withTwins gives every block an observed twin that is three times as slow and whose machine was stolen from.
func withTwins(t testing.TB, b *results.Bundle) (fs.FS, *results.Bundle) {
	t.Helper()
	dir := t.TempDir()
	m := b.Manifest
	m.Observer = &results.Observer{Tier: account.Full, Plants: []results.Plants{{Component: account.Kernel, Planted: []server.Planted{{Port: 1000, Size: time.Millisecond}}}}}
	m.Blocks = 2 * len(b.Blocks)
	w, err := results.Create(dir, m)
	if err != nil {
		t.Fatal(err)
	}
	done := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	done(w.Observed(results.PlantsName(account.Kernel), accountOf(b.Blocks[0]), nil))
	for _, one := range b.Blocks {
		done(w.Block(one))
		one.Index, one.Order, one.Observed = one.Index+len(b.Blocks), one.Order+10, true
		one.Server.CPU.User *= 3
		one.System.Steal, one.System.Throttled = 0.5, time.Second
		cpu, err := profile.FromSamples([]account.Sample{{Stack: []account.Frame{{Function: "crypto/ecdsa.Sign", Module: "go"}}, Count: 5}}, time.Millisecond, nil)
		done(err)
		done(w.Observed(results.ObservedName(one.Index), accountOf(one), cpu))
		done(w.Block(one))
	}
	read, err := w.Finish(m)
	done(err)
	return os.DirFS(dir), read
}

// accountOf is a second in which all of a block's handshakes came.
func accountOf(b results.Block) *account.Account {
	const window = 100 * time.Millisecond
	a := &account.Account{Tier: account.Full, Length: time.Second, Phases: []string{"client-hello"}}
	for at := time.Duration(0); at < a.Length; at += window {
		a.Windows = append(a.Windows, account.Window{At: at, Length: window})
	}
	rng := rand.New(rand.NewPCG(uint64(b.Index), 3))
	for i := range b.Server.Ledger.Completed {
		h := account.Handshake{Begin: time.Duration(i) * time.Millisecond, Port: uint16(1000 + i)}
		h.Time[account.User] = 500*time.Microsecond + time.Duration(rng.IntN(1e5))
		h.End, h.Phases = h.Begin+h.Time.Sum(), []account.Times{h.Time}
		a.Handshakes = append(a.Handshakes, h)
	}
	return a
}

// What is observed explains; not a digit of what was measured rests on it.
func TestTwinsAreNotMeasured(t *testing.T) {
	b := standard().bundle()
	_, twins := withTwins(t, b)
	want, err := Of(b)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Of(twins)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Series, want.Series) || !reflect.DeepEqual(got.Effects, want.Effects) || !reflect.DeepEqual(got.Summary, want.Summary) {
		t.Errorf("with observed twins another thing was measured: %+v, want %+v", got.Summary, want.Summary)
	}
	var with, without bytes.Buffer
	if err := WriteBench(&with, twins); err != nil {
		t.Fatal(err)
	}
	if err := WriteBench(&without, b); err != nil || with.String() != without.String() {
		t.Errorf("bench.txt has observed blocks, %v:\n%s", err, with.String())
	}
	if len(got.Explanations) != 2 || len(got.Differences) != 1 || got.Differences[0].Groups != 8 || len(got.Plants) != 1 {
		t.Errorf("got %d explanations, %d differences, %d plants", len(got.Explanations), len(got.Differences), len(got.Plants))
	}
	for _, o := range got.Observer {
		if o.Ratio.Point < 2.4 || o.Ratio.Point > 2.6 { // the user's three quarters, times three
			t.Errorf("observing costs %+v", o)
		}
	}
	if n := len(got.Observer); n != 3 {
		t.Errorf("got %d observer effects, want one of each variant and one of both", n)
	}
}

// A twin whose ledgers differ explains nothing and has no price.
func TestTwinsThatSawSomethingElse(t *testing.T) {
	b := standard().bundle()
	_, twins := withTwins(t, b)
	for i := range twins.Blocks {
		if one := &twins.Blocks[i]; one.Observed && one.Variant == "std" {
			one.Server.Ledger.Accepted++
		}
	}
	a, err := Of(twins)
	if err != nil {
		t.Fatal(err)
	}
	if len(a.Explanations) != 1 || a.Explanations[0].Variant != "boringcrypto" || len(a.Differences) != 0 {
		t.Errorf("got %d explanations and %d differences", len(a.Explanations), len(a.Differences))
	}
	if len(a.Observer) != 2 || a.Observer[0].Variant != "boringcrypto" {
		t.Errorf("got observer effects %+v", a.Observer)
	}
}

func TestSeenAs(t *testing.T) {
	for _, test := range []struct {
		planted account.Class
		tier    account.Tier
		want    account.Class
	}{
		{account.Kernel, account.Full, account.Kernel},
		{account.User, account.Runtime, account.Running},
		{account.Kernel, account.Runtime, account.Running},
		{account.RunQueue, account.Runtime, account.Running},
		{account.Blocked, account.Runtime, account.InSyscall},
		{account.Goroutine, account.Runtime, account.Goroutine},
	} {
		if got := seenAs(test.planted, test.tier); got != test.want {
			t.Errorf("%v in the %s tier: got %v, want %v", test.planted, test.tier, got, test.want)
		}
	}
}

// FuzzObserved gives the analysis an account, its handshakes and its profile that nobody wrote, with the right digests.
func FuzzObserved(f *testing.F) {
	m := standard()
	m.groups, m.handshakes = 1, 40
	m.cells[0].Variants = m.cells[0].Variants[:1]
	dir, whole := withTwins(f, m.bundle())
	files := fstest.MapFS{}
	for _, member := range append(whole.Files, results.File{Name: "manifest.json"}) {
		data, err := fs.ReadFile(dir, member.Name)
		if err != nil {
			f.Fatal(err)
		}
		files[member.Name] = &fstest.MapFile{Data: data}
	}
	const name = "observed/0001"
	lines, err := unpack(files[name+".jsonl.gz"].Data)
	if err != nil {
		f.Fatal(err)
	}
	books, cpu := files[name+".json"].Data, files[name+".pb.gz"].Data
	f.Add(books, lines, cpu)
	f.Add(bytes.ReplaceAll(books, []byte(`"at_ns":1`), []byte(`"at_ns":`)), lines, cpu)
	f.Add(books, []byte(`{"end_ns":5,"phases_ns":[[1],[2],[3,4,5,6,7,8,9,10,11,12]]}`), cpu)
	f.Add([]byte(`{"tier":"partial","length_ns":1,"windows":[{"length_ns":1},{"at_ns":1,"length_ns":86400000000000}]}`), lines, []byte{})
	f.Fuzz(func(t *testing.T, books, lines, cpu []byte) {
		for member, data := range map[string][]byte{name + ".json": books, name + ".jsonl.gz": pack(lines), name + ".pb.gz": cpu} {
			files[member] = &fstest.MapFile{Data: data}
		}
		b, err := results.Open(resealed(t, files))
		if err != nil {
			t.Fatal(err) // the digests are right
		}
		a, err := Of(b)
		if err != nil {
			return
		}
		for _, e := range a.Explanations {
			if wall := e.Identity.Wall.Mean.Value; math.IsNaN(wall) || wall < 0 {
				t.Errorf("a mean handshake takes %v s", wall)
			}
		}
	})
}

func pack(plain []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(plain)
	z.Close()
	return b.Bytes()
}

func unpack(data []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	_, err = b.ReadFrom(z)
	return b.Bytes(), err
}

// resealed has a manifest whose digests are those of the files.
func resealed(t *testing.T, files fstest.MapFS) fstest.MapFS {
	t.Helper()
	var m results.Manifest
	if err := json.Unmarshal(files["manifest.json"].Data, &m); err != nil {
		t.Fatal(err)
	}
	for i := range m.Files {
		data := files[m.Files[i].Name].Data
		sum := sha256.Sum256(data)
		m.Files[i].Bytes, m.Files[i].SHA256 = int64(len(data)), hex.EncodeToString(sum[:])
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	files["manifest.json"] = &fstest.MapFile{Data: append(data, '\n')}
	return files
}
