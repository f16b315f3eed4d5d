package analysis

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

const ms = time.Millisecond

// rotated is a block of 20 s that began at 1 s on the shared clock: generations 2 to 6 are put in place, 2 is adopted
// after 22 ms, 3 gives way to 4 before anybody sees it, 5 and 6 are never adopted, 6 too late to say so.
func rotated() *results.Block {
	b := &results.Block{Client: loadgen.Result{Began: time.Second, Wall: 20 * time.Second}}
	for i, at := range []time.Duration{2, 3, 4, 10, 20} {
		at *= time.Second
		b.Rotations = append(b.Rotations, results.Rotation{Generation: uint64(i) + 2, Began: at - ms, At: at})
	}
	b.Client.Generations = []loadgen.Generation{
		{Number: 1, Seen: 90, First: ms, Last: 1023 * ms},
		{Number: 2, Seen: 90, First: 1022 * ms, Last: 3600 * ms},
		{Number: 4, Seen: 90, First: 3100 * ms, Last: 20 * time.Second},
	}
	b.Client.Handshake.Record(int64(2 * ms))
	b.Server.Reload = &server.Reload{
		Reloads:   map[string]uint64{"ok": 2, "refused: the pair does not match": 1},
		Published: []server.Published{{Generation: 2, At: 2020 * ms, Took: 3 * ms}, {Generation: 4, At: 4090 * ms, Took: 2 * ms}},
	}
	return b
}

func TestReloadingOfABlock(t *testing.T) {
	r := reloadingOf("cell", "candidate", reload.NotifyShipped, []judged{{raw: rotated(), Block: Block{Valid: true}}})
	if want := map[Fate]int{Adopted: 2, Superseded: 1, Never: 1, Open: 1}; !reflect.DeepEqual(r.Fates, want) || r.Rotations != 5 {
		t.Errorf("%d rotations: got %v, want %v", r.Rotations, r.Fates, want)
	}
	if want := (Delays{22 * ms, 100 * ms}); !slices.Equal(r.After, want) {
		t.Errorf("adopted after: got %v, want %v", r.After, want)
	}
	if want := (Delays{20 * ms, 90 * ms}); !slices.Equal(r.Published, want) || !slices.Equal(r.Took, Delays{2 * ms, 3 * ms}) {
		t.Errorf("published after: got %v, took %v, want %v", r.Published, r.Took, want)
	}
	// 20 ms of generation 2, 1 s of 3, 90 ms of 4, 10 s of 5, 1 s of 6
	if want := 12*time.Second + 110*ms; r.Stale != want {
		t.Errorf("stale: got %v, want %v", r.Stale, want)
	}
	// 1 ms is within the longest handshake, half a second is not
	if r.Mixed != 501*ms || r.Longest != 500*ms || r.Regressed != 1 {
		t.Errorf("mixed: got %v, the longest %v, %d regressed", r.Mixed, r.Longest, r.Regressed)
	}
}

// What is not to be adopted has no fate and makes nothing stale; what was adopted all the same is told.
func TestReloadingOfWhatIsToBeRefused(t *testing.T) {
	b := rotated()
	b.Rotations[0].Want, b.Rotations[1].Want, b.Rotations[3].Want = rotation.Keep, rotation.Any, rotation.Keep
	b.Server.Reload.Failing = "the files could not be read"
	r := reloadingOf("cell", "candidate", reload.NotifyShipped, []judged{{raw: b}, {raw: b}})
	if r.Rotations != 4 || r.Wrong != 2 || r.Kept != 2 || len(r.After) != 2 {
		t.Errorf("got %d rotations, %d adopted wrongly, %d kept, after %v", r.Rotations, r.Wrong, r.Kept, r.After)
	}
	// in each 90 ms of generation 4 and 1 s of 6
	if want := 2 * 1090 * ms; r.Stale != want {
		t.Errorf("stale: got %v, want %v", r.Stale, want)
	}
	if want := map[string]uint64{"the files could not be read": 2}; !reflect.DeepEqual(r.Stuck, want) {
		t.Errorf("got %v, want %v", r.Stuck, want)
	}
}

