//go:build amd64 && !purego

package ifma8

// keyMultiples computes the odd multiples of the public keys: multiples[i] is (2i+1)·Q where i is even, its negative
// where i is odd, as each addition negates the sum. The coordinates (x·Z^2, y·Z^3), where Z is that of 2Q, make 2Q a
// point with Z = 1, as addition wants it; the formulas do not contain the curve's b, which changes.
func (w *verifying) keyMultiples(c *curve) {
	a, odd, twice := &w.sum, &w.odd, &w.twice
	a.set(c, &w.x, &w.y)
	doubleZ((*[14]vec)(a))
	*twice = affine{a[atX], a[atY]}
	scale := a[atZ]
	sqrP(&w.t[0], &scale)
	mulP(&w.t[1], &w.t[0], &scale)
	mulP(&w.t[0], &w.t[0], &w.x)
	mulP(&w.t[1], &w.t[1], &w.y)
	a.set(c, &w.t[0], &w.t[1])
	flip := uint64(0)
	for i := range odd {
		if i > 0 {
			addZ((*[14]vec)(a), twice, &straight, flip)
			flip ^= 0xff
		}
		odd[i].x, odd[i].y = a[atX], a[atY]
		mulP(&odd[i].z, &a[atZ], &scale)
	}
	c.normalise(odd[:], w.before[:], &w.inversion)
	for i := range odd {
		w.multiples[i] = affine{odd[i].x, odd[i].y}
	}
}

// straight looks up in each lane the point of that lane.
var straight = [8]uint64{0, 1, 2, 3, 4, 5, 6, 7}

// digit reads one digit of u2 in all lanes and says where it is negative.
func (w *verifying) digit(i int) (negative uint64) {
	bit := i*keyWidth + 1
	at, shift := bit/64, bit%64
	for l := range Lanes {
		v := w.u2[at][l] >> shift
		if shift > 64-keyWidth && at < 6 {
			v |= w.u2[at+1][l] << (64 - shift)
		}
		v &= 1<<keyWidth - 1
		if v < keyEntries {
			negative |= 1 << l
			v = ^v
		}
		v %= keyEntries
		negative ^= v & 1 << l
		w.index[l] = v*entryWords + uint64(l)
	}
	return negative
}

// multiplyKey sets the sum to u2 times the public key. There is an even number of additions, each of which negates it.
func (w *verifying) multiplyKey(c *curve) {
	a := &w.sum
	w.first(c)
	flip := uint64(0)
	for i := keyDigits - 2; i >= 0; i-- {
		for range keyWidth {
			doubleZ((*[14]vec)(a))
		}
		addZ((*[14]vec)(a), &w.multiples[0], &w.index, w.digit(i)^flip)
		flip ^= 0xff
	}
	sqrP(&a[atZZ], &a[atZ])
	mulP(&a[atZZZ], &a[atZZ], &a[atZ])
}

// first sets the sum to what the highest digit says.
func (w *verifying) first(c *curve) {
	negative := w.digit(keyDigits - 1)
	x, y := &w.t[0], &w.t[1]
	for l := range Lanes {
		entry := &w.multiples[w.index[l]/entryWords]
		choose(x, &entry[0], 1<<l)
		choose(y, &entry[1], 1<<l)
	}
	c.subtract(&w.t[2], &zero, y)
	choose(y, &w.t[2], uint8(negative))
	w.sum.set(c, x, y)
}
