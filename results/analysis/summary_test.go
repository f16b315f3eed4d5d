package analysis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

func TestExitCodes(t *testing.T) {
	gate := []results.Gate{{Metric: "server_cpu", Worse: 0.02}}
	breakLedger := func(b *results.Bundle) { b.Blocks[5].Server.Ledger.Accepted++ }
	stealAll := func(b *results.Bundle) {
		for i := range b.Blocks {
			b.Blocks[i].System.Steal = 0.5
		}
	}
	unsteady := func(b *results.Bundle) {
		for i := range b.Blocks {
			b.Blocks[i].Server.Samples[len(b.Blocks[i].Server.Samples)-1].CPU *= 3
		}
	}
	nothing := func(*results.Bundle) {}
	for _, tt := range []struct {
		name     string
		groups   int
		cost     float64
		gates    []results.Gate
		edit     func(*results.Bundle)
		want     int
		sentence string // how it begins
	}{
		{"same", 8, 1, gate, nothing, 0, "no difference beyond the margins in 14 comparisons"},
		{"worse without a gate", 8, 2, nil, nothing, 0, "boringcrypto costs 2.0"},
		{"regression", 8, 2, gate, nothing, 1, "regression: boringcrypto costs 2.0"},
		{"ledger before regression", 8, 2, gate, breakLedger, 3, "invalid: ledgers violated in 1 of 32 blocks, first in block 5 ("},
		{"ledger without a gate", 8, 1, nil, breakLedger, 3, "invalid: ledgers violated"},
		{"steal everywhere", 8, 2, gate, stealAll, 1, "regression: boringcrypto costs 2.0"},
		{"never steady", 8, 1, nil, unsteady, 3, "invalid: none of 15 comparisons may be made: std did not become steady in all 16 blocks: warm up longer; boringcrypto did not"},
		{"never steady, gated", 8, 1, gate, unsteady, 3, "invalid: the gate on server_cpu of boringcrypto in full/"},
		{"too few groups, gated", 4, 2, gate, nothing, 4, "undecided: the gate on server_cpu of boringcrypto in full/"},
		{"too few groups, advisory", 4, 2, []results.Gate{{Metric: "server_cpu", Worse: 0.02, Advisory: true}}, nothing, 0, "nothing decided: 14 comparisons inconclusive"},
		{"too few groups", 4, 2, nil, nothing, 0, "nothing decided"},
		{"at the margin", 8, 1.02, gate, nothing, 4, "undecided: the gate on server_cpu"},
		{"regression before inconclusive", 8, 2, append(gate, results.Gate{Metric: "handshake_max", Worse: 1}), nothing, 1, "regression"},
	} {
		m := standard()
		m.groups, m.cost["boringcrypto"], m.gates = tt.groups, tt.cost, tt.gates
		b := m.bundle()
		tt.edit(b)
		s := analyse(t, b).Summary
		if s.Exit != tt.want || !strings.HasPrefix(s.Sentence, tt.sentence) {
			t.Errorf("%s: got exit %d %q, want %d %q", tt.name, s.Exit, s.Sentence, tt.want, tt.sentence)
		}
	}
}

// A server that requires a client certificate, driven without one.
func TestEveryHandshakeRejected(t *testing.T) {
	m := standard()
	m.cells[0].Variants = []string{"std"}
	b := m.bundle()
	b.Manifest.Variants = b.Manifest.Variants[:1]
	for i := range b.Blocks {
		b.Blocks[i].Client = results.Block{}.Client
		b.Blocks[i].Client.Ledger = handshake.ClientLedger{Began: 400, Connected: 400, Unconfirmed: 400}
		b.Blocks[i].Server.Ledger = handshake.ServerLedger{Accepted: 400, Rejected: 400, Reasons: map[string]uint64{"no client certificate": 400}}
	}
	a := analyse(t, b)
	if got := a.Summary; got.Exit != 3 || !strings.Contains(got.Sentence, "shape violated in all 8 blocks") || !strings.Contains(got.Sentence, "400 x no client certificate") {
		t.Errorf("got %d %q", got.Exit, got.Sentence)
	}
	if s := a.Series[0]; s.Valid != 0 || len(s.Values) != 0 || s.GeneratorUse != -1 || s.Server.Rejected != 3200 {
		t.Errorf("got %d valid, values %v, use %v, %d rejected", s.Valid, s.Values, s.GeneratorUse, s.Server.Rejected)
	}
}

