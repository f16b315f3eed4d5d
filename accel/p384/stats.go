package p384

import (
	"math/bits"
	"sync/atomic"
	"time"
)

// Stats are a signer's counters since it was made.
type Stats struct {
	Signatures  uint64            // all, by whatever path
	Batches     uint64            // batches of lab-ifma8, by whatever code: the sum of Fill
	Fill        [9]uint64         // batches by how many signatures were in them
	Waits       [40]uint64        // signatures in batches by how long they waited for theirs to begin: i is [2^i, 2^(i+1)) ns
	KernelNanos uint64            // time in the lab's own code, without nonces and encoding
	Single      uint64            // signatures by the code for one lane
	Fallbacks   map[string]uint64 // signatures by crypto/ecdsa: hash, deterministic, lane, verify, panic, off
	Verified    uint64            // signatures verified by crypto/ecdsa
}

// reason is why crypto/ecdsa had to compute a signature.
type reason int

const (
	none          reason = iota
	otherHash            // not a SHA-384 digest
	deterministic        // no randomness was given
	laneFailed           // the lane found its result wrong
	verifyFailed         // crypto/ecdsa found the signature wrong
	panicked             // the code panicked
	off                  // the path failed before
	reasons
)

func (r reason) String() string {
	return [reasons]string{"none", "hash", "deterministic", "lane", "verify", "panic", "off"}[r]
}

type counters struct {
	signatures, batches, kernelNanos, single, verified atomic.Uint64

	fill      [9]atomic.Uint64
	waits     [40]atomic.Uint64
	fallbacks [reasons]atomic.Uint64
}

func (c *counters) waited(d time.Duration) {
	c.waits[min(bits.Len64(uint64(d)|1)-1, len(c.waits)-1)].Add(1)
}

func (c *counters) stats() Stats {
	s := Stats{
		Signatures:  c.signatures.Load(),
		Batches:     c.batches.Load(),
		KernelNanos: c.kernelNanos.Load(),
		Single:      c.single.Load(),
		Verified:    c.verified.Load(),
		Fallbacks:   map[string]uint64{},
	}
	for i := range s.Fill {
		s.Fill[i] = c.fill[i].Load()
	}
	for i := range s.Waits {
		s.Waits[i] = c.waits[i].Load()
	}
	for r := range c.fallbacks {
		if n := c.fallbacks[r].Load(); n != 0 {
			s.Fallbacks[reason(r).String()] = n
		}
	}
	return s
}
