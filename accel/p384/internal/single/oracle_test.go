package single

import (
	"crypto/ecdh"
	"crypto/ecdsa"
	"crypto/elliptic"
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"
)

var (
	bigP = elliptic.P384().Params().P
	bigN = elliptic.P384().Params().N
	bigR = new(big.Int).Lsh(big.NewInt(1), 384)
)

func number(x [6]uint64) *big.Int {
	var b [48]byte
	for i, limb := range x {
		binary.BigEndian.PutUint64(b[40-8*i:], limb)
	}
	return new(big.Int).SetBytes(b[:])
}

// limbs is v mod 2^384.
func limbs(v *big.Int) (x [6]uint64) {
	b := new(big.Int).Mod(v, bigR).FillBytes(make([]byte, 48))
	for i := range x {
		x[i] = binary.BigEndian.Uint64(b[40-8*i:])
	}
	return x
}

func mod(v, m *big.Int) *big.Int { return new(big.Int).Mod(v, m) }

func mul(a, b *big.Int) *big.Int { return new(big.Int).Mul(a, b) }

func plus(a, b *big.Int) *big.Int { return new(big.Int).Add(a, b) }

func minus(a, b *big.Int) *big.Int { return new(big.Int).Sub(a, b) }

func over(a, b *big.Int) *big.Int { return mod(mul(a, new(big.Int).ModInverse(b, bigN)), bigN) }

// edges are numbers below m at which carries and reductions go one way and the other.
func edges(m *big.Int) (all [][6]uint64) {
	one := big.NewInt(1)
	for _, v := range []*big.Int{new(big.Int), one, big.NewInt(2), minus(m, one), minus(m, big.NewInt(2)), minus(bigR, m), mod(bigR, m),
		minus(minus(bigR, m), one), new(big.Int).Rsh(m, 1)} {
		all = append(all, limbs(mod(v, m)))
	}
	for i := range uint(6) {
		limb := new(big.Int).Lsh(minus(new(big.Int).Lsh(one, 64), one), 64*i)
		all = append(all, limbs(mod(limb, m)), limbs(mod(minus(m, limb), m)), limbs(mod(new(big.Int).Lsh(one, 64*i+63), m)))
	}
	return all
}

// pairs are all pairs of edges and some of random numbers with many limbs of 0 and all ones.
func pairs(m *big.Int, r *rand.Rand) (all [][2][6]uint64) {
	for _, a := range edges(m) {
		for _, b := range edges(m) {
			all = append(all, [2][6]uint64{a, b})
		}
	}
	for range 2000 {
		all = append(all, [2][6]uint64{limbs(mod(number(random(r)), m)), limbs(mod(number(random(r)), m))})
	}
	return all
}

func random(r *rand.Rand) (x [6]uint64) {
	for i := range x {
		switch r.IntN(6) {
		case 0:
		case 1:
			x[i] = ones
		default:
			x[i] = r.Uint64()
		}
	}
	return x
}

func seeded() *rand.Rand { return rand.New(rand.NewPCG(3, 8)) }

// multiple returns k*G as crypto/ecdh computes it, 0 < k < n.
func multiple(t testing.TB, k *big.Int) (x, y [6]uint64) {
	t.Helper()
	key, err := ecdh.P384().NewPrivateKey(k.FillBytes(make([]byte, 48)))
	if err != nil {
		t.Fatalf("%x: %v", k, err)
	}
	point := key.PublicKey().Bytes()
	return limbs(new(big.Int).SetBytes(point[1:49])), limbs(new(big.Int).SetBytes(point[49:]))
}

// stdVerify is how crypto/ecdsa judges a signature; under a key that is no point of the curve none is valid.
func stdVerify(r, s, e, x, y [6]uint64) bool {
	point := make([]byte, 97)
	point[0] = 4
	number(x).FillBytes(point[1:49])
	number(y).FillBytes(point[49:])
	key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P384(), point)
	if err != nil {
		return false
	}
	return ecdsa.Verify(key, number(e).FillBytes(make([]byte, 48)), number(r), number(s))
}

// value is the number that z stands for.
func (z *element) value() *big.Int {
	return mod(mul(number(*z), new(big.Int).ModInverse(bigR, bigP)), bigP)
}

// isMultiple compares a point with k*G.
func (p *jacobian) isMultiple(t testing.TB, k *big.Int) bool {
	t.Helper()
	if k = mod(k, bigN); k.Sign() == 0 {
		return p.z == element{}
	}
	var inv element
	var q affine
	inv.invert(&p.z)
	q.fromJacobian(p, &inv)
	x, y := multiple(t, k)
	return q.x.value().Cmp(number(x)) == 0 && q.y.value().Cmp(number(y)) == 0
}

// point is k*G with some z, or infinity.
func point(t testing.TB, k *big.Int, z [6]uint64) (p jacobian) {
	t.Helper()
	if k = mod(k, bigN); k.Sign() == 0 {
		return jacobian{x: z, y: one}
	}
	x, y := multiple(t, k)
	if z == ([6]uint64{}) {
		z = one
	}
	p.z = z
	var zz element
	zz.sqr(&p.z)
	p.x.toField(&x)
	p.x.mul(&p.x, &zz)
	zz.mul(&zz, &p.z)
	p.y.toField(&y)
	p.y.mul(&p.y, &zz)
	return p
}
