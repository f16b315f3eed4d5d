package single

import (
	"encoding/binary"
	"math/big"
	"testing"
)

// binary operations of the field, and what they should give for Montgomery forms.
var fieldOperations = []struct {
	name string
	got  func(z, x, y *element)
	want func(x, y *big.Int) *big.Int
}{
	{"mul", (*element).mul, montgomeryProduct},
	{"mulPortable", (*element).mulPortable, montgomeryProduct},
	{"sqr", func(z, x, y *element) { z.sqr(x) }, func(x, y *big.Int) *big.Int { return montgomeryProduct(x, x) }},
	{"add", (*element).add, plus},
	{"sub", (*element).sub, minus},
	{"sub itself", func(z, x, y *element) { z.sub(x, x) }, func(x, y *big.Int) *big.Int { return new(big.Int) }},
	{"halve", func(z, x, y *element) { z.halve(x) }, func(x, y *big.Int) *big.Int { return mul(x, new(big.Int).ModInverse(big.NewInt(2), bigP)) }},
	{"toField", func(z, x, y *element) { z.toField((*[6]uint64)(x)) }, func(x, y *big.Int) *big.Int { return mul(x, bigR) }},
	{"fromField", func(z, x, y *element) { z.fromField(x) }, func(x, y *big.Int) *big.Int { return montgomeryProduct(x, big.NewInt(1)) }},
}

func montgomeryProduct(x, y *big.Int) *big.Int {
	return mul(mul(x, y), new(big.Int).ModInverse(bigR, bigP))
}

func checkField(t *testing.T, x, y element) {
	t.Helper()
	bx, by := number(x), number(y)
	for _, o := range fieldOperations {
		want := element(limbs(mod(o.want(bx, by), bigP)))
		var z element
		if o.got(&z, &x, &y); z != want {
			t.Errorf("%s(%x, %x) = %x, want %x", o.name, bx, by, number(z), number(want))
		}
		z = x
		if o.got(&z, &z, &y); z != want {
			t.Errorf("%s(%x, %x) onto the first = %x, want %x", o.name, bx, by, number(z), number(want))
		}
		z = y
		if o.got(&z, &x, &z); z != want {
			t.Errorf("%s(%x, %x) onto the second = %x, want %x", o.name, bx, by, number(z), number(want))
		}
	}
}

func TestField(t *testing.T) {
	for _, p := range pairs(bigP, seeded()) {
		checkField(t, p[0], p[1])
	}
}

func FuzzField(f *testing.F) {
	f.Add(make([]byte, 96))
	f.Fuzz(func(t *testing.T, b []byte) {
		x, y := twoNumbers(b)
		checkField(t, limbs(mod(number(x), bigP)), limbs(mod(number(y), bigP)))
	})
}

func twoNumbers(b []byte) (x, y [6]uint64) {
	b = append(b, make([]byte, 96)...)
	for i := range 6 {
		x[i], y[i] = binary.LittleEndian.Uint64(b[8*i:]), binary.LittleEndian.Uint64(b[48+8*i:])
	}
	return x, y
}

func TestConstants(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want *big.Int
	}{
		{"one", number(one), mod(bigR, bigP)},
		{"square", number(square), mod(mul(bigR, bigR), bigP)},
		{"cube", number(cube), mod(mul(bigR, mul(bigR, bigR)), bigP)},
		{"prime", number(prime), bigP},
		{"order", number(order), bigN},
		{"orderSquare", number(orderSquare), mod(mul(bigR, bigR), bigN)},
	} {
		if c.got.Cmp(c.want) != 0 {
			t.Errorf("%s is %x, want %x", c.name, c.got, c.want)
		}
	}
	if m := order[0]; m*orderNegInv != ones {
		t.Errorf("orderNegInv * n mod 2^64 is %x, want -1", m*orderNegInv)
	}
}

func TestNegateIf(t *testing.T) {
	for _, x := range edges(bigP) {
		same, negative := element(x), element(x)
		if same.isZero() == 1 {
			continue
		}
		same.negateIf(0)
		negative.negateIf(ones)
		if want := limbs(minus(bigP, number(x))); same != x || negative != want {
			t.Errorf("%x: %x and %x, want it and %x", x, same, negative, want)
		}
	}
}

func TestIsZero(t *testing.T) {
	for i := range 384 {
		x := element(limbs(new(big.Int).Lsh(big.NewInt(1), uint(i))))
		if x.isZero() != 0 {
			t.Errorf("2^%d is 0", i)
		}
	}
	if new(element).isZero() != 1 {
		t.Error("0 is not 0")
	}
}

func TestInvert(t *testing.T) {
	for _, x := range edges(bigP) {
		var inv, got element
		inv.invert((*element)(&x))
		got.mul(&inv, (*element)(&x))
		if want := one; got != want && number(x).Sign() != 0 {
			t.Errorf("%x / %x = %x, want 1", x, x, got)
		}
	}
}
