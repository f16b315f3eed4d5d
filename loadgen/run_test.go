package loadgen

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// dialFunc is a Dialer without a network.
type dialFunc func(ctx context.Context, now func() time.Duration, o *handshake.Observation) error

func (f dialFunc) Dial(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	return f(ctx, now, o)
}

// lasting confirms after d, on a synctest clock.
func lasting(d time.Duration) dialFunc {
	return func(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
		o.Connected = now()
		select {
		case <-time.After(d):
		case <-ctx.Done():
			return ctx.Err()
		}
		o.Complete, o.Confirmed = now(), now()
		return nil
	}
}

// instant confirms at once.
func instant(_ context.Context, now func() time.Duration, o *handshake.Observation) error {
	o.Connected, o.Complete, o.Confirmed = now(), now(), now()
	return nil
}

// runFake is Run on a synctest clock.
func runFake(t *testing.T, ctx context.Context, dialer Dialer, load Load) (Result, error) {
	return runFakeInTurns(t, ctx, dialer, load, nil)
}

// runFakeInTurns is run on a synctest clock.
func runFakeInTurns(t *testing.T, ctx context.Context, dialer Dialer, load Load, turns *Turns) (Result, error) {
	t.Helper()
	if err := load.Check(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := newStretch(dialer, load.Workers, cancel)
	s.start = s.start.Add(-1) // an instant of 0 means "not reached", and here no time passes by itself
	if load.Loop == Closed {
		return closedLoop(ctx, s, load)
	}
	sleep := func(d time.Duration) error {
		select {
		case <-time.After(d):
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return openLoop(ctx, s, load, load.Schedule(1), turns, sleep)
}

const ms = time.Millisecond

func TestClosedLoop(t *testing.T) {
	for _, tc := range []struct {
		name string
		load Load
		want uint64
		wall time.Duration
	}{
		{"by number", Load{Workers: 3, Handshakes: 30}, 30, 100 * ms},
		{"fewer than workers", Load{Workers: 50, Handshakes: 7}, 7, 10 * ms},
		{"by length", Load{Workers: 2, Length: 95 * ms}, 20, 100 * ms}, // those under way end as usual
		{"what comes first", Load{Workers: 1, Length: time.Hour, Handshakes: 5}, 5, 50 * ms},
	} {
		synctest.Test(t, func(t *testing.T) {
			tc.load.Loop = Closed
			r, err := runFake(t, t.Context(), lasting(10*ms), tc.load)
			if err != nil {
				t.Fatal(err)
			}
			checkBooks(t, r)
			if r.Ledger.Confirmed != tc.want || r.Wall.Round(ms) != tc.wall {
				t.Errorf("%s: got %d in %v, want %d in %v", tc.name, r.Ledger.Confirmed, r.Wall, tc.want, tc.wall)
			}
			if r.Lateness.Max() != 0 || r.Service.Max() != int64(10*ms) || r.Response.Max() != int64(10*ms) {
				t.Errorf("%s: lateness %d, service %d, response %d", tc.name, r.Lateness.Max(), r.Service.Max(), r.Response.Max())
			}
		})
	}
}

func TestOpenLoopKeepsDueTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var seen sync.Map
		dialer := dialFunc(func(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
			seen.Store(o.Seq, o.Due)
			return lasting(10*ms)(ctx, now, o)
		})
		load := Load{Loop: Open, Process: Constant, Workers: 4, Phases: []Phase{{Length: time.Second, Rate: 100}, {Length: time.Second, Rate: 50}}}
		r, err := runFake(t, t.Context(), dialer, load)
		if err != nil {
			t.Fatal(err)
		}
		checkBooks(t, r)
		if r.Ledger.Confirmed != 150 || r.Lateness.Max() > 1 {
			t.Errorf("got %d confirmed, at most %d ns late, want 150 on time", r.Ledger.Confirmed, r.Lateness.Max())
		}
		for seq, want := range map[uint64]time.Duration{0: 0, 1: 10 * ms, 99: 990 * ms, 100: time.Second, 149: 1980 * ms} {
			if got, _ := seen.Load(seq); got != want {
				t.Errorf("handshake %d was due at %v, want %v", seq, got, want)
			}
		}
	})
}

