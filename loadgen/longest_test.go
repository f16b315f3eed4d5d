package loadgen

import (
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

func ExampleLoad_Longest() {
	load := Load{Loop: Closed, Workers: 2, Length: 30 * time.Second}
	fmt.Println(load.Longest(0), load.Longest(time.Second))
	// Output: 40s 31s
}

// Handshakes that all end just before they time out take as long as Longest says, and no longer.
func TestLongest(t *testing.T) {
	const timeout = time.Second
	phases := []Phase{{Length: time.Second, Rate: 100}, {Length: 500 * ms, Rate: 10}}
	for _, tc := range []struct {
		name string
		load Load
		want time.Duration
	}{
		{"length", Load{Loop: Closed, Workers: 3, Length: 2500 * ms}, 3500 * ms},
		{"handshakes", Load{Loop: Closed, Workers: 3, Handshakes: 30}, 10 * time.Second},
		{"handshakes, one over", Load{Loop: Closed, Workers: 3, Handshakes: 31}, 11 * time.Second},
		{"fewer handshakes than workers", Load{Loop: Closed, Workers: 50, Handshakes: 7}, time.Second},
		{"length before handshakes", Load{Loop: Closed, Workers: 1, Length: 1500 * ms, Handshakes: 9}, 2500 * ms},
		{"handshakes before length", Load{Loop: Closed, Workers: 1, Length: time.Hour, Handshakes: 9}, 9 * time.Second},
		{"open", Load{Loop: Open, Process: Constant, Workers: 2, Drain: 4 * time.Second, Phases: phases}, 6500 * ms},
		{"open, usual drain", Load{Loop: Open, Process: Poisson, Workers: 2, Phases: phases}, 12500 * ms},
	} {
		if got := tc.load.Longest(timeout); got != tc.want {
			t.Errorf("%s: got %v, want %v", tc.name, got, tc.want)
		}
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			if _, err := runFake(t, t.Context(), lasting(timeout), tc.load); err != nil {
				t.Fatalf("%s: %v", tc.name, err)
			}
			if took := time.Since(began); took > tc.want || took < tc.want-timeout {
				t.Errorf("%s: ended after %v, want at most %v and not much less", tc.name, took, tc.want)
			}
		})
	}
}

func TestLongestDoesNotOverflow(t *testing.T) {
	for _, load := range []Load{
		{Loop: Closed, Workers: 1, Handshakes: math.MaxUint64},
		{Loop: Closed, Workers: 1, Length: math.MaxInt64},
		{Loop: Open, Workers: 1, Phases: []Phase{{Length: math.MaxInt64, Rate: 1}}},
	} {
		if got := load.Longest(0); got != math.MaxInt64 {
			t.Errorf("%+v: got %v, want %v", load, got, time.Duration(math.MaxInt64))
		}
	}
}

func TestLongestOfJob(t *testing.T) {
	job := Job{Load: Load{Loop: Closed, Workers: 2, Length: 5 * time.Second}, Timeout: time.Second}
	if got, want := job.Longest(), 6*time.Second; got != want {
		t.Errorf("got %v, want %v", got, want)
	}
	job.Turns = &Turns{Slice: 50 * ms}
	if got, want := job.Longest(), 12*time.Second+100*ms; got != want {
		t.Errorf("in turns: got %v, want %v", got, want)
	}
	job.Load.Length = math.MaxInt64
	if got := job.Longest(); got != math.MaxInt64 {
		t.Errorf("in long turns: got %v, want %v", got, time.Duration(math.MaxInt64))
	}
}

func TestLongestWarmup(t *testing.T) {
	for _, tc := range []struct {
		kind            handshake.Kind
		warmup, timeout time.Duration
		want            time.Duration
	}{
		{handshake.Full, 0, 0, 0},
		{handshake.Full, 2 * time.Second, 0, 12 * time.Second},
		{handshake.Resumed, 0, time.Second, 2 * time.Second},
		{handshake.Resumed, 2 * time.Second, time.Second, 5 * time.Second},
	} {
		job := Job{Spec: handshake.Spec{Kind: tc.kind}, Load: Load{Workers: 8}, Warmup: tc.warmup, Timeout: tc.timeout}
		if got := job.LongestWarmup(); got != tc.want {
			t.Errorf("%+v: got %v, want %v", tc, got, tc.want)
		}
	}
}
