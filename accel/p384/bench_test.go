package p384

import (
	"crypto"
	"crypto/rand"
	"crypto/sha512"
	"runtime"
	"sync"
	"testing"
)

// alone signs n times, one after the other.
func alone(t testing.TB, s *Signer, n int) {
	digest := sha512.Sum384([]byte("alone"))
	for range n {
		if _, err := s.Sign(rand.Reader, digest[:], crypto.SHA384); err != nil {
			t.Error(err)
		}
	}
}

// full signs n times, a multiple of eight, by eight callers on one P, who fill every batch.
func full(t testing.TB, s *Signer, n int) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var wait sync.WaitGroup
	for range maxLanes {
		wait.Go(func() { alone(t, s, n/maxLanes) })
	}
	wait.Wait()
}

// BenchmarkSign takes everything in that a signature costs a server: the nonce, the lane's check, the encoding, and
// verifying one in a thousand. ifma8-full is the time per signature where all batches are full.
func BenchmarkSign(b *testing.B) {
	key := newKey(b)
	for _, c := range []struct {
		name string
		path Path
		run  func(t testing.TB, s *Signer, n int)
	}{
		{"std", Std, alone}, {"ifma8-full", IFMA8, full}, {"ifma8-one", IFMA8, alone},
		{"adx", ADX, alone}, {"arm64", ARM64, alone}, {"portable", Portable, alone},
	} {
		b.Run(c.name, func(b *testing.B) {
			s, err := NewSigner(key, c.path, Options{})
			if err != nil {
				b.Skip(err)
			}
			n := (b.N + maxLanes - 1) / maxLanes * maxLanes
			b.ReportAllocs()
			b.ResetTimer()
			c.run(b, s, n)
			b.StopTimer()
			if got := s.Stats(); got.Batches > 0 {
				b.ReportMetric(got.fill(), "fill")
			}
		})
	}
}

// BenchmarkVerify is the time per signature. ifma8-full verifies eight at once.
func BenchmarkVerify(b *testing.B) {
	batch := signed(b, maxLanes)
	for _, c := range []struct {
		name string
		path Path
		n    int
	}{{"std", Std, 1}, {"ifma8-full", IFMA8, maxLanes}, {"single", singlePath(b), 1}} {
		b.Run(c.name, func(b *testing.B) {
			if _, err := c.path.Verify(nil); err != nil {
				b.Skip(err)
			}
			for i := 0; i < b.N; i += c.n {
				if valid, _ := c.path.Verify(batch[:c.n]); !valid[0] {
					b.Fatal("a valid signature is said to be invalid")
				}
			}
		})
	}
}

// singlePath is the path for one lane that runs here.
func singlePath(t testing.TB) Path {
	for _, path := range running(t) {
		if path != IFMA8 {
			return path
		}
	}
	return Std
}

func BenchmarkNonce(b *testing.B) {
	s := pathSigner(b, newKey(b), Std, Options{})
	b.ReportAllocs()
	for b.Loop() {
		var k [6]uint64
		if err := s.nonce(&k, [6]uint64{1}); err != nil {
			b.Fatal(err)
		}
	}
}

// The benchmarks run what they say they do.
func TestBenchmarks(t *testing.T) {
	key := newKey(t)
	for _, path := range running(t) {
		s := pathSigner(t, key, path, Options{})
		full(t, s, 64)
		if got := s.Stats(); path == IFMA8 && got.Fill[8] < 6 {
			t.Errorf("%v batches by fill, want nearly all full", got.Fill)
		}
	}
}
