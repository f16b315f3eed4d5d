package single

import (
	"math/big"
	"testing"
)

func sign(k, e, d [6]uint64) (r, s [6]uint64, ok bool) {
	rs, ss := [][6]uint64{{1}}, [][6]uint64{{1}}
	bit := Sign(rs, ss, [][6]uint64{k}, [][6]uint64{e}, [][6]uint64{d})
	return rs[0], ss[0], bit == 1
}

// checkSign compares with the formula, and asks crypto/ecdsa and Verify.
func checkSign(t *testing.T, k, e, d [6]uint64) {
	t.Helper()
	x, y := multiple(t, number(d))
	rx, _ := multiple(t, number(k))
	wantR := mod(number(rx), bigN)
	wantS := over(plus(number(e), mul(wantR, number(d))), number(k))
	r, s, ok := sign(k, e, d)
	if number(r).Cmp(wantR) != 0 || number(s).Cmp(wantS) != 0 || !ok {
		t.Errorf("Sign(k=%x, e=%x, d=%x) = %x, %x, %t, want %x, %x", k, e, d, r, s, ok, wantR, wantS)
	}
	checkVerify(t, r, s, e, x, y, true)
}

func TestSign(t *testing.T) {
	r := seeded()
	check := func() {
		for range 20 {
			k, d := limbs(mod(number(random(r)), bigN)), limbs(mod(number(random(r)), bigN))
			checkSign(t, k, random(r), d)
		}
		one, last := limbs(big.NewInt(1)), limbs(minus(bigN, big.NewInt(1)))
		for _, k := range [][6]uint64{one, {2}, {3}, last, limbs(minus(bigN, big.NewInt(2)))} {
			for _, d := range [][6]uint64{one, last} {
				for _, e := range [][6]uint64{{}, one, last, limbs(bigN), limbs(minus(bigR, big.NewInt(1)))} {
					checkSign(t, k, e, d)
				}
			}
		}
	}
	check()
	portably(check)
}

// TestSignNot has no signature for what cannot have one: numbers out of range, s = 0, and the two k of baseMult.
func TestSignNot(t *testing.T) {
	hot := exceptional()
	x, _ := multiple(t, big.NewInt(5))
	noS := limbs(minus(bigN, mod(mul(number(x), big.NewInt(7)), bigN))) // e = -r*d for k = 5, d = 7
	for _, c := range []struct {
		name    string
		k, e, d [6]uint64
	}{
		{"k = 0", [6]uint64{}, [6]uint64{1}, [6]uint64{1}},
		{"k = n", limbs(bigN), [6]uint64{1}, [6]uint64{1}},
		{"k = n+1", limbs(plus(bigN, big.NewInt(1))), [6]uint64{1}, [6]uint64{1}},
		{"d = 0", [6]uint64{1}, [6]uint64{1}, [6]uint64{}},
		{"d = n", [6]uint64{1}, [6]uint64{1}, limbs(bigN)},
		{"d = 2^384-1", [6]uint64{1}, [6]uint64{1}, limbs(minus(bigR, big.NewInt(1)))},
		{"s = 0", [6]uint64{5}, noS, [6]uint64{7}},
		{"exceptional", limbs(hot[0]), [6]uint64{1}, [6]uint64{1}},
		{"exceptional, even", limbs(hot[1]), [6]uint64{1}, [6]uint64{1}},
	} {
		if r, s, ok := sign(c.k, c.e, c.d); ok || r != ([6]uint64{}) || s != ([6]uint64{}) {
			t.Errorf("%s: %x, %x, %t, want nothing", c.name, r, s, ok)
		}
	}
}

func TestSignAllocatesNothing(t *testing.T) {
	x := [][6]uint64{{1, 2, 3, 4, 5, 6}}
	r, s := make([][6]uint64, 1), make([][6]uint64, 1)
	if got := testing.AllocsPerRun(10, func() { Sign(r, s, x, x, x) }); got != 0 {
		t.Errorf("%v allocations, want none", got)
	}
}

func FuzzSign(f *testing.F) {
	f.Add(make([]byte, 96), make([]byte, 48))
	f.Fuzz(func(t *testing.T, kd, eb []byte) {
		k, d := twoNumbers(kd)
		e, _ := twoNumbers(eb)
		if (*scalar)(&k).inRange()&(*scalar)(&d).inRange() == 1 {
			checkSign(t, k, e, d)
		} else if _, _, ok := sign(k, e, d); ok {
			t.Errorf("Sign(k=%x, d=%x) is ok", k, d)
		}
	})
}
