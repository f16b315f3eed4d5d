//go:build amd64 && !purego

package ifma8

import (
	"math/big"

	"github.com/tlslab/tlslab/accel/p384/internal/inverse"
)

// modulus is one of the two prime moduli with its arithmetic.
type modulus struct {
	*powers
	words   [6]uint64
	inverse *inverse.Modulus
	mul     func(z, x, y *vec)
	reduce  func(z, x *vec)
}

// powers are those of R, in all lanes.
type powers struct {
	one    vec // R
	square vec // R^2: multiplying by it enters Montgomery form
	cube   vec // R^3
}

func newModulus(m *powers, n *big.Int, mul func(z, x, y *vec), reduce func(z, x *vec)) modulus {
	power, words := big.NewInt(1), fromBig(n)
	for _, v := range []*vec{&m.one, &m.square, &m.cube} {
		power.Lsh(power, 416).Mod(power, n)
		w := fromBig(power)
		broadcast(v, &w)
	}
	return modulus{m, words, inverse.New(words), mul, reduce}
}

func toBig(w *[6]uint64) *big.Int {
	n := new(big.Int)
	for i := range w {
		n.Lsh(n, 64).Or(n, new(big.Int).SetUint64(w[5-i]))
	}
	return n
}

func fromBig(n *big.Int) (w [6]uint64) {
	rest, word := new(big.Int).Set(n), new(big.Int)
	for i := range w {
		w[i] = word.And(rest, new(big.Int).SetUint64(^uint64(0))).Uint64()
		rest.Rsh(rest, 64)
	}
	return w
}

// inversion is room for inverting.
type inversion struct {
	swapped [3]vec
	product [3]vec
	words   [6]uint64
}

// swaps exchange the lanes whose numbers differ in one bit.
var swaps = [3][8]uint64{{1, 0, 3, 2, 5, 4, 7, 6}, {2, 3, 0, 1, 6, 7, 4, 5}, {4, 5, 6, 7, 0, 1, 2, 3}}

// invert sets z to 1/x. All lanes share one inversion, that of their product: one over a product times all factors but
// one is one over that factor. A lane that is 0 spoils all.
func (m *modulus) invert(z, x *vec, w *inversion) {
	level := x
	for i := range swaps {
		swapLanes(&w.swapped[i], level, &swaps[i])
		m.mul(&w.product[i], level, &w.swapped[i])
		level = &w.product[i]
	}
	m.reduce(level, level)
	unpack(&w.words, level, 0)
	m.inverse.Inverse(&w.words, &w.words)
	broadcast(z, &w.words)
	m.mul(z, z, &m.cube)
	for i := len(swaps) - 1; i >= 0; i-- {
		m.mul(z, z, &w.swapped[i])
	}
}