// The server stalls for a second. A closed loop of the same workers would have one slow handshake a worker.
func TestOpenLoopCountsFromDue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		dialer := dialFunc(func(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
			end := now() + ms
			if now() >= time.Second && now() < 2*time.Second {
				end = 2*time.Second + ms
			}
			return lasting(end-now())(ctx, now, o)
		})
		load := Load{Loop: Open, Process: Constant, Workers: 5, Phases: []Phase{{Length: 10 * time.Second, Rate: 1000}}}
		r, err := runFake(t, t.Context(), dialer, load)
		if err != nil {
			t.Fatal(err)
		}
		if r.Ledger.Confirmed != 10000 {
			t.Errorf("got %+v, want all of 10000 confirmed", r.Ledger)
		}
		service, response := time.Duration(r.Service.Quantile(0.99)), time.Duration(r.Response.Quantile(0.99))
		if service > 2*ms || response < 850*ms {
			t.Errorf("got p99 of service time %v and of response time %v, want about 1ms and 900ms", service, response)
		}
		if got := time.Duration(r.Lateness.Max()); got < 990*ms {
			t.Errorf("got at most %v late, want about a second", got)
		}
	})
}

// The server answers one handshake in four minutes: the backlog is given up and counted.
func TestBacklogIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		load := Load{Loop: Open, Process: Constant, Workers: 2, Drain: 3 * time.Second, Phases: []Phase{{Length: time.Second, Rate: 100}}}
		r, err := runFake(t, t.Context(), lasting(4*time.Minute), load)
		if err != nil {
			t.Fatal(err)
		}
		checkBooks(t, r)
		l := r.Ledger
		if l.Began != 100 || l.Confirmed != 2 || l.Failed != 98 || l.Connected != 2 {
			t.Errorf("got %+v, want 100 begun, 2 confirmed, 98 failed", l)
		}
		for reason, n := range l.Errors {
			if !strings.HasPrefix(reason, "not begun: ") || n != 98 {
				t.Errorf("got %d for %q", n, reason)
			}
		}
		if r.Lateness.Count() != 2 {
			t.Errorf("got %d latenesses, want those of the 2 that really began", r.Lateness.Count())
		}
	})
}

func TestCancelEndsRun(t *testing.T) {
	for _, load := range []Load{
		{Loop: Closed, Workers: 3, Length: time.Hour},
		{Loop: Open, Process: Poisson, Workers: 3, Phases: []Phase{{Length: time.Hour, Rate: 10}}},
		{Loop: Open, Process: Constant, Workers: 3, Phases: []Phase{{Length: time.Hour, Rate: 1e-3}}}, // asleep
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			why := errors.New("enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, why)
			defer cancel()
			if _, err := runFake(t, ctx, lasting(time.Minute), load); !errors.Is(err, why) {
				t.Errorf("%s: got %v, want %v", load.Loop, err, why)
			}
			if took := time.Since(began); took != time.Second {
				t.Errorf("%s: ended after %v, want 1s", load.Loop, took)
			}
		})
	}
}

func TestUnreachable(t *testing.T) {
	var dialled, refused atomic.Int64
	dialer := dialFunc(func(_ context.Context, now func() time.Duration, o *handshake.Observation) error {
		if dialled.Add(1) == 700 {
			return instant(t.Context(), now, o) // a success starts the count anew
		}
		refused.Add(1)
		return fmt.Errorf("dial 127.0.0.1:443: %w", syscall.ECONNREFUSED)
	})
	_, err := Run(t.Context(), dialer, Load{Loop: Closed, Workers: 1, Length: time.Hour}, 0)
	if err == nil || !strings.Contains(err.Error(), "server is unreachable") || strings.Contains(err.Error(), "127.") {
		t.Errorf("got %v", err)
	}
	if got := refused.Load(); got != 699+Unreachable {
		t.Errorf("gave up after %d failures, want %d", got, 699+Unreachable)
	}
}

