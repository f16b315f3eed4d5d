package edge

import (
	"runtime"
	"testing"
)

func TestBlocked(t *testing.T) {
	before := runtime.NumGoroutine()
	arms, err := runBlocked(t.Context(), bench(t), []int{8, 32}, 160)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"8", "32", "net/http-8", "net/http-32"} {
		if got := measured(t, arms, name, "handshakes"); got.Value != 160 || got.Of != 160 {
			t.Errorf("%s: got %g of %d handshakes, want all of 160", name, got.Value, got.Of)
		}
		if got := measured(t, arms, name, "blocked_share"); got.Of == 0 || got.Value > 1 {
			t.Errorf("%s: got a share of %g of %d goroutines", name, got.Value, got.Of)
		}
		measured(t, arms, name, "lock_wait")
	}
	// Of 8 connections that want a lock which each holds for longer than the rest of its handshake takes, some wait.
	some, own := measured(t, arms, "one-lock", "blocked_share"), measured(t, arms, "one-lock", "blocked_in_conn_share")
	if some.Value == 0 || own.Value >= some.Value {
		t.Errorf("one-lock: got a share of %g of %d goroutines, %g at a connection's own lock, want some, mostly elsewhere", some.Value, some.Of, own.Value)
	}
	settles(t, before)
}

func TestAwaits(t *testing.T) {
	for _, tc := range []struct {
		name   string
		stack  []string
		caller string
		waits  bool
	}{
		{"handshakeMutex", []string{"runtime.gopark", "runtime.semacquire1", "internal/sync.runtime_SemacquireMutex", "internal/sync.(*Mutex).lockSlow", "internal/sync.(*Mutex).Lock", "sync.(*Mutex).Lock", "crypto/tls.(*Conn).handshakeContext"}, "crypto/tls.(*Conn).handshakeContext", true},
		{"read lock", []string{"runtime.gopark", "sync.runtime_SemacquireRWMutexR", "sync.(*RWMutex).RLock", "lab.f"}, "lab.f", true},
		{"network", []string{"runtime.gopark", "internal/poll.runtime_pollWait", "crypto/tls.(*Conn).Read"}, "", false},
		{"wait group", []string{"runtime.gopark", "sync.runtime_SemacquireWaitGroup", "sync.(*WaitGroup).Wait", "lab.f"}, "", false},
		{"at work under a lock that it holds", []string{"crypto/ecdsa.Sign", "sync.(*Mutex).Lock"}, "", false},
	} {
		if caller, waits := awaits(tc.stack); caller != tc.caller || waits != tc.waits {
			t.Errorf("%s: got %q %t, want %q %t", tc.name, caller, waits, tc.caller, tc.waits)
		}
	}
}

func TestKeepaliveGet(t *testing.T) {
	before := runtime.NumGoroutine()
	arms, err := runKeepaliveGet(t.Context(), 30)
	if err != nil {
		t.Fatal(err)
	}
	for arm, want := range map[string]float64{"net/http": 1, "close": 30} {
		if got := measured(t, arms, arm, "handshakes"); got.Value != want || got.Of != 30 {
			t.Errorf("%s: got %g handshakes of %d requests, want %g of 30", arm, got.Value, got.Of, want)
		}
	}
	settles(t, before)
}

func TestNextProto(t *testing.T) {
	before := runtime.NumGoroutine()
	arms, err := runNextProto(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for arm, want := range map[string]float64{"default": 1, "custom-map": 0} {
		if got := measured(t, arms, arm, "h2"); got.Value != want {
			t.Errorf("%s: got h2 %g, want %g", arm, got.Value, want)
		}
	}
	settles(t, before)
}

func TestConfigForClient(t *testing.T) {
	before := runtime.NumGoroutine()
	arms, err := runConfigs(t.Context(), bench(t), 3, 4, 5)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"none", "static", "clone", "swapped"} {
		for _, cost := range []string{"cpu", "allocs", "cpu_ratio"} {
			if got := measured(t, arms, name, cost); got.Of != 3 || got.Value <= 0 || got.Low == nil {
				t.Errorf("%s: got %+v, want a cost of 3 rounds with an interval", name, got)
			}
		}
		// What does not swap goes on showing its first certificate; of what does, no handshake may.
		stale := measured(t, arms, name, "stale")
		if fresh := name == "swapped"; fresh != (stale.Value == 0) || stale.Of == 0 {
			t.Errorf("%s: got %g stale handshakes of %d", name, stale.Value, stale.Of)
		}
	}
	settles(t, before)
}

func TestMedian(t *testing.T) {
	values := make([]float64, 20)
	for i := range values {
		values[i] = float64(20 - i)
	}
	for _, tc := range []struct {
		values         []float64
		want, low, top float64
	}{
		{[]float64{7}, 7, 7, 7},
		{[]float64{3, 1, 2}, 2, 1, 3},
		{values, 10, 5, 16},
	} {
		if got := median("cpu", "s", tc.values); got.Value != tc.want || *got.Low != tc.low || *got.High != tc.top {
			t.Errorf("got %g [%g, %g], want %g [%g, %g]", got.Value, *got.Low, *got.High, tc.want, tc.low, tc.top)
		}
	}
}