func TestNothingToCompare(t *testing.T) {
	m := standard()
	m.cells[0].Variants = []string{"std"}
	m.gates = []results.Gate{{Metric: "server_cpu", Worse: 0.02}}
	a := analyse(t, m.bundle())
	if got := a.Summary; got.Exit != 3 || !strings.HasPrefix(got.Sentence, "invalid: the gate on server_cpu of every candidate was never judged") || len(got.Findings) != 0 {
		t.Errorf("got %+v", got)
	}
	if want := "the gate on server_cpu of every candidate met no comparison"; !slices.Contains(a.Summary.Trust, want) {
		t.Errorf("got %q, want %q", a.Summary.Trust, want)
	}
	if a := analyse(t, &results.Bundle{}); a.Summary.Exit != 0 || len(a.Effects) != 0 {
		t.Errorf("an empty bundle: got %+v", a.Summary)
	}
}

func TestFindings(t *testing.T) {
	m := standard()
	m.cost["boringcrypto"], m.cost["fips140"] = 1.2, 0.5
	m.cells[0].Variants = []string{"std", "boringcrypto", "fips140"}
	b := m.bundle()
	b.Manifest.Variants = append(b.Manifest.Variants, results.Variant{Name: "fips140"})
	s := analyse(t, b).Summary
	if len(s.Findings) != 3 || !strings.HasPrefix(s.Findings[0], "fips140 costs 0.") || !strings.HasPrefix(s.Findings[1], "boringcrypto costs 1.") {
		t.Fatalf("got %q", s.Findings)
	}
	if s.Sentence != s.Findings[0] || !strings.HasPrefix(s.Findings[2], "28 comparisons in other metrics: ") {
		t.Errorf("got %q, %q", s.Sentence, s.Findings[2])
	}
	total := 0
	for _, n := range s.Counts {
		total += n
	}
	if total != 30 || s.Counts[effect.Same] == 0 {
		t.Errorf("got %v, want 30 effects counted", s.Counts)
	}
}

func TestTrust(t *testing.T) {
	b := standard().bundle()
	if got := analyse(t, b).Summary.Trust; len(got) != 0 {
		t.Errorf("a clean run: got %q, want nothing", got)
	}
	for i := range b.Blocks {
		b.Blocks[i].System = results.System{Steal: -1, Throttled: -1, ListenDrops: -1, ListenOverflows: -1}
	}
	b.Blocks[0].System = results.System{ServerCPUs: []int{0, 1}, ClientCPUs: []int{1}, Steal: 0.5}
	b.Blocks[1].Client.CPU.User = b.Blocks[1].Client.Wall
	want := []string{
		"steal disturbed in 1 of 32 blocks",
		"client-bound in 1 of 2 series: rates and latencies there say nothing about the server",
		"server not pinned in 31 of 32 blocks",
		"generator not pinned in 31 of 32 blocks",
		"server and generator share CPUs in 1 of 32 blocks",
		"steal unknown in 31 of 32 blocks: the system does not tell",
		"throttling unknown in 31 of 32 blocks: the system does not tell",
		"backlog unknown in 31 of 32 blocks: the system does not tell",
	}
	if got := analyse(t, b).Summary.Trust; !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestGapsOnce(t *testing.T) {
	b := standard().bundle()
	gap := results.Gap{What: "steal", Reason: "no /proc/stat"}
	b.Manifest.Gaps = []results.Gap{gap, {What: "profile", Reason: "not asked"}}
	b.Blocks[0].Gaps, b.Blocks[1].Gaps = []results.Gap{gap}, []results.Gap{{What: "steal", Reason: "no /proc/stat", Hint: "mount it"}}
	if got := analyse(t, b).Gaps; len(got) != 3 || got[0] != gap {
		t.Errorf("got %v", got)
	}
}

func ExampleOf() {
	m := standard() // eight groups of a synthetic machine
	m.cost["boringcrypto"] = 2.31
	a, err := Of(m.bundle())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(a.Summary.Sentence)
	for _, finding := range a.Summary.Findings {
		fmt.Println("-", finding)
	}
	fmt.Println("exit", a.Summary.Exit)
	// Output:
	// boringcrypto costs 2.31x the server CPU of std per handshake in full/P-384/ecdsa-p384/server-auth [2.30, 2.33], margin 2 %
	// - boringcrypto costs 2.31x the server CPU of std per handshake in full/P-384/ecdsa-p384/server-auth [2.30, 2.33], margin 2 %
	// - 14 comparisons in other metrics: 10 worse, 4 same
	// exit 0
}