// silent times every handshake out, but those that answered chooses: these are rejected after d.
func silent(d time.Duration, answered func(seq uint64) bool) dialFunc {
	return func(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
		if err := lasting(d)(ctx, now, o); err != nil {
			return err
		}
		o.Complete, o.Confirmed = 0, 0
		if answered(o.Seq) {
			return errors.New("tls: certificate required")
		}
		return os.ErrDeadlineExceeded
	}
}

// A stopped server: the kernel still takes connections for it, so no connect fails.
func TestServerThatHangs(t *testing.T) {
	never := func(uint64) bool { return false }
	hour := []Phase{{Length: time.Hour, Rate: 1}}
	for _, tc := range []struct {
		name     string
		load     Load
		timeouts int
		took     time.Duration
	}{
		{"one worker", Load{Loop: Closed, Workers: 1, Handshakes: 3000}, 16, 160 * time.Second},
		{"four workers", Load{Loop: Closed, Workers: 4, Handshakes: 3000}, 16, 40 * time.Second},
		{"many workers", Load{Loop: Closed, Workers: 256, Length: time.Hour}, 1024, 40 * time.Second},
		{"open loop", Load{Loop: Open, Process: Constant, Workers: 64, Phases: hour}, 256, 265 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			_, err := runFake(t, t.Context(), silent(10*time.Second, never), tc.load)
			want := fmt.Sprintf("server does not answer: %d handshakes in a row timed out", tc.timeouts)
			if took := time.Since(began); err == nil || err.Error() != want || took.Round(ms) != tc.took {
				t.Errorf("%s: got %v after %v, want %s after %v", tc.name, err, took, want, tc.took)
			}
		})
	}
}

// A rejection is an answer: a stretch of nothing but rejections and timeouts is measured to its end.
func TestServerThatRejectsIsNotGivenUp(t *testing.T) {
	for name, answered := range map[string]func(uint64) bool{
		"all":       func(uint64) bool { return true },
		"each 16th": func(seq uint64) bool { return seq%16 == 15 },
	} {
		synctest.Test(t, func(t *testing.T) {
			r, err := runFake(t, t.Context(), silent(ms, answered), Load{Loop: Closed, Workers: 1, Handshakes: 2000})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			checkBooks(t, r)
			if r.Ledger.Failed != 2000 || r.Ledger.Confirmed != 0 {
				t.Errorf("%s: got %+v, want 2000 failed", name, r.Ledger)
			}
		})
	}
}

func TestFailuresAreCountedNotRetried(t *testing.T) {
	var dialled atomic.Int64
	dialer := dialFunc(func(_ context.Context, now func() time.Duration, o *handshake.Observation) error {
		dialled.Add(1)
		switch o.Seq % 5 {
		case 0:
			return instant(t.Context(), now, o)
		case 1:
			instant(t.Context(), now, o)
			return &handshake.Mismatch{Property: "group", Asked: "P-384", Got: "X25519"}
		case 2:
			return syscall.EADDRNOTAVAIL
		case 3:
			o.Connected = now()
			return errors.New("odd")
		}
		o.Connected, o.Complete = now(), now()
		return nil // forgets to say why
	})
	r, err := Run(t.Context(), dialer, Load{Loop: Closed, Workers: 4, Handshakes: 100}, 0)
	if err != nil {
		t.Fatal(err)
	}
	checkBooks(t, r)
	l := r.Ledger
	if dialled.Load() != 100 || l.Confirmed != 40 || l.Mismatched != 20 || l.Failed != 40 || l.Unconfirmed != 20 || l.Connected != 80 || r.NoPort != 20 {
		t.Errorf("dialled %d, no port %d, got %+v", dialled.Load(), r.NoPort, l)
	}
	for _, reason := range []string{"mismatch: group", "connect: " + syscall.EADDRNOTAVAIL.Error(), "handshake: odd", "unconfirmed: no reason given"} {
		if l.Errors[reason] != 20 {
			t.Errorf("got %d for %q, want 20 (%v)", l.Errors[reason], reason, l.Errors)
		}
	}
}

