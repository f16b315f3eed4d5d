package analysis

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/exact"
)

var cpuGate = []results.Gate{{Metric: "server_cpu", Worse: 0.02, Line: 12}}

// gatedCells is a bundle of n cells, the first of which has a slower candidate.
func gatedCells(n int, slower float64) *results.Bundle {
	m := standard()
	m.groups, m.gates = 10, cpuGate
	m.cells = nil
	for i := range n {
		cell := fullCell()
		cell.Name += "/" + string(rune('a'+i))
		m.cells = append(m.cells, cell)
	}
	b := m.bundle()
	for i := range b.Blocks {
		if x := &b.Blocks[i]; x.Cell == m.cells[0].Name && x.Variant == "boringcrypto" {
			x.Server.CPU.User = time.Duration(float64(x.Server.CPU.User) * slower)
			x.Server.CPU.System = time.Duration(float64(x.Server.CPU.System) * slower)
		}
	}
	return b
}

func TestHolmSharesTheErrorOfAFamily(t *testing.T) {
	for _, cells := range []int{1, 4} {
		a := analyse(t, gatedCells(cells, 1.2))
		e := effectOn(t, a, "server_cpu")
		if want := alpha / float64(cells); e.Judged == nil || !near(e.Judged.Level, want, 1e-9) || e.Judged.Line != 12 {
			t.Errorf("%d cells: got %+v, want level %v", cells, e.Judged, want)
		}
		if e.Verdict != effect.Worse || !e.Failed || e.Judged.Ratio.Lo > e.Ratio.Lo {
			t.Errorf("%d cells: got %s, failed %v, strict %v, plain %v", cells, e.Verdict, e.Failed, e.Judged.Ratio, e.Ratio)
		}
		if e.Judged.Detectable <= 0.02 || e.Judged.Detectable > 0.2 {
			t.Errorf("%d cells: detectable %v", cells, e.Judged.Detectable)
		}
		if g := a.Gating; g == nil || len(g.Families) != 1 || g.Families[0].Gates != cells || !near(g.Once, 0.025, 1e-12) {
			t.Errorf("%d cells: got %+v", cells, g)
		}
	}
}

// With six groups p is at least 1/32, which Holm's level for four gates excludes: undecided, never an alarm.
func TestBeyondTheMarginButNotAtItsLevel(t *testing.T) {
	b := gatedCells(4, 1.2)
	b.Blocks = keepGroups(b.Blocks, 6)
	e := effectOn(t, analyse(t, b), "server_cpu")
	if e.Verdict != effect.Inconclusive || e.Failed || !warned(e, "beyond the margin, but not at the 98.75 % that is left to one of 4 gates") {
		t.Errorf("got %s, failed %v, %q", e.Verdict, e.Failed, e.Warnings)
	}
}

func keepGroups(blocks []results.Block, groups int) (some []results.Block) {
	for _, b := range blocks {
		if b.Group < groups {
			some = append(some, b)
		}
	}
	return some
}

func TestLooksNarrowTheLevel(t *testing.T) {
	b := gatedCells(1, 1)
	b.Manifest.Looks = []int{10, 20, 40}
	a := analyse(t, b)
	if a.Gating.Taken != 1 || !near(a.Gating.Level, effect.Pocock([]int{10, 20, 40}, alpha), 1e-9) || a.Gating.Level > 0.03 {
		t.Errorf("got %+v", a.Gating)
	}
}

// again is the groups of a bundle measured once more; the candidate costs so much of what it did.
func again(b *results.Bundle, share float64) {
	first := len(b.Blocks)
	for _, x := range b.Blocks[:first] {
		x.Role, x.Index, x.Group = results.Confirming, x.Index+first, x.Group+100
		if x.Variant == "boringcrypto" {
			x.Server.CPU.User = time.Duration(float64(x.Server.CPU.User) * share)
			x.Server.CPU.System = time.Duration(float64(x.Server.CPU.System) * share)
		}
		b.Blocks = append(b.Blocks, x)
	}
	b.Manifest.Blocks = len(b.Blocks)
}