func TestSightingsWithoutABook(t *testing.T) {
	b := rotated()
	b.Server.Reload = nil
	h := chronicle(b)
	if got := h.stale(b.Rotations[:1]); got != 22*ms {
		t.Errorf("stale by handshakes alone: got %v, want 22ms", got)
	}
	early := results.Rotation{Generation: 2, At: 3 * time.Second}
	if got := h.shown.since(early); !slices.Equal(got, []time.Duration{0}) {
		t.Errorf("shown before its last step: got %v, want at once", got)
	}
}

func TestDelays(t *testing.T) {
	var d Delays
	for i := range 36 {
		d = append(d, time.Duration(i+1)*ms)
	}
	for _, c := range []struct {
		of   Delays
		q    float64
		want time.Duration
		ok   bool
	}{
		{nil, 0.5, 0, false}, {nil, 1, 0, false},
		{d[:1], 1, ms, true}, {d[:5], 0.5, 0, false}, {d[:6], 0.5, 4 * ms, true},
		{d, 0.5, 19 * ms, true}, {d, 0.9, 33 * ms, true}, {d, 0.99, 0, false}, {d, 1, 36 * ms, true},
	} {
		if got, ok := c.of.Quantile(c.q); got != c.want || ok != c.ok {
			t.Errorf("p%v of %d: got %v, %t, want %v, %t", 100*c.q, len(c.of), got, ok, c.want, c.ok)
		}
	}
}

// A rotation that makes handshakes fail makes its blocks invalid, and is told all the same.
func TestFailuresOfRotationsAreToldThoughInvalid(t *testing.T) {
	b := standard().bundle()
	b.Manifest.Variants[1].Reload = &reload.Settings{Strategy: reload.NotifyShipped}
	for _, block := range blocksFor(b, "boringcrypto") {
		block.Client.Began = time.Second
		block.Rotations = []results.Rotation{{Generation: 2, By: rotation.Rename, Began: time.Second, At: time.Second + ms}}
		block.Client.Ledger.Failed, block.Client.Ledger.Began, block.Client.Ledger.Connected = 3, 403, 403
		block.Server.Ledger.Rejected, block.Server.Ledger.Accepted = 3, 403
		block.Server.Runtime.MutexWait = 400 * time.Microsecond
		block.Client.Timeline = []loadgen.Slot{{Length: ms, Confirmed: 1}}
	}
	a := analyse(t, b)
	if len(a.Reloads) != 1 {
		t.Fatalf("got %d entries, want that of the variant that rotates", len(a.Reloads))
	}
	r := a.Reloads[0]
	if r.Variant != "boringcrypto" || r.Strategy != reload.NotifyShipped || r.Failed != 3*16 || r.Failing != 16 || r.Rotations != 16 || r.Began != 403*16 {
		t.Errorf("got %+v", r)
	}
	if r.LockWait != 1e-6 {
		t.Errorf("lock wait %v for a handshake, want 1 µs", r.LockWait)
	}
	if a.Summary.Exit != exitInvalid || r.Timeline == nil || r.Timeline.Valid || r.Timeline.Rotations[0].At != ms {
		t.Errorf("exit %d, timeline %+v", a.Summary.Exit, r.Timeline)
	}
}

func TestTimelineIsOfTheFirstUndisturbedBlock(t *testing.T) {
	b := standard().bundle()
	for i, block := range blocksFor(b, "boringcrypto") {
		block.Server.Reload = &server.Reload{}
		if i > 0 {
			block.Client.Timeline = []loadgen.Slot{{Length: ms, Confirmed: 1}}
		}
		if i == 1 {
			block.System.Steal = 0.5
		}
	}
	third := blocksFor(b, "boringcrypto")[2].Index
	if got := analyse(t, b).Reloads[0].Timeline; got == nil || got.Block != third || !got.Valid {
		t.Errorf("got %+v, want block %d", got, third)
	}
}
