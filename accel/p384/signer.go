package p384

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// Options are what a signer may be told.
type Options struct {
	Check         int       // verify one of so many signatures with crypto/ecdsa; 0: 1000
	Random        io.Reader // instead of crypto/rand, safe for concurrent use; for tests
	Deterministic bool      // nonces by RFC 6979; for tests
}

// Signer is a crypto.Signer with a key on P-384. It may be used by many goroutines at once.
type Signer struct {
	key     *ecdsa.PrivateKey
	engine  *engine // nil: crypto/ecdsa
	options Options
	born    time.Time

	secret [size]byte
	d      [maxLanes][6]uint64 // secret, once per lane

	drbgs    sync.Pool
	free     batches
	shards   *shards
	counters counters

	faultAt atomic.Uint64 // number of the signature at which a lane failed last
	off     atomic.Bool   // the path has failed for good
}

// NewSigner makes a signer that runs on a path. It is an error if the key is not a key of P-384, or if the path is
// refused (see [Paths]); the path's self-test runs first.
func NewSigner(key *ecdsa.PrivateKey, path Path, o Options) (*Signer, error) {
	if path == Std {
		return newSigner(key, nil, o)
	}
	e := find(path)
	if e == nil {
		return nil, fmt.Errorf("p384: there is no path %q", path)
	}
	if refused := e.refusal(); refused != "" {
		return nil, fmt.Errorf("p384: path %s is refused: %s", path, refused)
	}
	return newSigner(key, e, o)
}

func newSigner(key *ecdsa.PrivateKey, e *engine, o Options) (*Signer, error) {
	switch {
	case key == nil || key.Curve == nil:
		return nil, errors.New("p384: there is no private key")
	case key.Curve != elliptic.P384():
		return nil, fmt.Errorf("p384: the key's curve is %s, not that of elliptic.P384", key.Curve.Params().Name)
	}
	secret, err := key.Bytes() // crypto/ecdsa's own memory
	if err != nil {
		return nil, fmt.Errorf("p384: %w", err)
	}
	if own, err := ecdsa.ParseRawPrivateKey(elliptic.P384(), secret); err != nil {
		return nil, fmt.Errorf("p384: %w", err)
	} else if !own.PublicKey.Equal(&key.PublicKey) {
		return nil, errors.New("p384: the public key does not belong to the private key")
	}
	if o.Check == 0 {
		o.Check = 1000
	} else if o.Check < 0 {
		return nil, fmt.Errorf("p384: one of %d signatures cannot be verified: give a positive number", o.Check)
	}
	s := &Signer{key: key, engine: e, options: o, born: time.Now(), secret: [size]byte(secret)}
	s.shards = newShards(runtime.GOMAXPROCS(0))
	for i := range s.d {
		setOctets(&s.d[i], &s.secret)
	}
	return s, nil
}

// Public returns the public key, a *ecdsa.PublicKey.
func (s *Signer) Public() crypto.PublicKey { return s.key.Public() }

// Sign signs a SHA-384 digest and returns the signature in ASN.1. As in crypto/ecdsa, randomness comes from the system,
// whatever random is. Another hash, and a random of nil, which asks for a deterministic signature, are left to
// crypto/ecdsa, with its errors.
func (s *Signer) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	number := s.counters.signatures.Add(1)
	if s.engine == nil {
		return s.key.Sign(random, digest, opts)
	}
	why := s.unfit(random, digest, opts)
	if why == none {
		var signature []byte
		var err error
		if signature, why, err = s.sign(number, digest); err != nil || why == none {
			return signature, err
		}
	}
	s.counters.fallbacks[why].Add(1)
	return s.key.Sign(random, digest, opts)
}

// Stats returns the counters.
func (s *Signer) Stats() Stats { return s.counters.stats() }

func (s *Signer) unfit(random io.Reader, digest []byte, opts crypto.SignerOpts) reason {
	switch {
	case opts == nil || opts.HashFunc() != crypto.SHA384 || len(digest) != size:
		return otherHash
	case random == nil && !s.options.Deterministic:
		return deterministic
	case s.off.Load():
		return off
	}
	return none
}

