package loadgen

import (
	"context"
	"errors"
	"net"
	"reflect"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// rotating is a server that takes 10 ms for a handshake, shows another generation from each instant in starts on, and
// fails every 10th handshake. Every 4th is resumed, with the leaf of a ticket of generation 1.
func rotating(starts ...time.Duration) dialFunc {
	return func(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
		o.Connected = now()
		if err := lasting(10*ms)(ctx, now, o); err != nil {
			return err
		}
		if o.Seq%10 == 9 {
			o.Complete, o.Confirmed = 0, 0
			return errors.New("odd")
		}
		if o.Outcome.Resumed = o.Seq%4 == 3; o.Outcome.Resumed {
			o.Generation = 1
			return nil
		}
		for i, start := range starts {
			if o.Complete >= start {
				o.Generation = uint64(i + 1)
			}
		}
		return nil
	}
}

// An open loop of 100 handshakes a second for 40 s, so that a slot is 101 ms long: each handshake ends 10 ms after it
// was due.
func TestTimelineOfOpenLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chronicle{Dialer: rotating(0, 20050*ms)}
		load := Load{Loop: Open, Process: Constant, Workers: 4, Phases: []Phase{{Length: 40 * time.Second, Rate: 100}}}
		r, err := runFake(t, t.Context(), c, load)
		if err != nil {
			t.Fatal(err)
		}
		generations, slots := c.tell()
		checkTimeline(t, r, generations, slots)
		// Of each 20 handshakes 2 fail and 4 are resumed, for the 19th does not live to be that.
		want := []Generation{
			{1, 1403, 10 * ms, 20030 * ms},
			{2, 1397, 20050 * ms, 39990 * ms},
		}
		for i := range generations {
			generations[i].First, generations[i].Last = generations[i].First.Round(ms), generations[i].Last.Round(ms)
		}
		if !reflect.DeepEqual(generations, want) {
			t.Errorf("got the generations %+v, want %+v", generations, want)
		}
		if len(slots) != 397 || slots[1] != (Slot{101 * ms, 101 * ms, 9, 1, 10 * ms, 10 * ms, 1, 1}) {
			t.Errorf("got %d slots, the second %+v", len(slots), slots[1])
		}
		if s := slots[198]; s.Oldest != 1 || s.Newest != 2 {
			t.Errorf("the slot of the change shows %+v", s)
		}
	})
}

func TestTimelineOfClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &chronicle{Dialer: rotating(0, 50*ms, 90*ms)}
		r, err := runFake(t, t.Context(), c, Load{Loop: Closed, Workers: 2, Length: 100 * ms})
		if err != nil {
			t.Fatal(err)
		}
		generations, slots := c.tell()
		checkTimeline(t, r, generations, slots)
		if len(slots) != 10 || slots[9].Length != ms {
			t.Errorf("got %d slots, the last %+v; want one of 1ms for every 10ms", len(slots), slots[9])
		}
		if len(generations) != 3 || generations[2].Number != 3 {
			t.Errorf("got the generations %+v", generations)
		}
	})
}

// In turns the slots of the other loop's turns are left out.
func TestTimelineInTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		one, other := net.Pipe()
		var running sync.WaitGroup
		for i, baton := range []net.Conn{one, other} {
			running.Go(func() {
				c := &chronicle{Dialer: rotating(0)}
				r, err := RunInTurns(t.Context(), c, inTurns(200*ms, 1), Turns{Slice: 50 * ms, First: i == 0}, baton)
				if err != nil {
					t.Errorf("loop %d: %v", i, err)
				}
				generations, slots := c.tell()
				checkTimeline(t, r, generations, slots)
				for _, s := range slots {
					if turn := int((s.At - ms) / (50 * ms)); turn%2 != i {
						t.Errorf("loop %d has a handshake in turn %d: %+v", i, turn, s)
					}
				}
			})
		}
		running.Wait()
	})
}

// checkTimeline checks what holds for every timeline of a result.
func checkTimeline(t *testing.T, r Result, generations []Generation, slots []Slot) {
	t.Helper()
	var confirmed, failed uint64
	for i, s := range slots {
		confirmed, failed = confirmed+s.Confirmed, failed+s.Failed
		if s.Length != slots[0].Length || s.At%s.Length != 0 || i > 0 && s.At <= slots[i-1].At {
			t.Errorf("slot %d: %+v", i, s)
		}
	}
	if l := r.Ledger; confirmed != l.Confirmed || failed != l.Failed+l.Unconfirmed || len(slots) > maxSlots {
		t.Errorf("%d slots hold %d confirmed and %d failed, the ledger %+v", len(slots), confirmed, failed, l)
	}
	for _, g := range generations {
		if g.Seen == 0 || g.First > g.Last || g.Number == 0 {
			t.Errorf("generation %+v", g)
		}
	}
}

func TestSlot(t *testing.T) {
	for name, tc := range map[string]struct {
		moments []moment
		want    Slot
	}{
		"all failed":  {[]moment{{at: 5 * ms}, {at: 6 * ms}}, Slot{At: 0, Length: 10 * ms, Failed: 2}},
		"all resumed": {[]moment{{at: ms, response: 3, confirmed: true}}, Slot{0, 10 * ms, 1, 0, 3, 3, 0, 0}},
		"a median": {[]moment{
			{response: 9, generation: 7, confirmed: true}, {response: 1, generation: 6, confirmed: true}, {response: 2, confirmed: true},
		}, Slot{0, 10 * ms, 3, 0, 2, 9, 6, 7}},
	} {
		if got := slot(0, 10*ms, tc.moments); got != tc.want {
			t.Errorf("%s: got %+v, want %+v", name, got, tc.want)
		}
	}
}

// The stock dialer reads the generation off the leaf, whose serial number is 2 here, and a job that asks for it gets a
// timeline that counts from where the stretch began.
func TestGenerationOfStock(t *testing.T) {
	server := serve(t, nil)
	for _, tc := range []struct {
		kind handshake.Kind
		want int
	}{{handshake.Full, 1}, {handshake.Resumed, 0}} {
		job := server.job(handshake.Spec{Kind: tc.kind}, 2, 20)
		job.Timeline = true
		clock := handshake.NewClock()
		before := clock.Now()
		g := startGenerator(t, job)
		g.awaitReady(t)
		r := g.run(t)
		checkTimeline(t, r, r.Generations, r.Timeline)
		if len(r.Generations) != tc.want || tc.want > 0 && (r.Generations[0].Number != 2 || r.Generations[0].Seen != 20) {
			t.Errorf("%v: got the generations %+v of 20 handshakes", tc.kind, r.Generations)
		}
		if after := clock.Now(); r.Began < before || r.Began > after {
			t.Errorf("%v: began at %v, want between %v and %v", tc.kind, r.Began, before, after)
		}
	}
}

// A chronicle grows by whole chunks.
func TestChronicleKeepsAll(t *testing.T) {
	c := &chronicle{Dialer: dialFunc(instant)}
	r, err := Run(t.Context(), c, Load{Loop: Closed, Workers: 3, Handshakes: 2*chunk + 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	generations, slots := c.tell()
	checkTimeline(t, r, generations, slots)
}
