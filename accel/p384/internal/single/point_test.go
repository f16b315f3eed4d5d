package single

import (
	"math/big"
	"testing"
)

// checkPoints adds and doubles x*G and y*G, with z of their own.
func checkPoints(t *testing.T, x, y *big.Int, z1, z2 [6]uint64) {
	t.Helper()
	p, q := point(t, x, z1), point(t, y, z2)
	acc := accumulator{jacobian: p}
	if acc.double(); !acc.isMultiple(t, plus(x, x)) {
		t.Errorf("2 * %x", x)
	}
	acc.jacobian = p
	if got := acc.onCurve() == 1; got != (mod(x, bigN).Sign() != 0) {
		t.Errorf("%x on the curve: %t", x, got)
	}
	if mod(y, bigN).Sign() == 0 {
		return
	}
	acc.jacobian = p
	other := q.prepared()
	if acc.add(&other); !acc.isMultiple(t, plus(x, y)) {
		t.Errorf("%x + %x", x, y)
	}
	qa := point(t, y, one)
	acc.jacobian = p
	if acc.addAffine(&affine{qa.x, qa.y}); !acc.isMultiple(t, plus(x, y)) {
		t.Errorf("%x + affine %x", x, y)
	}
	acc.jacobian, acc.entry = p, affine{qa.x, qa.y}
	sum := plus(x, y)
	if p.z.isZero() == 1 || mod(minus(x, y), bigN).Sign() == 0 {
		sum = new(big.Int)
	}
	if acc.addMixed(); !acc.isMultiple(t, sum) {
		t.Errorf("%x + mixed %x", x, y)
	}
	acc.jacobian = p
	acc.y.add(&acc.y, &one)
	if acc.onCurve() == 1 && z1 != ([6]uint64{}) {
		t.Errorf("a point off the curve is on it")
	}
}

func TestPoints(t *testing.T) {
	r := seeded()
	half := over(big.NewInt(1), big.NewInt(2))
	pointCases := func() {
		for _, x := range []*big.Int{new(big.Int), big.NewInt(1), big.NewInt(2), half, minus(bigN, big.NewInt(1)), number(random(r))} {
			for _, y := range []*big.Int{new(big.Int), big.NewInt(1), minus(bigN, big.NewInt(1)), x, minus(bigN, mod(x, bigN)), plus(x, x), number(random(r))} {
				checkPoints(t, x, y, limbs(mod(number(random(r)), bigP)), limbs(mod(number(random(r)), bigP)))
				checkPoints(t, x, y, one, one)
			}
		}
	}
	pointCases()
	portably(pointCases)
}

// TestPointsAlike compares the kernels with the Go code on numbers that need not be points: edges everywhere.
func TestPointsAlike(t *testing.T) {
	all := edges(bigP)
	r := seeded()
	for range 3000 {
		var start accumulator
		for _, z := range []*element{&start.x, &start.y, &start.z, &start.entry.x, &start.entry.y} {
			*z = all[r.IntN(len(all))]
		}
		checkAlike(t, start)
	}
}

func checkAlike(t *testing.T, start accumulator) {
	t.Helper()
	got, want := start, start
	got.double()
	want.doublePortable()
	if got.jacobian != want.jacobian {
		t.Errorf("double of %x: %x, want %x", start.jacobian, got.jacobian, want.jacobian)
	}
	got, want = start, start
	got.addMixed()
	want.addMixedPortable()
	if got.jacobian != want.jacobian {
		t.Errorf("addMixed of %x and %x: %x, want %x", start.jacobian, start.entry, got.jacobian, want.jacobian)
	}
}

func FuzzPoints(f *testing.F) {
	f.Add(make([]byte, 240))
	f.Fuzz(func(t *testing.T, b []byte) {
		b = append(b, make([]byte, 240)...)
		var start accumulator
		for i, z := range []*element{&start.x, &start.y, &start.z, &start.entry.x, &start.entry.y} {
			x, _ := twoNumbers(b[48*i : 48*i+48 : 48*i+48])
			*z = limbs(mod(number(x), bigP))
		}
		checkAlike(t, start)
	})
}

func TestBaseTable(t *testing.T) {
	for i, window := range base() {
		for j, entry := range window {
			if (i*32+j)%17 != 0 {
				continue
			}
			p := entry.jacobian()
			if k := new(big.Int).Lsh(big.NewInt(int64(2*j+1)), uint(6*i)); !p.isMultiple(t, k) {
				t.Errorf("entry %d of window %d", j, i)
			}
		}
	}
}

func TestChoose(t *testing.T) {
	for i, window := range base() {
		for j := range window {
			for _, choose := range []func(*affine, *[32]affine, uint64){(*affine).choose, (*affine).choosePortable} {
				got := generator
				if choose(&got, &window, uint64(j)); got != window[j] {
					t.Fatalf("entry %d of window %d: %x, want %x", j, i, got, window[j])
				}
			}
		}
	}
}

// exceptional are the two scalars that baseMult leaves out.
func exceptional() [2]*big.Int {
	k := minus(new(big.Int).Lsh(big.NewInt(126), 378), bigN)
	return [2]*big.Int{k, minus(bigN, k)}
}

// scalars near which something happens in baseMult: ends, exceptional ones, extreme digits in each window.
func scalars() (all []*big.Int) {
	k := exceptional()
	for _, middle := range []*big.Int{new(big.Int), bigN, k[0], k[1], new(big.Int).Rsh(bigN, 1)} {
		for i := int64(-9); i <= 9; i++ {
			all = append(all, plus(middle, big.NewInt(i)))
		}
	}
	for i := range uint(windows) {
		if testing.Short() && i%8 != 7 {
			continue
		}
		low, high := new(big.Int).Lsh(big.NewInt(1), 6*i), new(big.Int).Lsh(big.NewInt(63), 6*i)
		all = append(all, low, high, minus(bigN, low), minus(bigN, high), minus(mod(bigR, bigN), low), minus(minus(bigR, big.NewInt(1)), high))
	}
	return all
}

func TestBaseMult(t *testing.T) {
	hot := exceptional()
	check := func() {
		for _, k := range scalars() {
			if k.Sign() <= 0 || k.Cmp(bigN) >= 0 {
				continue
			}
			want := k
			if k.Cmp(hot[0]) == 0 || k.Cmp(hot[1]) == 0 {
				want = new(big.Int)
			}
			var p accumulator
			var half scalar
			number := scalar(limbs(k))
			if p.baseMult(&number, &half); !p.isMultiple(t, want) {
				t.Errorf("%x*G", k)
			}
		}
	}
	check()
	portably(check)
}
