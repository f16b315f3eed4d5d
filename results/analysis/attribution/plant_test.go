package attribution

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// planted puts 2 ms into every tenth handshake: a share of it in one class, the rest in another.
func planted(share float64, class, leak account.Class) ([]Plant, []account.Handshake) {
	const size = 2 * time.Millisecond
	m := made{seed: 3, length: 20 * time.Second, rate: 500}
	m.extra = func(_ time.Duration, i int, rng *rand.Rand) (t account.Times) {
		if rng.IntN(50) == 0 { // a tail of its own that nobody planted
			t[account.Goroutine] = time.Duration(rng.ExpFloat64() * 3e6)
		}
		if i%10 == 0 {
			t[class] += time.Duration(share * float64(size))
			t[leak] += time.Duration((1 - share) * float64(size))
		}
		return t
	}
	handshakes := m.observed().Account.Handshakes
	var plants []Plant
	for _, h := range handshakes {
		if (h.Port-1024)%10 == 0 {
			plants = append(plants, Plant{h.Port, h.Begin + 100*time.Microsecond, size})
		}
	}
	return plants, handshakes
}

func TestRecover(t *testing.T) {
	for _, tt := range []struct {
		share       float64
		class, leak account.Class
	}{{1, account.Blocked, account.User}, {1, account.User, account.Kernel}, {0.8, account.RunQueue, account.Kernel}} {
		plants, handshakes := planted(tt.share, tt.class, tt.leak)
		r := Recover(plants, handshakes, tt.class)
		if r.Matched != len(plants) || r.Planted != len(plants) || len(plants) < 990 {
			t.Errorf("%s: matched %d of %d", tt.class, r.Matched, r.Planted)
		}
		if !near(r.P50, tt.share, 0.02) || !near(r.P99, tt.share, 0.1) {
			t.Errorf("%s: recovered %.3f and %.3f at p50 and p99, want %v", tt.class, r.P50, r.P99, tt.share)
		}
		if tt.share < 1 && (r.Leaks50 != tt.leak || !near(r.Leak50, 1-tt.share, 0.02)) {
			t.Errorf("%s: got a leak of %.3f into %s, want %.3f into %s", tt.class, r.Leak50, r.Leaks50, 1-tt.share, tt.leak)
		}
		if tt.share == 1 && (r.Leak50 > 0.02 || r.Leak50 < -0.02) {
			t.Errorf("%s: got a leak of %.3f into %s, want none", tt.class, r.Leak50, r.Leaks50)
		}
	}
}

func TestPlantsAreMatchedByPortAndInstant(t *testing.T) {
	at := func(begin int, port uint16) account.Handshake {
		return account.Handshake{Begin: time.Duration(begin), End: time.Duration(begin + 10), Port: port}
	}
	failed := at(300, 9)
	failed.Failed = true
	handshakes := []account.Handshake{at(100, 5), at(200, 5), at(200, 6), failed, at(400, 0)}
	for _, tt := range []struct {
		name            string
		plant           Plant
		matched, others int
	}{
		{"second of a port", Plant{5, 205, 1}, 1, 3},
		{"between", Plant{5, 150, 1}, 0, 2},
		{"no instant", Plant{6, 0, 1}, 1, 3},
		{"no instant, port used twice", Plant{5, 0, 1}, 0, 2},
		{"other port", Plant{8, 205, 1}, 0, 4},
		{"failed", Plant{9, 305, 1}, 0, 4},
		{"no port seen", Plant{0, 405, 1}, 0, 3},
		{"no size", Plant{6, 205, 0}, 0, 3},
	} {
		planted, others := matchPlants([]Plant{tt.plant}, handshakes)
		if len(planted) != tt.matched || len(others) != tt.others {
			t.Errorf("%s: got %d planted, %d others, want %d, %d", tt.name, len(planted), len(others), tt.matched, tt.others)
		}
	}
}

// The tail is the slowest hundredth of either side.
func TestRecoverComparesTails(t *testing.T) {
	var handshakes []account.Handshake
	var plants []Plant
	for i := range 400 {
		h := account.Handshake{Begin: time.Duration(i) * time.Second, Port: uint16(i + 1)}
		h.Time[account.User] = 1000
		if i%200 < 2 { // the slow hundredth of both halves
			h.Time[account.User] = 50000
		}
		if i >= 200 {
			h.Time[account.User] += 500 + time.Duration(i%200/2*2) // a plant that grows from 500 to 698
			plants = append(plants, Plant{h.Port, h.Begin, 1000})
		}
		h.End = h.Begin + h.Time.Sum()
		handshakes = append(handshakes, h)
	}
	r := Recover(plants, handshakes, account.User)
	if !near(r.P50, 0.601, 1e-9) || !near(r.P99, 0.5, 1e-9) {
		t.Errorf("got %v and %v, want 0.601 in the middle and 0.5 in the tail", r.P50, r.P99)
	}
}

func TestRecoverNothing(t *testing.T) {
	plants, handshakes := planted(1, account.User, account.User)
	for _, r := range []Recovery{
		Recover(nil, nil, account.User), Recover(plants, nil, account.User), Recover(nil, handshakes, account.User),
		Recover(plants[:1], handshakes[:1], account.User),
	} {
		if r.P50 != 0 || r.P99 != 0 || r.Leak50 != 0 {
			t.Errorf("got %+v, want no share of nothing", r)
		}
	}
}
