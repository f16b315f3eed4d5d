package analysis

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	pprof "github.com/google/pprof/profile"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/profile"
)

// self is the processor time that a function had for itself.
type self struct {
	function string
	samples  int64 // of 10 ms
}

// sampled is a profile as the lab keeps it: labelled with its block.
func sampled(t *testing.T, b *results.Block, spent ...self) []byte {
	t.Helper()
	p := &pprof.Profile{
		SampleType: []*pprof.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &pprof.ValueType{Type: "cpu", Unit: "nanoseconds"}, Period: 1e7,
	}
	for i, s := range spent {
		f := &pprof.Function{ID: uint64(i + 1), Name: s.function}
		l := &pprof.Location{ID: f.ID, Address: f.ID, Line: []pprof.Line{{Function: f}}}
		p.Function, p.Location = append(p.Function, f), append(p.Location, l)
		p.Sample = append(p.Sample, &pprof.Sample{Location: []*pprof.Location{l}, Value: []int64{s.samples, s.samples * 1e7}})
	}
	var raw bytes.Buffer
	if err := p.Write(&raw); err != nil {
		t.Fatal(err)
	}
	labels := map[string]string{"block": strconv.Itoa(b.Index), "cell": b.Cell, "variant": b.Variant, "kind": "full"}
	data, err := profile.Label(raw.Bytes(), labels)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// kept is a bundle written with these profiles and read again.
func kept(t *testing.T, b *results.Bundle, profiles map[string][]byte) *results.Bundle {
	t.Helper()
	w, err := results.Create(t.TempDir(), b.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	for _, block := range b.Blocks {
		if err := w.Block(block); err != nil {
			t.Fatal(err)
		}
	}
	for name, data := range profiles {
		if err := w.Put(name, data); err != nil {
			t.Fatal(err)
		}
	}
	whole, err := w.Finish(b.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	return whole
}

func TestCPUOfASeries(t *testing.T) {
	m := standard()
	b := m.bundle()
	b.Blocks[3].System.Steal = 0.9 // of std or boringcrypto: left out, with its profile
	profiles := map[string][]byte{}
	for i := range b.Blocks {
		block := &b.Blocks[i]
		spent := []self{{"crypto/internal/fips140/nistec/fiat.p384Mul", 6}, {"crypto/internal/fips140/nistec/fiat.p384Square", 2}, {"runtime.memmove", 2}}
		if i == 3 {
			spent = []self{{"main.stolen", 1000}}
		}
		if block.Variant == "boringcrypto" {
			spent = nil // so short that no sample fell into it
		}
		profiles[fmt.Sprintf("profiles/%04d.pb.gz", i)] = sampled(t, block, spent...)
	}
	discarded := b.Blocks[0]
	discarded.Index = 999
	profiles["profiles/0999.pb.gz"] = sampled(t, &discarded, self{"main.discarded", 1000})

	a := analyse(t, kept(t, b, profiles))
	std, boring := a.Series[0], a.Series[1]
	if boring.CPU != nil {
		t.Errorf("profiles without a sample: got %+v, want nothing", boring.CPU)
	}
	c := std.CPU
	if c == nil {
		t.Fatal("std has no CPU time")
	}
	n := int64(std.Valid)
	if c.Blocks != std.Valid || c.Samples != 10*n || c.Sampled != time.Duration(n)*100*time.Millisecond || c.Spent <= 0 || len(c.Warnings) != 0 {
		t.Errorf("of %d blocks: got %+v", n, *c)
	}
	if len(c.Packages) != 2 || c.Packages[0].Name != "crypto/internal/fips140/nistec/fiat" || !near(c.Packages[0].Fraction, 0.8, 1e-9) {
		t.Errorf("packages: got %v", c.Packages)
	}
	if len(c.Functions) != 3 || !strings.HasSuffix(c.Functions[0].Name, ".p384Mul") || !near(c.Functions[0].Fraction, 0.6, 1e-9) {
		t.Errorf("functions: got %v", c.Functions)
	}
}

func TestFewSamplesAreADoubt(t *testing.T) {
	b := standard().bundle()
	a := analyse(t, kept(t, b, map[string][]byte{"profiles/0000.pb.gz": sampled(t, &b.Blocks[0], self{"main.work", 99})}))
	for _, s := range a.Series {
		if s.Variant != b.Blocks[0].Variant {
			continue
		}
		if want := "99 samples: the shares are rough, it takes 100"; s.CPU == nil || len(s.CPU.Warnings) != 1 || s.CPU.Warnings[0] != want {
			t.Errorf("got %+v, want %q", s.CPU, want)
		}
	}
}

// The share of TLS is there for the blocks that have a profile, and weighted by samples for their series.
func TestTLSShare(t *testing.T) {
	b := standard().bundle()
	if a := analyse(t, b); a.Series[0].Values[tlsShare] != 0 || slices.ContainsFunc(a.Effects, func(e Effect) bool { return e.Metric == tlsShare }) {
		t.Errorf("without profiles: got %v", a.Series[0].Values)
	}
	profiles := map[string][]byte{}
	for i := range b.Blocks {
		spent := []self{{"crypto/tls.(*Conn).Write", 30}, {"main.serve", 10}}
		if b.Blocks[i].Variant == "boringcrypto" {
			spent = []self{{"crypto/tls.(*Conn).Write", 15}, {"main.serve", 25}}
		}
		profiles[fmt.Sprintf("profiles/%04d.pb.gz", i)] = sampled(t, &b.Blocks[i], spent...)
	}
	a := analyse(t, kept(t, b, profiles))
	if got := []float64{a.Series[0].Values[tlsShare], a.Series[1].Values[tlsShare]}; got[0] != 0.75 || got[1] != 0.375 {
		t.Errorf("got %v, want 0.75 and 0.375", got)
	}
	if got := a.Blocks[0].Values[tlsShare]; got != map[string]float64{"std": 0.75, "boringcrypto": 0.375}[a.Blocks[0].Variant] {
		t.Errorf("block 0 of %s: got %v", a.Blocks[0].Variant, got)
	}
	if e := effectOn(t, a, tlsShare); e.Ratio == nil || !near(e.Ratio.Point, 0.5, 1e-9) || e.Verdict != "better" {
		t.Errorf("got %v, %s, want half, better", e.Ratio, e.Verdict)
	}
	if strings.Contains(a.Summary.Sentence, "TLS share") {
		t.Errorf("the headline is %q", a.Summary.Sentence)
	}
}

func TestNoProfilesNoCPU(t *testing.T) {
	b := standard().bundle()
	for name, b := range map[string]*results.Bundle{"by hand": b, "without pprof": kept(t, b, nil)} {
		for _, s := range analyse(t, b).Series {
			if s.CPU != nil {
				t.Errorf("%s: %s has %+v, want nothing", name, s.Variant, s.CPU)
			}
		}
	}
}

func TestProfilesThatContradict(t *testing.T) {
	b := standard().bundle()
	work := self{"main.work", 10}
	one := sampled(t, &b.Blocks[0], work)
	both, err := profile.Merge(one, sampled(t, &b.Blocks[1], work))
	if err != nil {
		t.Fatal(err)
	}
	moved := b.Blocks[0]
	moved.Cell = "elsewhere"
	for name, tt := range map[string]struct {
		profiles map[string][]byte
		want     string // part of the error
	}{
		"no profile":    {map[string][]byte{"profiles/0000.pb.gz": []byte("{}")}, "profiles/0000.pb.gz: CPU profile: "},
		"another cell":  {map[string][]byte{"profiles/0000.pb.gz": sampled(t, &moved, work)}, "labelled elsewhere, "},
		"two blocks":    {map[string][]byte{"profiles/both.pb.gz": both}, "2 values of the label block"},
		"one block two": {map[string][]byte{"profiles/0000.pb.gz": one, "profiles/0001.pb.gz": one}, "a second profile of block 0"},
	} {
		if _, err := Of(kept(t, b, tt.profiles)); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got error %v, want %q in it", name, err, tt.want)
		}
	}
}