func TestReasonsAreBounded(t *testing.T) {
	dialer := dialFunc(func(_ context.Context, now func() time.Duration, o *handshake.Observation) error {
		o.Connected = now()
		return fmt.Errorf("number %d", o.Seq)
	})
	r, err := Run(t.Context(), dialer, Load{Loop: Closed, Workers: 4, Handshakes: 1000}, 0)
	if err != nil {
		t.Fatal(err)
	}
	sum := uint64(0)
	for _, n := range r.Ledger.Errors {
		sum += n
	}
	if len(r.Ledger.Errors) > maxReasons+1 || sum != 1000 {
		t.Errorf("got %d reasons for %d errors, want at most %d for 1000", len(r.Ledger.Errors), sum, maxReasons+1)
	}
}

// Run itself, with the real clock and the real pace.
func TestOpenLoopInRealTime(t *testing.T) {
	load := Load{Loop: Open, Process: Constant, Workers: 2, Phases: []Phase{{Length: 100 * ms, Rate: 500}}}
	began := time.Now()
	r, err := Run(t.Context(), dialFunc(instant), load, 1)
	if err != nil {
		t.Fatal(err)
	}
	checkBooks(t, r)
	if took := time.Since(began); r.Ledger.Confirmed != 50 || took < 98*ms || r.Wall < 98*ms {
		t.Errorf("got %d handshakes, wall %v, in %v, want 50 in at least 98ms", r.Ledger.Confirmed, r.Wall, took)
	}
	if r.CPU.Total() <= 0 || r.GOMAXPROCS < 1 || r.Seen.Go == "" {
		t.Errorf("got CPU %v, GOMAXPROCS %d, seen %+v", r.CPU, r.GOMAXPROCS, r.Seen)
	}
}

func TestPaceEndsWithContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	sleep, closePace, err := newPace(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer closePace()
	began := time.Now()
	if err := sleep(5 * ms); err != nil || time.Since(began) < 5*ms {
		t.Errorf("got %v after %v, want nil after 5ms", err, time.Since(began))
	}
	time.AfterFunc(10*ms, cancel)
	if err := sleep(time.Hour); err == nil {
		t.Error("a cancelled sleep of an hour gave no error")
	}
}

func TestRunRefusesBadLoad(t *testing.T) {
	if _, err := Run(t.Context(), dialFunc(instant), Load{}, 0); err == nil {
		t.Error("got no error for an empty load")
	}
}

func TestRecordingAllocatesNothing(t *testing.T) {
	s := newStretch(dialFunc(instant), 1, nil)
	books := newTally()
	var o handshake.Observation
	got := testing.AllocsPerRun(1000, func() {
		o = handshake.Observation{Seq: o.Seq + 1}
		s.one(t.Context(), &o, &books)
	})
	if got != 0 {
		t.Errorf("got %v allocations per handshake, want 0", got)
	}
}

// A call over a connection that is there has response times, and no handshake that would take none.
func TestCallsHaveNoHandshakeTime(t *testing.T) {
	call := dialFunc(func(_ context.Context, now func() time.Duration, o *handshake.Observation) error {
		o.Connected, o.Complete, o.Confirmed = o.Began+1, o.Began+1, now()+1
		return nil
	})
	r, err := Run(t.Context(), call, Load{Loop: Closed, Workers: 1, Handshakes: 7}, 1)
	if err != nil || r.Ledger.Confirmed != 7 || r.Response.Count() != 7 || r.Handshake.Count() != 0 {
		t.Errorf("got %d confirmed, %d response times, %d handshake times, %v", r.Ledger.Confirmed, r.Response.Count(), r.Handshake.Count(), err)
	}
}
