//go:build amd64 && !purego

package ifma8

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// fill sets a lane to the multiple k of the base point with some Z, in the laziest form that the formulas know of:
// numbers have multiples of p added, columns have carries that are not carried.
func (a *point) fill(rng *rand.Rand, l int, k *big.Int) {
	at := multiple(k)
	z := new(big.Int).Add(below(rng, new(big.Int).Sub(bigP, big.NewInt(1))), big.NewInt(1))
	zz := new(big.Int).Mul(z, z)
	zzz := new(big.Int).Mul(zz, z)
	lift := func(n *big.Int, most int64) *big.Int {
		return new(big.Int).Add(montgomery(n), new(big.Int).Mul(bigP, big.NewInt(rng.Int64N(most+1))))
	}
	a.setColumns(rng, l, atX, atColumnsX, lift(at.x.Mul(at.x, zz), 9))
	a.setColumns(rng, l, atY, atColumnsY, lift(at.y.Mul(at.y, zzz), 0))
	setLane(&a[atZ], l, lift(z, 1))
	setLane(&a[atZZ], l, lift(zz, 0))
	setLane(&a[atZZZ], l, lift(zzz, 0))
}

// setColumns sets a number and the same number as columns.
func (a *point) setColumns(rng *rand.Rand, l, at, columns int, n *big.Int) {
	setLane(&a[at], l, n)
	setLane(&a[columns], l, n)
	for i := range 7 {
		carry := rng.Int64N(33) - 16
		a[columns][i][l] -= uint64(carry << 52)
		a[columns][i+1][l] += uint64(carry)
		a[at][i][l] |= rng.Uint64() << 52
	}
}

// masked is a number of the point without what it keeps above its limbs.
func (a *point) masked(at, l int) *big.Int {
	v := a[at]
	for i := range v {
		v[i][l] &= 1<<52 - 1
	}
	return lane(&v, l)
}

// checkXY compares a lane with the point (x, y), given Z^2 and Z^3.
func (a *point) checkXY(t testing.TB, what string, l int, zz, zzz *big.Int, want xy) {
	t.Helper()
	for _, n := range []struct {
		of, over       *big.Int
		columns, coord int
		want           *big.Int
	}{{a.masked(atX, l), zz, atColumnsX, atX, want.x}, {a.masked(atY, l), zzz, atColumnsY, atY, want.y}} {
		if got := quotient(n.of, n.over, bigP); got.Cmp(n.want) != 0 {
			t.Errorf("%s: coordinate %d of lane %d is %x, want %x", what, n.coord, l, got, n.want)
		}
		if got := lane(&a[n.columns], l); got.Cmp(n.of) != 0 {
			t.Errorf("%s: coordinate %d of lane %d is %x, its columns %x", what, n.coord, l, n.of, got)
		}
		if most := new(big.Int).Mul(bigP, big.NewInt(11)); n.of.Cmp(most) >= 0 {
			t.Errorf("%s: coordinate %d of lane %d is %x, which is too much", what, n.coord, l, n.of)
		}
	}
}

// TestAddBase adds each digit to the point, in some window.
func TestAddBase(t *testing.T) {
	need(t)
	c, a := p384(), aligned[point]()
	rng := rand.New(rand.NewPCG(9, 10))
	for round := range 2*entries/Lanes + 4 {
		window, flip := []int{0, 1, 27, windows - 1}[rng.IntN(4)], uint64(rng.Uint32()&0xff)
		at, shift := (window*width+1)/64, (window*width+1)%64
		s, k := aligned[scalar](), [Lanes]*big.Int{}
		for l := range Lanes {
			v := uint64(round*Lanes+l) % (2 * entries)
			s[at][l] = v<<shift | rng.Uint64()&(1<<shift-1)
			s[at+1][l] = rng.Uint64() << 10
			if shift+width > 64 {
				s[at+1][l] = s[at+1][l]&^(1<<width-1) | v>>(64-shift)
			} else {
				s[at][l] |= rng.Uint64() << (shift + width)
			}
			k[l] = below(rng, bigN)
			a.fill(rng, l, k[l])
		}
		addP((*[14]vec)(a), &c.window[window], &s[at], uint64(shift), flip)
		for l := range Lanes {
			digit := 2*(int64(round*Lanes+l)%(2*entries)) + 1 - 2*entries
			scale := new(big.Int).Lsh(big.NewInt(digit), uint(window*width))
			if flip>>l&1 != 0 {
				scale.Neg(scale)
			}
			want := multiple(k[l]).plus(multiple(scale)).negative()
			zz, zzz := a.masked(atZZ, l), a.masked(atZZZ, l)
			a.checkXY(t, "addP", l, zz, zzz, want)
			if quotient(cube(zz), square(zzz), bigP).Cmp(quotient(bigR, big.NewInt(1), bigP)) != 0 {
				t.Errorf("lane %d: ZZ^3 is not ZZZ^2", l)
			}
		}
	}
}

func square(x *big.Int) *big.Int { return new(big.Int).Mul(x, x) }
func cube(x *big.Int) *big.Int   { return new(big.Int).Mul(square(x), x) }

// powersOfZ are Z^2 and Z^3 in the form that X and Y have.
func (a *point) powersOfZ(l int) (zz, zzz *big.Int) {
	z := quotient(a.masked(atZ, l), bigR, bigP)
	return montgomery(square(z)), montgomery(cube(z))
}

