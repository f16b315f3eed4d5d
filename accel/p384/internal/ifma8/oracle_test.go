//go:build amd64 && !purego

package ifma8

import (
	"crypto/ecdh"
	"crypto/elliptic"
	"math/big"
	"math/rand/v2"
	"testing"
)

// What the tests compare with: math/big and crypto/ecdh.

var (
	bigP = elliptic.P384().Params().P
	bigN = elliptic.P384().Params().N
	bigR = new(big.Int).Lsh(big.NewInt(1), 416)
)

func need(t testing.TB) {
	t.Helper()
	if err := Available(); err != nil {
		t.Skip(err)
	}
}

// lane is the number in one lane, whose limbs may have carries.
func lane(v *vec, l int) *big.Int {
	n := new(big.Int)
	for i := range v {
		n.Lsh(n, 52).Add(n, big.NewInt(int64(v[7-i][l])))
	}
	return n
}

func setLane(v *vec, l int, n *big.Int) {
	rest, limb := new(big.Int).Set(n), new(big.Int)
	for i := range v {
		v[i][l] = limb.And(rest, big.NewInt(1<<52-1)).Uint64()
		rest.Rsh(rest, 52)
	}
	if rest.Sign() != 0 {
		panic("number too large for a lane")
	}
}

func montgomery(n *big.Int) *big.Int {
	n = new(big.Int).Mul(n, bigR)
	return n.Mod(n, bigP)
}

// quotient is a/b mod m.
func quotient(a, b, m *big.Int) *big.Int {
	q := new(big.Int).ModInverse(b, m)
	return q.Mul(q, a).Mod(q, m)
}

func below(rng *rand.Rand, n *big.Int) *big.Int {
	words := make([]big.Word, 9)
	for i := range words {
		words[i] = big.Word(rng.Uint64())
	}
	out := new(big.Int).SetBits(words)
	return out.Mod(out, n)
}

// edges are numbers at which carries and borrows go wrong, below twice a modulus.
func edges(m *big.Int) (out []*big.Int) {
	one := big.NewInt(1)
	for _, n := range []*big.Int{new(big.Int), one, big.NewInt(2), m, new(big.Int).Lsh(one, 384)} {
		for d := range int64(5) {
			out = append(out, new(big.Int).Add(n, big.NewInt(d-2)))
		}
	}
	for i := range 7 {
		limb := new(big.Int).Lsh(big.NewInt(1<<52-1), uint(52*i))
		out = append(out, limb, new(big.Int).Lsh(one, uint(52*i)), new(big.Int).Sub(m, limb))
	}
	out = append(out, new(big.Int).Sub(new(big.Int).Lsh(one, 385), big.NewInt(1<<20)), new(big.Int).Sub(m, new(big.Int).Rsh(m, 1)))
	kept := out[:0]
	for _, n := range out {
		if n.Sign() >= 0 && n.Cmp(new(big.Int).Lsh(m, 1)) < 0 {
			kept = append(kept, n)
		}
	}
	return kept
}

// xy is a point of the curve, not infinity.
type xy struct{ x, y *big.Int }

// multiple is k times the base point; k is not 0 modulo n.
func multiple(k *big.Int) xy {
	key, err := ecdh.P384().NewPrivateKey(new(big.Int).Mod(k, bigN).FillBytes(make([]byte, 48)))
	if err != nil {
		panic(err)
	}
	public := key.PublicKey().Bytes()
	return xy{new(big.Int).SetBytes(public[1:49]), new(big.Int).SetBytes(public[49:])}
}

func (a xy) negative() xy { return xy{a.x, new(big.Int).Sub(bigP, a.y)} }

// plus adds a point that is not the negative one.
func (a xy) plus(b xy) xy {
	rise, run := new(big.Int).Sub(b.y, a.y), new(big.Int).Sub(b.x, a.x)
	if a.x.Cmp(b.x) == 0 {
		rise.Mul(a.x, a.x).Sub(rise, big.NewInt(1)).Mul(rise, big.NewInt(3))
		run.Lsh(a.y, 1)
	}
	slope := quotient(rise, run, bigP)
	x := new(big.Int).Mul(slope, slope)
	x.Sub(x, a.x).Sub(x, b.x).Mod(x, bigP)
	y := new(big.Int).Sub(a.x, x)
	y.Mul(y, slope).Sub(y, a.y)
	return xy{x, y.Mod(y, bigP)}
}

// times is the point taken k times, for k from 1 to n-1.
func (a xy) times(k *big.Int) xy {
	sum := a
	for i := k.BitLen() - 2; i >= 0; i-- {
		if sum = sum.plus(sum); k.Bit(i) == 1 {
			sum = sum.plus(a)
		}
	}
	return sum
}

// batch is input for eight lanes, and room for output.
type batch struct{ r, s, k, e, d, x, y [Lanes][6]uint64 }

func (m *batch) set(l int, k, e, d *big.Int) {
	key := multiple(d)
	m.k[l], m.e[l], m.d[l], m.x[l], m.y[l] = fromBig(k), fromBig(e), fromBig(d), fromBig(key.x), fromBig(key.y)
}

func randomBatch(seed uint64) *batch {
	rng, m := rand.New(rand.NewPCG(seed, 0)), new(batch)
	one := big.NewInt(1)
	limit := new(big.Int).Sub(bigN, one)
	for l := range Lanes {
		k, d := below(rng, limit), below(rng, limit)
		m.set(l, k.Add(k, one), below(rng, new(big.Int).Lsh(one, 384)), d.Add(d, one))
	}
	return m
}

// expected signs.
func expected(k, e, d *big.Int) (r, s *big.Int) {
	r = new(big.Int).Mod(multiple(k).x, bigN)
	s = new(big.Int).Mul(r, d)
	return r, quotient(s.Add(s, e), k, bigN)
}

// checkSign signs in the first lanes and compares.
func (m *batch) checkSign(t testing.TB, count int) {
	t.Helper()
	ok := Sign(m.r[:count], m.s[:count], m.k[:count], m.e[:count], m.d[:count])
	if want := uint8(1<<count - 1); ok != want {
		t.Errorf("ok is %08b, want %08b", ok, want)
	}
	for l := range count {
		k, e, d := toBig(&m.k[l]), toBig(&m.e[l]), toBig(&m.d[l])
		r, s := expected(k, e, d)
		if toBig(&m.r[l]).Cmp(r) != 0 || toBig(&m.s[l]).Cmp(s) != 0 {
			t.Errorf("lane %d, k %x, e %x, d %x: got %x, %x, want %x, %x", l, k, e, d, m.r[l], m.s[l], r, s)
		}
	}
}