// sign signs on the path. The signature is none of the path's where it says why.
func (s *Signer) sign(number uint64, digest []byte) (signature []byte, why reason, err error) {
	var k, e, rr, ss [6]uint64
	setDigest(&e, digest)
	err = s.nonce(&k, e)
	forget()
	if err != nil {
		return nil, none, err
	}
	b, lane := s.compute(&k, &e)
	clear(k[:])
	if why := s.free.read(b, lane, &rr, &ss); why != none {
		return nil, why, nil
	}
	signature = encode(&rr, &ss)
	if number%uint64(s.options.Check) == 0 && !s.verified(digest, signature) {
		return nil, verifyFailed, nil
	}
	return signature, none, nil
}

// verified checks a signature with crypto/ecdsa. A wrong one is the path's last.
func (s *Signer) verified(digest, signature []byte) bool {
	s.counters.verified.Add(1)
	if ecdsa.VerifyASN1(&s.key.PublicKey, digest, signature) {
		return true
	}
	s.off.Store(true)
	return false
}

// nonce derives a nonce for a digest, from randomness of its own.
func (s *Signer) nonce(k *[6]uint64, digest [6]uint64) error {
	g, ok := s.drbgs.Get().(*drbg)
	switch {
	case ok:
	case s.options.Deterministic:
		g = newDRBG(sha512.New384())
	default:
		g = newDRBG(sha512.New())
	}
	defer s.drbgs.Put(g)
	defer g.wipe()
	reduce(&digest)
	var e [size]byte
	octets(&e, &digest)
	if s.options.Deterministic {
		g.determine(&s.secret, &e)
	} else if err := g.hedge(s.options.Random, &s.secret, &e); err != nil {
		return err
	}
	g.next(k)
	return nil
}

// draw fills b with random bytes: the system's, unless a test gave a reader.
func draw(random io.Reader, b []byte) error {
	if random == nil {
		rand.Read(b) // never fails
		return nil
	}
	_, err := io.ReadFull(random, b)
	return err
}

// compute computes one signature, alone or together with those of other callers.
func (s *Signer) compute(k, e *[6]uint64) (b *batch, lane int) {
	if s.engine.lanes > 1 {
		return s.shards.pick().join(&s.free, k, e, time.Since(s.born), s.engine.lanes, s.runTogether)
	}
	b = s.free.get()
	lane = b.add(k, e, 0)
	s.run(b)
	return b, lane
}

// runTogether runs a batch and counts it.
func (s *Signer) runTogether(b *batch) {
	begin := time.Since(s.born)
	s.counters.batches.Add(1)
	s.counters.fill[b.n].Add(1)
	for _, joined := range b.joined[:b.n] {
		s.counters.waited(begin - joined)
	}
	s.run(b)
}

// run computes the signatures of a batch and lets those who wait for it go on, whatever happens.
func (s *Signer) run(b *batch) {
	defer s.finish(b)
	n := b.n
	begin := time.Now()
	ok, alone := s.engine.signBatch(b.r[:n], b.s[:n], b.k[:n], b.e[:n], s.d[:n])
	s.counters.kernelNanos.Add(uint64(time.Since(begin)))
	if alone {
		s.counters.single.Add(uint64(n))
	}
	for lane := range n {
		b.fate[lane] = none
		if ok>>lane&1 == 0 {
			b.fate[lane] = laneFailed
		}
	}
	if ok != 1<<n-1 {
		s.fault()
	}
}

func (s *Signer) finish(b *batch) {
	if recover() != nil {
		s.off.Store(true)
	}
	clear(b.k[:])
	b.readers.Store(int32(b.n))
	b.done.Done()
}

// fault notes that a lane failed. Another fault within a million signatures is the path's last.
func (s *Signer) fault() {
	now := s.counters.signatures.Load()
	if last := s.faultAt.Swap(now); last != 0 && int64(now-last) < 1_000_000 { // negative where two came at once
		s.off.Store(true)
	}
}

// forget clears the part of the stack where functions that have returned left their numbers: whoever waits for a batch
// would keep them there.
//
//go:noinline
func forget() {
	var below [2048]byte
	runtime.KeepAlive(&below)
}
