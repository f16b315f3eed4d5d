package single

import (
	"math/big"
	"testing"
)

func checkVerify(t *testing.T, r, s, e, x, y [6]uint64, want bool) {
	t.Helper()
	list := func(v [6]uint64) [][6]uint64 { return [][6]uint64{v} }
	got := Verify(list(r), list(s), list(e), list(x), list(y)) == 1
	if std := stdVerify(r, s, e, x, y); got != want || std != want {
		t.Errorf("r=%x s=%x e=%x x=%x y=%x: %t, crypto/ecdsa %t, want %t", r, s, e, x, y, got, std, want)
	}
}

// TestVerifySums has signatures whose u*G + v*Q meets equal and opposite points on its way, or ends at infinity: keys
// are small multiples of G.
func TestVerifySums(t *testing.T) {
	small := []*big.Int{big.NewInt(1), big.NewInt(2), big.NewInt(3), big.NewInt(31), big.NewInt(63), number(random(seeded())),
		over(big.NewInt(1), big.NewInt(2))}
	for _, v := range small {
		small = append(small, minus(bigN, mod(v, bigN)))
	}
	check := func() {
		for i, u := range small {
			for j, v := range small {
				if testing.Short() && (i+j)%7 != 0 {
					continue
				}
				checkSum(t, u, v, small[(i+3*j)%len(small)])
				checkSum(t, u, v, big.NewInt(1))
				checkSum(t, u, v, over(u, v))
				checkSum(t, u, v, mod(minus(new(big.Int), over(u, v)), bigN))
			}
		}
	}
	check()
	portably(check)
}

// checkSum judges the signature that makes the verifier compute u*G + v*(d*G).
func checkSum(t *testing.T, u, v, d *big.Int) {
	t.Helper()
	x, y := multiple(t, mod(d, bigN))
	sum := mod(plus(u, mul(v, d)), bigN)
	r := big.NewInt(1)
	if sum.Sign() != 0 {
		rx, _ := multiple(t, sum)
		r = mod(number(rx), bigN)
	}
	s := over(r, v)
	e := mod(mul(u, s), bigN)
	checkVerify(t, limbs(r), limbs(s), limbs(e), x, y, sum.Sign() != 0)
}

func TestVerifyNot(t *testing.T) {
	d := big.NewInt(12345)
	x, y := multiple(t, d)
	e := [6]uint64{1, 2, 3, 4, 5, 6}
	r, s, ok := sign([6]uint64{7, 7, 7, 7, 7, 7}, e, limbs(d))
	if !ok {
		t.Fatal("no signature")
	}
	checkVerify(t, r, s, e, x, y, true)
	checkVerify(t, r, limbs(minus(bigN, number(s))), e, x, y, true)
	checkVerify(t, r, s, e, x, limbs(minus(bigP, number(y))), false)
	checkVerify(t, s, r, e, x, y, false)
	for _, p := range []*[6]uint64{&r, &s, &e, &x, &y} {
		good := *p
		for _, bad := range [][6]uint64{{}, limbs(bigN), limbs(bigP), limbs(minus(bigR, big.NewInt(1))), limbs(plus(number(good), big.NewInt(1)))} {
			*p = bad
			checkVerify(t, r, s, e, x, y, false)
		}
		*p = good
	}
	// The same point and the same numbers, but not the smallest way to write them.
	if sum := plus(number(s), bigN); sum.Cmp(bigR) < 0 {
		checkVerify(t, r, limbs(sum), e, x, y, false)
	}
}

// TestVerifyLargeAbscissa has a point whose x is n or more, so that r is x - n. Nobody knows the key to it: the
// point comes first and Q = (R - u*G)/v.
func TestVerifyLargeAbscissa(t *testing.T) {
	point := pointAbove(bigN)
	x := number(point.x)
	acc := accumulator{jacobian: point.inField()}
	minusG := generator
	minusG.y.negateIf(ones)
	acc.addAffine(&minusG) // u = v = 1
	var inv element
	var q affine
	inv.invert(&acc.z)
	q.fromJacobian(&acc.jacobian, &inv)
	r := minus(x, bigN)
	qx, qy := limbs(q.x.value()), limbs(q.y.value())
	checkVerify(t, limbs(r), limbs(r), limbs(r), qx, qy, true)
	checkVerify(t, limbs(x), limbs(r), limbs(r), qx, qy, false)
	r.Add(r, big.NewInt(1))
	checkVerify(t, limbs(r), limbs(r), limbs(r), qx, qy, false)
}

// plain is a point in normal form.
type plain struct{ x, y [6]uint64 }

func (p plain) inField() jacobian {
	var q affine
	q.x.toField(&p.x)
	q.y.toField(&p.y)
	return q.jacobian()
}

// pointAbove finds the first point whose x is above the number.
func pointAbove(x *big.Int) plain {
	for {
		x = plus(x, big.NewInt(1))
		right := plus(minus(mul(mul(x, x), x), mul(big.NewInt(3), x)), curveB.value())
		if y := new(big.Int).ModSqrt(mod(right, bigP), bigP); y != nil {
			return plain{limbs(x), limbs(y)}
		}
	}
}

func FuzzVerify(f *testing.F) {
	f.Add(make([]byte, 96), make([]byte, 96))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		u, v := twoNumbers(a)
		d, e := twoNumbers(b)
		if (*scalar)(&u).inRange()&(*scalar)(&v).inRange()&(*scalar)(&d).inRange() == 0 {
			return
		}
		checkSum(t, number(u), number(v), number(d))
		x, y := multiple(t, number(d))
		checkVerify(t, u, v, e, x, y, false)
	})
}