func TestAddKey(t *testing.T) {
	need(t)
	a, table := aligned[point](), aligned[[3]affine]()
	rng := rand.New(rand.NewPCG(11, 12))
	for range 8 {
		var k [Lanes]*big.Int
		var of, index [Lanes]uint64
		for l := range Lanes {
			k[l] = below(rng, bigN)
			a.fill(rng, l, k[l])
			of[l] = rng.Uint64N(3)
			index[l] = of[l]*entryWords + uint64(l)
			for i := range table {
				entry := multiple(big.NewInt(int64(3*l + i + 1)))
				setLane(&table[i][0], l, montgomery(entry.x))
				setLane(&table[i][1], l, montgomery(entry.y))
			}
		}
		negate := uint64(rng.Uint32() & 0xff)
		addZ((*[14]vec)(a), &table[0], &index, negate)
		for l := range Lanes {
			summand := multiple(big.NewInt(3*int64(l) + int64(of[l]) + 1))
			if negate>>l&1 != 0 {
				summand = summand.negative()
			}
			zz, zzz := a.powersOfZ(l)
			a.checkXY(t, "addZ", l, zz, zzz, multiple(k[l]).plus(summand).negative())
		}
	}
}

func TestDouble(t *testing.T) {
	need(t)
	a, rng := aligned[point](), rand.New(rand.NewPCG(13, 14))
	for range 8 {
		var k [Lanes]*big.Int
		for l := range Lanes {
			k[l] = below(rng, bigN)
			a.fill(rng, l, k[l])
		}
		for range 3 {
			doubleZ((*[14]vec)(a))
			for l := range Lanes {
				k[l].Lsh(k[l], 1)
				zz, zzz := a.powersOfZ(l)
				a.checkXY(t, "doubleZ", l, zz, zzz, multiple(k[l]))
			}
		}
	}
}

// TestExceptional adds equal and opposite points: ZZ becomes 0 and stays it.
func TestExceptional(t *testing.T) {
	need(t)
	c, a := p384(), aligned[point]()
	rng := rand.New(rand.NewPCG(15, 16))
	s := new(scalar)
	for l := range Lanes {
		k := big.NewInt(1)
		if l%2 == 1 {
			k.Sub(bigN, k)
		}
		if l >= 6 {
			k.SetInt64(2)
		}
		a.fill(rng, l, k)
		s[0][l] = entries << 1 // the digit 1
	}
	for range 3 {
		addP((*[14]vec)(a), &c.window[0], &s[0], 1, 0)
		mulP(&a[10], &a[atZZ], &c.p.one)
		reduceP(&a[10], &a[10])
		if got, want := zeroLanes(&a[10]), uint8(0b00111111); got != want {
			t.Errorf("ZZ is 0 in lanes %08b, want %08b", got, want)
		}
		s[0] = [8]uint64{} // other points
	}
}

// TestTable compares entries of all windows with multiples of the base point.
func TestTable(t *testing.T) {
	need(t)
	c := p384()
	for i := range windows {
		for _, j := range []int{0, 1, i % entries, entries - 1} {
			k := new(big.Int).Lsh(big.NewInt(int64(2*j+1)), uint(i*width))
			want := multiple(k)
			wantX, wantY := fromBig(montgomery(want.x)), fromBig(montgomery(want.y))
			for w := range 6 {
				if c.window[i][w][j] != wantX[w] || c.window[i][6+w][j] != wantY[w] {
					t.Fatalf("word %d of entry %d of window %d is not that of the multiple", w, j, i)
				}
			}
		}
	}
}

func TestOnCurve(t *testing.T) {
	need(t)
	c, a := p384(), aligned[point]()
	rng := rand.New(rand.NewPCG(17, 18))
	room := aligned[[6]vec]()
	for l := range Lanes {
		a.fill(rng, l, big.NewInt(int64(l+1)))
	}
	if got := a.onCurve(c, room); got != 0xff {
		t.Errorf("points on the curve in lanes %08b, want all", got)
	}
	for l, at := range []int{atX, atY, atZZ, atZZZ} {
		a[at][l][l] ^= 1 << l
	}
	if got := a.onCurve(c, room); got != 0xf0 {
		t.Errorf("points on the curve in lanes %08b, want 11110000", got)
	}
}

func TestSetOdd(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 20))
	n := fromBig(bigN)
	numbers := []*big.Int{big.NewInt(1), big.NewInt(2), new(big.Int).Sub(bigN, big.NewInt(1)), new(big.Int).Sub(bigN, big.NewInt(2))}
	for range 100 {
		numbers = append(numbers, below(rng, bigN))
	}
	for i, k := range numbers {
		l, words := i%Lanes, fromBig(k)
		var s scalar
		s.setOdd(l, &words, &n)
		sum := new(big.Int)
		for bit := range 385 {
			term := new(big.Int).Lsh(big.NewInt(1), uint(bit))
			if at := bit + 1; s[at/64][l]>>(at%64)&1 == 0 {
				term.Neg(term)
			}
			sum.Add(sum, term)
		}
		if k.Bit(0) == 0 {
			sum.Sub(bigN, sum)
		}
		if sum.Cmp(k) != 0 {
			t.Errorf("the signs of %x add up to %x", k, sum)
		}
	}
}
