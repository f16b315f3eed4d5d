package single

import (
	"math/big"
	"testing"
)

func checkScalar(t *testing.T, x, y [6]uint64) {
	t.Helper()
	bx, by := number(x), number(y)
	sx, sy := scalar(limbs(mod(bx, bigN))), scalar(limbs(mod(by, bigN)))
	var got scalar
	if got.mul(&sx, &sy); number(got).Cmp(mod(mul(bx, by), bigN)) != 0 {
		t.Errorf("%x * %x = %x", bx, by, got)
	}
	if got.mont((*scalar)(&x), &sy); number(got).Cmp(mod(mul(mul(bx, by), new(big.Int).ModInverse(bigR, bigN)), bigN)) != 0 {
		t.Errorf("%x * %x / 2^384 = %x", bx, sy, got)
	}
	if got.add(&sx, &sy); number(got).Cmp(mod(plus(bx, by), bigN)) != 0 {
		t.Errorf("%x + %x = %x", sx, sy, got)
	}
	if got.reduce(&x, 0); number(got).Cmp(mod(bx, bigN)) != 0 {
		t.Errorf("%x mod n = %x", x, got)
	}
	inRange := bx.Sign() > 0 && bx.Cmp(bigN) < 0
	if got := (*scalar)(&x).inRange() == 1; got != inRange {
		t.Errorf("%x in range: %t", x, got)
	}
	if got := sx.same(&sy) == 1; got != (sx == sy) {
		t.Errorf("%x same as %x: %t", sx, sy, got)
	}
	checkHalf(t, sx)
}

func checkHalf(t *testing.T, k scalar) {
	t.Helper()
	var half scalar
	even := half.halve(&k)
	want := number(k)
	if k[0]&1 == 0 {
		want = minus(bigN, want)
	}
	if got := plus(mul(number(half), big.NewInt(2)), big.NewInt(1)); got.Cmp(want) != 0 || even != k[0]&1-1 {
		t.Errorf("half of %x: 2*%x+1, %x", k, half, even)
	}
}

func checkDigits(t *testing.T, k scalar) {
	t.Helper()
	for _, width := range []uint{keyWidth, baseWidth} {
		var digits [385]int8
		for i := range digits {
			digits[i] = 99
		}
		recode(&digits, &k, width)
		sum := new(big.Int)
		for i := 384; i >= 0; i-- {
			d := int64(digits[i])
			sum = plus(mul(sum, big.NewInt(2)), big.NewInt(d))
			if d != 0 && (d%2 == 0 || max(d, -d) >= 1<<(width-1)) {
				t.Errorf("digit %d of %x, width %d: %d", i, k, width, d)
			}
		}
		if sum.Cmp(number(k)) != 0 {
			t.Errorf("digits of %x, width %d: %x", k, width, sum)
		}
	}
}

func TestScalar(t *testing.T) {
	for i, p := range append(pairs(bigN, seeded()), pairs(bigR, seeded())...) {
		checkScalar(t, p[0], p[1])
		if i%10 == 0 {
			checkDigits(t, p[1])
		}
	}
}

func FuzzScalar(f *testing.F) {
	f.Add(make([]byte, 96))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, y := twoNumbers(b)
		checkScalar(t, x, y)
		checkDigits(t, x)
	})
}