func TestConfirmation(t *testing.T) {
	for _, tt := range []struct {
		name    string
		share   float64
		verdict effect.Verdict
		second  effect.Verdict
		exit    int
	}{
		{"worse again", 1, effect.Worse, effect.Worse, 1},
		{"gone", 1 / 1.2, effect.Inconclusive, effect.Same, 4},
	} {
		b := gatedCells(1, 1.2)
		if failed := analyse(t, b).Unconfirmed(); len(failed) != 1 {
			t.Fatalf("%s: unconfirmed %v, want one cell", tt.name, failed)
		}
		again(b, tt.share)
		a := analyse(t, b)
		e := effectOn(t, a, "server_cpu")
		c := e.Judged.Confirmation
		if c == nil || c.Verdict != tt.second || c.Groups != 10 || e.Verdict != tt.verdict || a.Summary.Exit != tt.exit {
			t.Errorf("%s: got %s, %+v, exit %d, want %s, %s, exit %d", tt.name, e.Verdict, c, a.Summary.Exit, tt.verdict, tt.second, tt.exit)
		}
		if e.Groups != 10 || a.Series[0].Blocks != 20 {
			t.Errorf("%s: the confirmation leaked into the first run: %d groups, %d blocks", tt.name, e.Groups, a.Series[0].Blocks)
		}
		if left := a.Unconfirmed(); len(left) != 0 {
			t.Errorf("%s: still unconfirmed %v", tt.name, left)
		}
	}
}

// addPairs adds pairs of the baseline and the null control, which costs so much of it.
func addPairs(b *results.Bundle, pairs int, cost float64) {
	rng := rand.New(rand.NewPCG(1, 2))
	m := standard()
	b.Manifest.Null = "null control"
	b.Manifest.Variants = append(b.Manifest.Variants, results.Variant{Name: "null control"})
	m.cost["null control"] = cost
	for g := range pairs {
		for order, v := range []string{"std", "null control"} {
			x := m.block(b.Manifest.Cells[0], v, rng)
			x.Role, x.Group, x.Order, x.Index = results.Null, g, 4+order, len(b.Blocks)
			b.Blocks = append(b.Blocks, x)
		}
	}
	b.Manifest.Blocks = len(b.Blocks)
}

func TestNullControl(t *testing.T) {
	for _, tt := range []struct {
		name  string
		pairs int
		cost  float64
		fired bool
		exit  int
	}{
		{"quiet", 10, 1, false, 1},
		{"fires", 10, 1.1, true, 3},
		{"too few pairs to fire", 6, 1.1, false, 1},
	} {
		b := gatedCells(1, 1.2)
		addPairs(b, tt.pairs, tt.cost)
		a := analyse(t, b)
		if len(a.Null) != 1 || a.Null[0].Fired != tt.fired || a.Null[0].Pairs != tt.pairs || a.Summary.Exit != tt.exit {
			t.Errorf("%s: got %+v, exit %d %q, want fired %v, exit %d", tt.name, a.Null, a.Summary.Exit, a.Summary.Sentence, tt.fired, tt.exit)
		}
		if tt.fired && !strings.Contains(a.Summary.Sentence, "the null control fired") {
			t.Errorf("%s: got %q", tt.name, a.Summary.Sentence)
		}
		if len(a.Series) != 2 || a.Series[0].Blocks != 20 {
			t.Errorf("%s: the control leaked into the series", tt.name)
		}
	}
}

func TestExpectedRegression(t *testing.T) {
	for _, tt := range []struct {
		until string
		exit  int
	}{{"2027-02-01", 0}, {"2027-01-15", 0}, {"2027-01-14", 1}} {
		b := gatedCells(1, 1.2)
		b.Manifest.Started = time.Date(2027, 1, 15, 23, 0, 0, 0, time.UTC)
		b.Manifest.Expected = []results.Expected{{Metric: "server_cpu", Cell: map[string]string{"group": "P-384"}, Until: tt.until, Because: "hardening"}}
		a := analyse(t, b)
		e := effectOn(t, a, "server_cpu")
		if a.Summary.Exit != tt.exit || e.Verdict != effect.Worse || e.Judged.Expected == nil || e.Failed != (tt.exit == 1) {
			t.Errorf("until %s: got exit %d, failed %v, expected %v, want exit %d", tt.until, a.Summary.Exit, e.Failed, e.Judged.Expected, tt.exit)
		}
	}
}

