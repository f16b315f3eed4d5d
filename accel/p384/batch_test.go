package p384

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"maps"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tlslab/tlslab/accel/p384/internal/single"
)

// Whoever joins gets the result of what he put in, and every batch runs once.
func TestJoin(t *testing.T) {
	const callers, rounds = 300, 100
	for _, ps := range []int{1, 2, 8, 32} {
		before := runtime.GOMAXPROCS(ps)
		var free batches
		var runs, lanes atomic.Int64
		spread := newShards(ps)
		run := func(b *batch) {
			runs.Add(1)
			lanes.Add(int64(b.n))
			for i := range b.n {
				b.r[i], b.s[i] = b.k[i], b.e[i]
			}
			b.readers.Store(int32(b.n))
			b.done.Done()
		}
		var wait sync.WaitGroup
		for caller := range callers {
			wait.Go(func() {
				for round := range rounds {
					k, e := [6]uint64{uint64(caller), 1}, [6]uint64{uint64(round), 2}
					var r, s [6]uint64
					b, lane := spread.pick().join(&free, &k, &e, 0, maxLanes, run)
					free.read(b, lane, &r, &s)
					if r != k || s != e {
						t.Errorf("%d Ps: got %v, %v, want %v, %v", ps, r, s, k, e)
					}
				}
			})
		}
		wait.Wait()
		runtime.GOMAXPROCS(before)
		if got := lanes.Load(); got != callers*rounds {
			t.Errorf("%d Ps: %d lanes ran, want %d", ps, got, callers*rounds)
		}
		if mean := float64(lanes.Load()) / float64(runs.Load()); ps == 1 && mean < maxLanes/2 {
			t.Errorf("one P: %.1f lanes in a batch, although all are ready at once", mean)
		}
	}
}

// A caller who is alone does not wait for others.
func TestAlone(t *testing.T) {
	key := newKey(t)
	s := oracleSigner(t, key, Options{})
	digest := sha512.Sum384(nil)
	for range 3 {
		if !ecdsa.VerifyASN1(&key.PublicKey, digest[:], sign(t, s, digest[:])) {
			t.Error("the signature is not valid")
		}
	}
	if got := s.Stats(); got.Fill[1] != 3 || got.Batches != 3 {
		t.Errorf("%d batches, %v by fill, want 3 of one lane", got.Batches, got.Fill)
	}
}

func TestShards(t *testing.T) {
	for ps, want := range map[int]int{1: 1, 2: 1, 8: 1, 9: 3, 16: 4, 64: 16} {
		if got := len(newShards(ps).all); got != want {
			t.Errorf("%d Ps: %d shards, want %d", ps, got, want)
		}
	}
}

// together lets many callers sign at once and checks every signature with crypto/ecdsa.
func together(t *testing.T, s *Signer, callers, each int) {
	t.Helper()
	public := s.Public().(*ecdsa.PublicKey)
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() {
			for i := range each {
				digest := sha512.Sum384([]byte{byte(caller), byte(caller >> 8), byte(i)})
				signature, err := s.Sign(rand.Reader, digest[:], crypto.SHA384)
				if err != nil || !ecdsa.VerifyASN1(public, digest[:], signature) {
					t.Errorf("caller %d: %x, %v", caller, signature, err)
				}
			}
		})
	}
	wait.Wait()
}

func TestTogether(t *testing.T) {
	key := newKey(t)
	const callers, check = 200 / slowdown, 10
	for _, path := range running(t) {
		s := pathSigner(t, key, path, Options{Check: check})
		together(t, s, callers, 1)
		got := s.Stats()
		if got.Signatures != callers || len(got.Fallbacks) != 0 {
			t.Errorf("%s: %d signatures, by crypto/ecdsa %v; want %d and none", path, got.Signatures, got.Fallbacks, callers)
		}
		if path != Std && got.Verified != callers/check {
			t.Errorf("%s: %d were verified, want %d", path, got.Verified, callers/check)
		}
		checkBatches(t, path, got)
	}
}

