package loadgen

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// diary is when the handshakes of several loops were under way.
type diary struct {
	mu   sync.Mutex
	done []entry
}

type entry struct {
	loop         int
	began, ended time.Time
}

// lasting is a loop's dialer that confirms after the time that it is given, and enters each handshake.
func (d *diary) lasting(loop int, last func(seq uint64) time.Duration) dialFunc {
	return func(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
		began := time.Now()
		o.Connected = now() + 1 // an instant of 0 means "not reached"
		time.Sleep(last(o.Seq)) // in a bubble
		o.Complete, o.Confirmed = now(), now()
		d.mu.Lock()
		defer d.mu.Unlock()
		d.done = append(d.done, entry{loop, began, time.Now()})
		return nil
	}
}

// turns adds up what the turns of each of two loops lasted, by the handshakes in them, and counts the changes from
// one loop to the other. It fails where two turns overlap.
func (d *diary) turns(t *testing.T) (lasted [2]time.Duration, changes int) {
	t.Helper()
	slices.SortFunc(d.done, func(a, b entry) int { return cmp.Or(a.began.Compare(b.began), cmp.Compare(a.loop, b.loop)) })
	turn := d.done[0]
	for _, e := range d.done[1:] {
		switch {
		case e.loop != turn.loop:
			if e.began.Before(turn.ended) {
				t.Errorf("loop %d began a handshake %v before the turn of loop %d was over", e.loop, turn.ended.Sub(e.began), turn.loop)
			}
			lasted[turn.loop] += turn.ended.Sub(turn.began)
			turn = e
			changes++
		case e.ended.After(turn.ended):
			turn.ended = e.ended
		}
	}
	lasted[turn.loop] += turn.ended.Sub(turn.began)
	return lasted, changes
}

func steady(d time.Duration) func(uint64) time.Duration {
	return func(uint64) time.Duration { return d }
}

func uneven(seq uint64) time.Duration { return time.Duration(1+seq*seq%7) * ms }

func inTurns(length time.Duration, workers int) Load {
	return Load{Loop: Closed, Workers: workers, Length: length}
}

func TestTurns(t *testing.T) {
	for _, tc := range []struct {
		name    string
		loads   [2]Load
		last    [2]func(uint64) time.Duration
		wall    [2]time.Duration // zero: not known beforehand
		began   [2]uint64
		changes int
	}{
		{"alike", [2]Load{inTurns(100*ms, 2), inTurns(100*ms, 2)}, [2]func(uint64) time.Duration{steady(10 * ms), steady(7 * ms)},
			[2]time.Duration{120 * ms, 112 * ms}, [2]uint64{24, 32}, 7},
		{"a whole last turn", [2]Load{inTurns(31*ms, 1), inTurns(28*ms, 1)}, [2]func(uint64) time.Duration{steady(10 * ms), steady(7 * ms)},
			[2]time.Duration{60 * ms, 28 * ms}, [2]uint64{6, 4}, 2},
		{"one ends early", [2]Load{inTurns(30*ms, 2), inTurns(100*ms, 2)}, [2]func(uint64) time.Duration{steady(10 * ms), steady(7 * ms)},
			[2]time.Duration{30 * ms, 112 * ms}, [2]uint64{6, 32}, 1},
		{"handshakes longer than a slice", [2]Load{inTurns(80*ms, 3), inTurns(80*ms, 1)}, [2]func(uint64) time.Duration{steady(40 * ms), steady(80 * ms)},
			[2]time.Duration{80 * ms, 80 * ms}, [2]uint64{6, 1}, 2},
		{"uneven", [2]Load{inTurns(time.Second, 5), inTurns(time.Second, 3)}, [2]func(uint64) time.Duration{uneven, uneven},
			[2]time.Duration{}, [2]uint64{}, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			var results [2]Result
			batons := [2]net.Conn{}
			batons[0], batons[1] = net.Pipe()
			start := time.Now()
			var running sync.WaitGroup
			for i := range 2 {
				running.Go(func() {
					r, err := RunInTurns(t.Context(), d.lasting(i, tc.last[i]), tc.loads[i], Turns{Slice: 25 * ms, First: i == 0}, batons[i])
					if err != nil {
						t.Errorf("%s: loop %d: %v", tc.name, i, err)
					}
					results[i] = r
				})
			}
			running.Wait()
			took := time.Since(start)
			lasted, changes := d.turns(t)
			for i, r := range results {
				checkBooks(t, r)
				if r.Wall != lasted[i] || r.Wall < tc.loads[i].Length {
					t.Errorf("%s: loop %d: wall %v, want the sum of its turns, %v, and at least %v", tc.name, i, r.Wall, lasted[i], tc.loads[i].Length)
				}
				if tc.began[i] != 0 && (r.Wall != tc.wall[i] || r.Ledger.Confirmed != tc.began[i]) {
					t.Errorf("%s: loop %d: got %d in %v, want %d in %v", tc.name, i, r.Ledger.Confirmed, r.Wall, tc.began[i], tc.wall[i])
				}
			}
			if took != lasted[0]+lasted[1] {
				t.Errorf("%s: took %v, want the sum of all turns, %v", tc.name, took, lasted[0]+lasted[1])
			}
			if tc.changes != 0 && changes != tc.changes {
				t.Errorf("%s: the loops took over from each other %d times, want %d", tc.name, changes, tc.changes)
			}
		})
	}
}

