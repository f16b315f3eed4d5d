package p384

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"flag"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	campaign = flag.Bool("p384.campaign", false, "run the tests that take minutes")
	count    = flag.Int("p384.count", 1_000_000, "how many hedged signatures the campaign verifies")
)

func needCampaign(t *testing.T) {
	t.Helper()
	if !*campaign {
		t.Skip("takes minutes: ask for it with -p384.campaign")
	}
}

func TestCampaignDeterministic(t *testing.T) {
	needCampaign(t)
	begin := time.Now()
	deterministicSignatures(t, 100_000)
	t.Logf("in %v", time.Since(begin).Round(time.Second))
}

// Every signature of the best path is verified by crypto/ecdsa, and by Verify. A key signs a thousand times.
func TestCampaignHedged(t *testing.T) {
	needCampaign(t)
	path := running(t)[0]
	begin := time.Now()
	var left, verified atomic.Int64
	left.Store(int64(*count))
	var stats [9]atomic.Uint64
	var wait sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for left.Add(-1000) > -1000 {
				s := pathSigner(t, newKey(t), path, Options{})
				verified.Add(hedged(t, s, 1000))
				for n, count := range s.Stats().Fill {
					stats[n].Add(count)
				}
			}
		})
	}
	wait.Wait()
	var fill [9]uint64
	for n := range fill {
		fill[n] = stats[n].Load()
	}
	t.Logf("%s: %d signatures, all verified by crypto/ecdsa, in %v; batches by fill: %v",
		path, verified.Load(), time.Since(begin).Round(time.Second), fill)
}

// hedged lets sixteen callers sign n times in all and verifies, and returns how many are valid by both judges.
func hedged(t *testing.T, s *Signer, n int) (valid int64) {
	const callers = 16
	batch := make([]Signature, n)
	public := s.Public().(*ecdsa.PublicKey)
	var wait sync.WaitGroup
	for caller := range callers {
		wait.Go(func() {
			for i := caller; i < n; i += callers {
				digest := make([]byte, size)
				rand.Read(digest)
				signature, err := s.Sign(rand.Reader, digest, crypto.SHA384)
				if err != nil {
					t.Error(err)
				}
				batch[i] = Signature{public, digest, signature}
			}
		})
	}
	wait.Wait()
	for i, ours := range Verify(batch) {
		std := ecdsa.VerifyASN1(public, batch[i].Digest, batch[i].ASN1)
		if !ours || !std {
			t.Errorf("digest %x, signature %x: crypto/ecdsa says %v, we say %v", batch[i].Digest, batch[i].ASN1, std, ours)
			continue
		}
		valid++
	}
	if got := s.Stats().Fallbacks; len(got) != 0 {
		t.Errorf("by crypto/ecdsa: %v", got)
	}
	return valid
}

// The campaign's tests do what they say, in small.
func TestHedged(t *testing.T) {
	for _, path := range running(t) {
		if got := hedged(t, pathSigner(t, newKey(t), path, Options{}), 40); got != 40 {
			t.Errorf("%s: %d of 40 signatures are valid", path, got)
		}
	}
}
