package lab

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/ebpf"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/scenarios"
)

// The tier follows from what was asked and what is possible; of what does not watch, nothing claims that it did.
func TestTierOf(t *testing.T) {
	const (
		threads = ebpf.Syscalls | ebpf.Scheduler
		all     = ebpf.AllLayers
	)
	for _, test := range []struct {
		name            string
		asked, possible ebpf.Layers
		tier            account.Tier
		names           []string
	}{
		{"all of all", all, all, account.Full, nil},
		{"no eBPF", all, 0, account.Runtime, nil},
		{"no tracepoints", all, all &^ ebpf.Scheduler, account.Runtime, nil},
		{"no uprobes", all, threads, account.Partial, []string{"syscalls", "scheduler"}},
		{"no profile", all, all &^ ebpf.Sampling, account.Full, []string{"syscalls", "scheduler", "goroutines", "network", "files"}},
		{"threads alone", threads, all, account.Partial, []string{"syscalls", "scheduler"}},
		{"nothing of what was asked", ebpf.Network, threads, account.Runtime, nil},
	} {
		tier := tierOf(test.asked, test.possible)
		if names := namesOf(tier, test.asked&test.possible); tier != test.tier || !slices.Equal(names, test.names) {
			t.Errorf("%s: got tier %s of %q, want %s of %q", test.name, tier, names, test.tier, test.names)
		}
	}
}

func TestLayersOf(t *testing.T) {
	for _, test := range []struct {
		names []string
		want  ebpf.Layers
	}{
		{nil, ebpf.AllLayers},
		{[]string{"syscalls", "files"}, ebpf.Syscalls | ebpf.Scheduler | ebpf.Files},
		{[]string{"goroutines"}, ebpf.Goroutines | ebpf.Syscalls | ebpf.Scheduler},
	} {
		if got, err := layersOf(scenarios.Observe{Layers: test.names}); err != nil || got != test.want {
			t.Errorf("%q: got %v, %v, want %v", test.names, got, err, test.want)
		}
	}
	var unusable *Unusable
	if _, err := layersOf(scenarios.Observe{Layers: []string{"coffee"}}); !errors.As(err, &unusable) {
		t.Errorf("an unknown layer: got %v", err)
	}
}

// Two observers do not begin at the same instant: handshakes keep theirs.
func TestJoin(t *testing.T) {
	const ms = time.Millisecond
	process := &account.Account{Tier: account.Partial, Began: 1005 * ms, Windows: []account.Window{{Length: 100 * ms}}}
	trace := &account.Account{Tier: account.Runtime, Began: 1000 * ms, Phases: []string{"sign"}, Unfinished: 1,
		Handshakes: []account.Handshake{{Begin: 2 * ms, End: 8 * ms}, {Begin: 7 * ms, End: 9 * ms}}, Gaps: []account.Gap{{What: "the end"}}}
	join(process, trace)
	if got := process.Handshakes; len(got) != 1 || got[0].Begin != 2*ms || got[0].End != 4*ms {
		t.Errorf("got %+v, want the second at 2ms to 4ms", got)
	}
	if process.Unfinished != 2 || len(process.Phases) != 1 || len(process.Gaps) != 1 || len(process.Windows) != 1 {
		t.Errorf("got %+v", process)
	}
	if trace.Handshakes[1].Begin != 7*ms {
		t.Error("the other account was changed")
	}
}

// A group that was cut between a block and its twin is measured again whole.
func TestWholeWithTwins(t *testing.T) {
	r := laboratory(t)
	r.plan.Blocks, r.plan.Spares = nil, nil
	for i := range 4 {
		r.plan.Blocks = append(r.plan.Blocks, scenarios.Block{Index: i, Variant: "std", Group: i / 2, Order: i % 2, Observed: i%2 == 1})
	}
	cell := r.plan.Cells[0]
	w, err := results.Create(t.TempDir(), results.Manifest{Variants: []results.Variant{{Name: "std"}}, Cells: []results.Cell{results.Cell(cell)}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	var done []results.Block
	for _, b := range r.plan.Blocks[:3] { // the last twin is missing
		one := results.Block{Index: b.Index, Cell: cell.Name, Variant: b.Variant, Group: b.Group, Order: b.Order, Observed: b.Observed}
		if err := w.Block(one); err != nil {
			t.Fatal(err)
		}
		done = append(done, one)
	}
	whole, err := r.Whole(w, done)
	if err != nil || len(whole) != 2 || whole[0].Group != 0 || whole[1].Group != 0 {
		t.Errorf("got %+v, %v, want the first group alone", whole, err)
	}
	if err := w.Block(done[2]); err != nil {
		t.Errorf("the cut group's block is still there: %v", err)
	}
}

func TestSameObserver(t *testing.T) {
	full, trace := &results.Observer{Tier: account.Full}, &results.Observer{Tier: account.Runtime}
	few := &results.Observer{Tier: account.Full, Layers: []string{"syscalls"}}
	for _, test := range []struct {
		was, now *results.Observer
		same     bool
	}{{nil, nil, true}, {full, full, true}, {few, few, true}, {full, trace, false}, {full, few, false}} {
		r := &Run{Manifest: results.Manifest{Observer: test.now}}
		err := r.Same(results.Manifest{Observer: test.was})
		if (err == nil) != test.same || err != nil && !strings.Contains(err.Error(), "observer") {
			t.Errorf("%+v, then %+v: got %v", test.was, test.now, err)
		}
	}
}