// A loop whose server is gone fails as without turns, and leaves the other one all further turns.
func TestTurnsOfFailedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d diary
		one, other := net.Pipe()
		refused := dialFunc(func(context.Context, func() time.Duration, *handshake.Observation) error {
			time.Sleep(ms)
			return syscall.ECONNREFUSED
		})
		failed := make(chan error)
		go func() {
			_, err := RunInTurns(t.Context(), refused, inTurns(time.Hour, 2), Turns{Slice: 25 * ms, First: true}, one)
			failed <- err
		}()
		left := make(chan Result)
		go func() {
			r, err := RunInTurns(t.Context(), d.lasting(1, steady(5*ms)), inTurns(5*time.Second, 2), Turns{Slice: 25 * ms}, other)
			if err != nil {
				t.Error(err)
			}
			left <- r
		}()
		if err := <-failed; err == nil || !strings.Contains(err.Error(), "server is unreachable") {
			t.Errorf("got %v, want an unreachable server", err)
		}
		if r := <-left; r.Wall != 5*time.Second || r.Ledger.Confirmed != 2000 {
			t.Errorf("the other loop got %d in %v, want 2000 in 5s", r.Ledger.Confirmed, r.Wall)
		}
	})
}

func TestTurnsAlone(t *testing.T) {
	for _, first := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			var d diary
			baton, other := net.Pipe()
			other.Close()
			start := time.Now()
			r, err := RunInTurns(t.Context(), d.lasting(0, steady(5*ms)), inTurns(time.Second, 1), Turns{Slice: 25 * ms, First: first}, baton)
			if err != nil || r.Wall != time.Second || r.Ledger.Confirmed != 200 || time.Since(start) != time.Second {
				t.Errorf("first %v: got %d in %v, %v, want 200 in 1s", first, r.Ledger.Confirmed, r.Wall, err)
			}
		})
	}
}

// The other one keeps its end open and does nothing: with the first turn the loop cannot pass the baton, without it
// the baton does not come, and in between it is passed and does not come back.
func TestCancelEndsTurns(t *testing.T) {
	for name, tc := range map[string]struct {
		first bool
		other func(net.Conn)
	}{
		"pass":      {true, func(net.Conn) {}},
		"await":     {false, func(net.Conn) {}},
		"come back": {true, func(c net.Conn) { c.Read(make([]byte, 1)) }},
	} {
		synctest.Test(t, func(t *testing.T) {
			why := errors.New("enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
			defer cancel()
			baton, other := net.Pipe()
			defer other.Close()
			go tc.other(other)
			start := time.Now()
			_, err := RunInTurns(ctx, new(diary).lasting(0, steady(5*ms)), inTurns(time.Hour, 3), Turns{Slice: 25 * ms, First: tc.first}, baton)
			if !errors.Is(err, why) || time.Since(start) != time.Second {
				t.Errorf("%s: got %v after %v, want %v after 1s", name, err, time.Since(start), why)
			}
		})
	}
}

// broken is a baton that fails for another reason than a close.
type broken struct{ net.Conn }

func (broken) Read([]byte) (int, error)  { return 0, syscall.EIO }
func (broken) Write([]byte) (int, error) { return 0, syscall.EIO }

func TestBrokenBaton(t *testing.T) {
	for want, first := range map[string]bool{"wait for the baton: ": false, "pass the baton: ": true} {
		conn, _ := net.Pipe()
		_, err := RunInTurns(t.Context(), dialFunc(instant), inTurns(time.Hour, 2), Turns{Slice: ms, First: first}, broken{conn})
		if !errors.Is(err, syscall.EIO) || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, want %s%v", err, want, syscall.EIO)
		}
	}
}

func TestTurnsRefused(t *testing.T) {
	good := inTurns(time.Second, 1)
	phases := []Phase{{Length: time.Second, Rate: 1}}
	for _, tc := range []struct {
		load Load
		want string
		Turns
	}{
		{good, "turns: a slice of 0s", Turns{}},
		{Load{Loop: Closed, Workers: 1, Handshakes: 1}, "turns: a closed loop that takes turns", Turns{Slice: ms}},
		{Load{Loop: Closed, Workers: 1, Handshakes: 1, Length: time.Second}, "turns: a closed loop that takes turns", Turns{Slice: ms}},
		{Load{Loop: Open, Process: Constant, Workers: 1, Phases: phases}, "turns: only a closed loop", Turns{Slice: ms}},
		{Load{}, "load: 0 workers", Turns{Slice: ms}},
	} {
		baton, other := net.Pipe()
		_, err := RunInTurns(t.Context(), dialFunc(instant), tc.load, tc.Turns, baton)
		if err == nil || !strings.HasPrefix(err.Error(), tc.want) {
			t.Errorf("got %v, want %s", err, tc.want)
		}
		if _, err := other.Read(make([]byte, 1)); err != io.EOF {
			t.Errorf("the other one got %v, want %v", err, io.EOF)
		}
	}
}

func TestTurnsAllocateNothing(t *testing.T) {
	r := rota{stretch: newStretch(dialFunc(instant), 1, nil), ends: time.Hour}
	var o handshake.Observation
	if got := testing.AllocsPerRun(1000, func() { r.ask(t.Context(), &o) }); got != 0 {
		t.Errorf("got %v allocations per handshake, want 0", got)
	}
}
