//go:build amd64 && !purego

package ifma8

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

// operation is a field operation beside what it should give: a number below limit(x, y) that is want(x, y) modulo m.
type operation struct {
	name  string
	call  func(z, x, y *vec)
	m     *big.Int
	below func(x, y *big.Int) *big.Int
	want  func(x, y *big.Int) *big.Int
}

func first(x, _ *big.Int) *big.Int { return x }

func operations() (all []operation) {
	slack := func(*big.Int, *big.Int) *big.Int { return new(big.Int).Lsh(big.NewInt(1), 400) }
	for _, m := range []struct {
		n      *big.Int
		mul    func(z, x, y *vec)
		reduce func(z, x *vec)
	}{{bigP, mulP, reduceP}, {bigN, mulN, reduceN}} {
		reduced := func(x, y *big.Int) *big.Int {
			most := new(big.Int).Mul(x, y)
			return most.Rsh(most, 416).Add(most, m.n).Add(most, big.NewInt(1))
		}
		product := func(x, y *big.Int) *big.Int { return quotient(new(big.Int).Mul(x, y), bigR, m.n) }
		normal := func(*big.Int, *big.Int) *big.Int { return m.n }
		all = append(all, operation{"product", m.mul, m.n, reduced, product},
			operation{"reduction", func(z, x, _ *vec) { m.reduce(z, x) }, m.n, normal, first})
	}
	square := func(x, _ *big.Int) *big.Int { return quotient(new(big.Int).Mul(x, x), bigR, bigP) }
	sum := func(x, y *big.Int) *big.Int { return new(big.Int).Add(x, y) }
	difference := func(x, y *big.Int) *big.Int { return new(big.Int).Sub(x, y) }
	squareBelow := func(x, _ *big.Int) *big.Int { return all[0].below(x, x) }
	return append(all, operation{"square", func(z, x, _ *vec) { sqrP(z, x) }, bigP, squareBelow, square},
		operation{"sum", add, bigR, slack, sum}, operation{"difference", subP, bigP, slack, difference})
}

// check compares an operation in all lanes. A reduction is for numbers below twice its modulus only.
func (o *operation) check(t testing.TB, x, y *[Lanes]*big.Int) {
	t.Helper()
	n := aligned[[3]vec]()
	for l := range Lanes {
		setLane(&n[0], l, x[l])
		setLane(&n[1], l, y[l])
	}
	o.call(&n[2], &n[0], &n[1])
	for l := range Lanes {
		if o.name == "reduction" && x[l].Cmp(new(big.Int).Lsh(o.m, 1)) >= 0 {
			continue
		}
		got, want := lane(&n[2], l), o.want(x[l], y[l])
		if new(big.Int).Mod(new(big.Int).Sub(got, want), o.m).Sign() != 0 || got.Cmp(o.below(x[l], y[l])) >= 0 || got.Sign() < 0 {
			t.Errorf("%s in lane %d of %x and %x: got %x, want %x", o.name, l, x[l], y[l], got, want)
		}
		for i := range n[2] {
			if n[2][i][l]>>52 != 0 {
				t.Errorf("%s in lane %d of %x and %x: limb %d is %x", o.name, l, x[l], y[l], i, n[2][i][l])
			}
		}
	}
}

// most is as large as a number may be that is subtracted. The point formulas multiply numbers below 35·p.
var most = new(big.Int).Lsh(bigP, 6)

// lazy is a number up to that: random, or with limbs all ones.
func lazy(rng *rand.Rand) *big.Int {
	limit := new(big.Int).Lsh(big.NewInt(1), uint(384+rng.IntN(6)))
	n := below(rng, limit)
	for i := range 8 {
		limb := new(big.Int).Lsh(big.NewInt(1<<52-1), uint(52*i))
		switch rng.IntN(4) {
		case 0:
			n.Or(n, limb)
		case 1:
			n.AndNot(n, limb)
		}
	}
	return n.Mod(n, limit)
}

func TestField(t *testing.T) {
	need(t)
	numbers, at := append(edges(bigP), edges(bigN)...), 0
	numbers = append(numbers, most)
	for _, o := range operations() {
		var x, y [Lanes]*big.Int
		for _, a := range numbers {
			for _, b := range numbers {
				x[at], y[at] = a, b
				if at++; at == Lanes {
					o.check(t, &x, &y)
					at = 0
				}
			}
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for range 100 {
			for l := range Lanes {
				x[l], y[l] = lazy(rng), lazy(rng)
			}
			o.check(t, &x, &y)
		}
		at = 0
	}
}

// TestAliases has the result overwrite a factor.
func TestAliases(t *testing.T) {
	need(t)
	rng := rand.New(rand.NewPCG(3, 4))
	for _, o := range operations() {
		n := aligned[[4]vec]()
		for l := range Lanes {
			setLane(&n[0], l, below(rng, bigN))
			setLane(&n[1], l, below(rng, bigN))
		}
		o.call(&n[2], &n[0], &n[1])
		n[3] = n[0]
		o.call(&n[3], &n[3], &n[1])
		o.call(&n[1], &n[0], &n[1])
		if n[3] != n[2] || n[1] != n[2] {
			t.Errorf("%s differs where the result overwrites a factor", o.name)
		}
	}
}

func TestSwapLanes(t *testing.T) {
	need(t)
	n := aligned[[2]vec]()
	for i := range 8 {
		for l := range Lanes {
			n[0][i][l] = uint64(10*i + l)
		}
	}
	for _, order := range [][8]uint64{swaps[0], swaps[1], swaps[2], {7, 7, 7, 7, 0, 0, 0, 0}} {
		swapLanes(&n[1], &n[0], &order)
		for i := range 8 {
			for l := range Lanes {
				if got, want := n[1][i][l], uint64(10*i)+order[l]; got != want {
					t.Errorf("order %v: limb %d of lane %d is %d, want %d", order, i, l, got, want)
				}
			}
		}
	}
}

func FuzzField(f *testing.F) {
	need(f)
	for _, n := range edges(bigP) {
		f.Add(n.FillBytes(make([]byte, 49)), bigP.Bytes())
	}
	all := operations()
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) > 64 || len(b) > 64 {
			return
		}
		var x, y [Lanes]*big.Int
		for l := range Lanes {
			x[l] = new(big.Int).Mod(new(big.Int).Lsh(new(big.Int).SetBytes(a), uint(52*(l%4))), most)
			y[l] = new(big.Int).Mod(new(big.Int).Lsh(new(big.Int).SetBytes(b), uint(52*(l/4))), most)
		}
		for i := range all {
			all[i].check(t, &x, &y)
		}
	})
}