func checkBatches(t *testing.T, path Path, s Stats) {
	t.Helper()
	var batches, lanes, waits uint64
	for n, count := range s.Fill {
		batches, lanes = batches+count, lanes+uint64(n)*count
	}
	for _, count := range s.Waits {
		waits += count
	}
	want := uint64(0)
	if path == IFMA8 {
		want = s.Signatures
	}
	if batches != s.Batches || lanes != want || waits != want {
		t.Errorf("%s: %d of %d batches, %d lanes, %d waits; want %d lanes", path, batches, s.Batches, lanes, waits, want)
	}
}

func TestFaults(t *testing.T) {
	good := oracle().sign
	tests := []struct {
		name string
		sign func(calls int64, r, s, k, e, d [][6]uint64) uint8
		want map[string]uint64 // of 24 signatures, by callers one after the other
	}{
		{"one lane once", func(calls int64, r, s, k, e, d [][6]uint64) uint8 {
			if good(r, s, k, e, d); calls == 5 {
				return 0
			}
			return 1<<len(k) - 1
		}, map[string]uint64{"lane": 1}},
		{"a lane twice", func(calls int64, r, s, k, e, d [][6]uint64) uint8 {
			if good(r, s, k, e, d); calls == 5 || calls == 7 {
				return 0
			}
			return 1<<len(k) - 1
		}, map[string]uint64{"lane": 2, "off": 17}},
		{"panic", func(calls int64, r, s, k, e, d [][6]uint64) uint8 {
			if calls == 3 {
				panic("broken")
			}
			return good(r, s, k, e, d)
		}, map[string]uint64{"panic": 1, "off": 21}},
		{"wrong and not noticed", func(calls int64, r, s, k, e, d [][6]uint64) uint8 {
			good(r, s, k, e, d)
			s[0][0] ^= 1
			return 1<<len(k) - 1
		}, map[string]uint64{"verify": 1, "off": 23}},
	}
	key := newKey(t)
	for _, tt := range tests {
		var calls int64
		e := oracle()
		e.sign = func(r, s, k, e, d [][6]uint64) uint8 {
			calls++
			return tt.sign(calls, r, s, k, e, d)
		}
		s := engineSigner(t, key, e, Options{Check: 1})
		together(t, s, 1, 24)
		if got := s.Stats().Fallbacks; !maps.Equal(got, tt.want) {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// A run that panics, or in which a lane fails, strands none of those who wait for it.
func TestFaultsTogether(t *testing.T) {
	key := newKey(t)
	for _, failing := range []func(r, s, k, e, d [][6]uint64) uint8{
		func(r, s, k, e, d [][6]uint64) uint8 { panic(errors.New("broken")) },
		func(r, s, k, e, d [][6]uint64) uint8 { return 0 },
	} {
		e := oracle()
		e.sign = failing
		s := engineSigner(t, key, e, Options{})
		together(t, s, 25, 2)
		if got := s.Stats().Fallbacks; got["panic"]+got["lane"]+got["off"] != 50 || got["off"] == 0 {
			t.Errorf("got %v, want 50 in all, and some of them off", got)
		}
	}
}

// Two failed checks that lie far apart do not condemn a path.
func TestFaultsFarApart(t *testing.T) {
	s := oracleSigner(t, newKey(t), Options{})
	for _, at := range []uint64{1, 2_000_000, 4_000_000} {
		s.counters.signatures.Store(at)
		if s.fault(); s.off.Load() {
			t.Errorf("off after a fault at signature %d", at)
		}
	}
	s.counters.signatures.Add(10)
	if s.fault(); !s.off.Load() {
		t.Error("not off after two faults in ten signatures")
	}
}

// A signature allocates its encoding, and what the code for one lane may allocate by itself.
func TestNoAllocations(t *testing.T) {
	if slowdown > 1 {
		t.Skip("a pool drops some of what it is given under the race detector")
	}
	var r, s, k, e, d [1][6]uint64
	k[0], d[0] = [6]uint64{3}, [6]uint64{5}
	inside := testing.AllocsPerRun(10, func() { single.Sign(r[:], s[:], k[:], e[:], d[:]) })
	digest := sha512.Sum384(nil)
	for _, path := range running(t) {
		if path == Std {
			continue
		}
		s := pathSigner(t, newKey(t), path, Options{})
		if got := testing.AllocsPerRun(100, func() { sign(t, s, digest[:]) }); got > 1+inside {
			t.Errorf("%s: %v allocations per signature, want 1 and %v in package single", path, got, inside)
		}
	}
}

// A run leaves no nonce behind, and a run that comes to no end leaves no result.
func TestRunForgets(t *testing.T) {
	for _, e := range []*engine{oracle(), {lanes: maxLanes, sign: func(r, s, k, e, d [][6]uint64) uint8 { panic("broken") }}} {
		s := engineSigner(t, newKey(t), e, Options{})
		b := s.free.get()
		b.add(&[6]uint64{3}, &[6]uint64{5}, 0)
		s.run(b)
		if b.k != [maxLanes][6]uint64{} {
			t.Errorf("left behind: %x", b.k)
		}
		if (b.fate[0] == none) != (b.r[0] != [6]uint64{}) {
			t.Errorf("fate %v, but r = %x", b.fate[0], b.r[0])
		}
	}
}

func TestWaited(t *testing.T) {
	var c counters
	for _, d := range []time.Duration{0, 1, 2, 3, 4, 1023, 1024, 1 << 50} {
		c.waited(d)
	}
	want := map[int]uint64{0: 2, 1: 2, 2: 1, 9: 1, 10: 1, 39: 1}
	for i, got := range c.stats().Waits {
		if got != want[i] {
			t.Errorf("bucket %d: got %d, want %d", i, got, want[i])
		}
	}
}

// pair lets two sign at once on one P, and returns how many of them the first batch holds.
func pair(c *coalescer, free *batches) int {
	var first atomic.Int64
	join := func() {
		var k, r, s [6]uint64
		b, lane := c.join(free, &k, &k, 0, maxLanes, func(b *batch) {
			first.CompareAndSwap(0, int64(b.n))
			b.readers.Store(int32(b.n))
			b.done.Done()
		})
		free.read(b, lane, &r, &s)
	}
	var wait sync.WaitGroup
	wait.Go(join)
	wait.Go(join)
	wait.Wait()
	return int(first.Load())
}

// Who let others run for long, in vain, again and again, does so only now and then. The scheduler looks at those who
// yielded first at every 61st turn, so that two may miss each other once.
func TestPatience(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	tests := []struct {
		name          string
		vain, skipped uint32
		want          int
	}{
		{"at first", 0, 0, 2},
		{"in vain, but not yet often", patience - 1, 0, 2},
		{"in vain", patience, 0, 1},
		{"in vain, at the next try", patience, retry - 1, 2},
	}
	for _, tt := range tests {
		var free batches
		most := 0
		for range 5 {
			c := coalescer{vain: tt.vain, skipped: tt.skipped}
			most = max(most, pair(&c, &free))
		}
		if most != tt.want {
			t.Errorf("%s: got %d together, want %d", tt.name, most, tt.want)
		}
	}
}

func TestLearn(t *testing.T) {
	tests := []struct {
		took time.Duration
		n    int
		want uint32 // leads in vain, after three
	}{
		{long, 1, 4}, {long - 1, 1, 0}, {long, 2, 0}, {0, 8, 0},
	}
	for _, tt := range tests {
		c := coalescer{vain: 3}
		if c.learn(tt.took, tt.n); c.vain != tt.want {
			t.Errorf("%v for %d signatures: got %d in vain, want %d", tt.took, tt.n, c.vain, tt.want)
		}
	}
}