func TestMissedObjective(t *testing.T) {
	for _, tt := range []struct {
		text string
		exit int
	}{
		{"server_cpu{variant=std} < 1ms", 0},
		{"server_cpu{variant=std} < 100us", 5},
		{"server_cpu{variant=nobody} < 1ms", 5},
	} {
		b := gatedCells(1, 1)
		b.Manifest.Gates = nil
		b.Manifest.Objectives = []results.Objective{{Text: tt.text, Line: 3}}
		if got := analyse(t, b).Summary; got.Exit != tt.exit {
			t.Errorf("%s: got exit %d %q, want %d", tt.text, got.Exit, got.Sentence, tt.exit)
		}
	}
}

func countsFor(variant string, crypto float64) exact.Counts {
	return exact.Counts{Cell: fullCell().Name, Variant: variant, Key: exact.Key{Counter: "callgrind-3.19.0", Go: "go1.26.8"},
		Server: exact.Side{Instructions: map[string]float64{"crypto/sha256": crypto, "crypto/ecdsa": 3e6, "bufio": 2e5}, Allocs: 830}}
}

func TestCounts(t *testing.T) {
	m := standard().bundle().Manifest
	m.Gates = []results.Gate{{Metric: "instructions.crypto", Worse: 0.002}}
	other := countsFor("boringcrypto", 2e5)
	other.Key.Go = "go1.27.0"
	for _, tt := range []struct {
		name   string
		counts []exact.Counts
		want   effect.Verdict
		says   string
	}{
		{"same", []exact.Counts{countsFor("std", 1e5), countsFor("boringcrypto", 1e5)}, effect.Same, ""},
		{"worse", []exact.Counts{countsFor("std", 1e5), countsFor("boringcrypto", 2e5)}, effect.Worse, "most of it in crypto/sha256, +100000 a handshake"},
		{"another toolchain", []exact.Counts{countsFor("std", 1e5), other}, effect.Invalid, "toolchain: go1.27.0 against go1.26.8"},
		{"not counted", nil, effect.Invalid, "not counted"},
	} {
		all := countedOf(m, tt.counts)
		if len(all) == 0 || all[0].Metric != "instructions.crypto" || all[0].Verdict != tt.want {
			t.Errorf("%s: got %+v, want %s", tt.name, all, tt.want)
			continue
		}
		c := all[0]
		if c.conclude(m); c.Failed != (tt.want == effect.Worse) {
			t.Errorf("%s: failed %v", tt.name, c.Failed)
		}
		if c.Failed && !strings.Contains(c.finding(), tt.says) || !c.Failed && tt.says != "" && !warned(c.Effect, tt.says) {
			t.Errorf("%s: got %q and %q, want %q", tt.name, c.Warnings, c.doubts(), tt.says)
		}
	}
	if got := FailedCounts(m, []exact.Counts{countsFor("std", 1e5), countsFor("boringcrypto", 2e5)}); !strings.HasPrefix(got, "regression: boringcrypto has 1.03") {
		t.Errorf("got %q", got)
	}
}

// A run that timed nothing has no timed comparisons: a gate on one was never judged, which is not passed.
func TestOnlyCounted(t *testing.T) {
	b := standard().bundle()
	b.Blocks, b.Manifest.Blocks, b.Manifest.Gates = nil, 0, cpuGate
	a := analyse(t, b)
	if len(a.Effects) != 0 || a.Summary.Exit != 3 || !strings.Contains(a.Summary.Sentence, "was never judged") {
		t.Errorf("got %d effects, exit %d %q", len(a.Effects), a.Summary.Exit, a.Summary.Sentence)
	}
	b.Manifest.Gates = nil
	if a := analyse(t, b); a.Summary.Exit != 0 {
		t.Errorf("without gates: got exit %d %q", a.Summary.Exit, a.Summary.Sentence)
	}
}
