package p384

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"fmt"

	"github.com/tlslab/tlslab/accel/p384/internal/single"
)

// Signature is one signature to verify.
type Signature struct {
	Key    *ecdsa.PublicKey
	Digest []byte
	ASN1   []byte
}

// Verify says of each signature whether it is valid, on the best path that runs here. The verdicts are those of
// ecdsa.VerifyASN1, which does the work itself where no other path runs and for keys that are not on P-384.
func Verify(batch []Signature) []bool {
	for _, e := range engines {
		if e.refusal() == "" {
			return e.verifyAll(batch)
		}
	}
	return verifyStd(batch)
}

// Verify says of each signature whether it is valid, on this path. It is an error if the path is refused (see [Paths]).
func (p Path) Verify(batch []Signature) ([]bool, error) {
	if p == Std {
		return verifyStd(batch), nil
	}
	e := find(p)
	if e == nil {
		return nil, fmt.Errorf("p384: there is no path %q", p)
	}
	if refused := e.refusal(); refused != "" {
		return nil, fmt.Errorf("p384: path %s is refused: %s", p, refused)
	}
	return e.verifyAll(batch), nil
}

func verifyStd(batch []Signature) []bool {
	valid := make([]bool, len(batch))
	for i := range batch {
		valid[i] = batch[i].std()
	}
	return valid
}

func (s *Signature) std() bool {
	return s.Key != nil && s.Key.Curve != nil && ecdsa.VerifyASN1(s.Key, s.Digest, s.ASN1)
}

func (e *engine) verifyAll(batch []Signature) []bool {
	valid := make([]bool, len(batch))
	q := queue{engine: e, valid: valid}
	for i := range batch {
		s := &batch[i]
		if s.Key != nil && s.Key.Curve != elliptic.P384() { // the lanes know no other curve
			valid[i] = s.std()
		} else if q.add(i, s) && q.n == e.lanes {
			q.flush()
		}
	}
	q.flush()
	return valid
}

// queue gathers signatures until all lanes are full.
type queue struct {
	engine        *engine
	valid         []bool
	n             int
	index         [maxLanes]int // of the lane's signature in valid
	r, s, e, x, y [maxLanes][6]uint64

	key        *ecdsa.PublicKey // the last one, with its coordinates: most batches have one key
	keyX, keyY [6]uint64
}

// add puts a signature into the next lane, unless it cannot be valid.
func (q *queue) add(index int, s *Signature) bool {
	n := q.n
	if s.Key == nil || !parse(&q.r[n], &q.s[n], s.ASN1) {
		return false
	}
	if s.Key != q.key {
		if !setPoint(&q.keyX, &q.keyY, s.Key) {
			q.key = nil
			return false
		}
		q.key = s.Key
	}
	q.x[n], q.y[n] = q.keyX, q.keyY
	setDigest(&q.e[n], s.Digest)
	q.index[n] = index
	q.n++
	return true
}

// setPoint sets x and y to the coordinates of a key, if it is a point of the curve.
func setPoint(x, y *[6]uint64, key *ecdsa.PublicKey) bool {
	b, err := key.Bytes()
	if err != nil {
		return false
	}
	setOctets(x, (*[size]byte)(b[1:]))
	setOctets(y, (*[size]byte)(b[1+size:]))
	return true
}

// flush judges what has been gathered.
func (q *queue) flush() {
	n := q.n
	q.n = 0
	if n == 0 {
		return
	}
	ok := q.engine.verifyBatch(q.r[:n], q.s[:n], q.e[:n], q.x[:n], q.y[:n])
	for lane, index := range q.index[:n] {
		q.valid[index] = ok>>lane&1 == 1
	}
}

// verifyBatch judges each of len(r) lanes.
func (e *engine) verifyBatch(r, s, digest, x, y [][6]uint64) (ok uint8) {
	if len(r) > e.alone {
		return e.verify(r, s, digest, x, y)
	}
	for i := range r {
		ok |= single.Verify(r[i:i+1], s[i:i+1], digest[i:i+1], x[i:i+1], y[i:i+1]) << i
	}
	return ok
}
