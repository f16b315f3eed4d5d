package inverse

import (
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"
)

func number(x [6]uint64) *big.Int {
	var b [48]byte
	for i, limb := range x {
		binary.BigEndian.PutUint64(b[40-8*i:], limb)
	}
	return new(big.Int).SetBytes(b[:])
}

func fromNumber(v *big.Int) (x [6]uint64) {
	b := v.FillBytes(make([]byte, 48))
	for i := range x {
		x[i] = binary.BigEndian.Uint64(b[40-8*i:])
	}
	return x
}

func hex(s string) [6]uint64 {
	v, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic(s)
	}
	return fromNumber(v)
}

var (
	p = hex("fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff")
	n = hex("ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973")
)

func random(r *rand.Rand) (x [6]uint64) {
	for i := range x {
		switch r.IntN(6) {
		case 0:
		case 1:
			x[i] = ^uint64(0)
		default:
			x[i] = r.Uint64()
		}
	}
	return x
}

// check compares with math/big where there is an inverse, and says whether there was one.
func check(t *testing.T, m *Modulus, mod, x [6]uint64) bool {
	t.Helper()
	modulus := number(mod)
	reduced := fromNumber(new(big.Int).Mod(number(x), modulus))
	want := new(big.Int).ModInverse(number(reduced), modulus)
	if reduced == ([6]uint64{}) {
		want = new(big.Int)
	}
	if want == nil {
		return false
	}
	got := reduced
	m.Inverse(&got, &got)
	if number(got).Cmp(want) != 0 {
		t.Fatalf("1/%x mod %x = %x, want %x", number(reduced), modulus, number(got), want)
	}
	return true
}

func TestInverse(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, mod := range [][6]uint64{p, n, {3}, {1<<61 - 1}, {0: 1, 5: 1 << 63}, {^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0), ^uint64(0)}} {
		m := New(mod)
		for i := range uint64(4) {
			check(t, m, mod, [6]uint64{i})
			check(t, m, mod, fromNumber(new(big.Int).Sub(number(mod), big.NewInt(int64(i)))))
		}
		for i := range 384 {
			check(t, m, mod, fromNumber(new(big.Int).Lsh(big.NewInt(1), uint(i))))
		}
		for range 1000 {
			check(t, m, mod, random(r))
		}
	}
}

func TestInverseRandomModulus(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 2))
	inverted := 0
	for range 3000 {
		mod := random(r)
		mod[0] |= 3
		for i := r.IntN(6); i > 0; i-- {
			mod[6-i] = 0
		}
		m := New(mod)
		if check(t, m, mod, random(r)) {
			inverted++
		}
	}
	if inverted < 1000 {
		t.Errorf("%d of 3000 had an inverse", inverted)
	}
}

func FuzzInverse(f *testing.F) {
	f.Add(make([]byte, 96))
	f.Fuzz(func(t *testing.T, b []byte) {
		var mod, x [6]uint64
		for i := range min(len(b)/8, 12) {
			if word := binary.LittleEndian.Uint64(b[8*i:]); i < 6 {
				mod[i] = word
			} else {
				x[i-6] = word
			}
		}
		mod[0] |= 3
		check(t, New(mod), mod, x)
		check(t, New(p), p, x)
		check(t, New(n), n, x)
	})
}

func BenchmarkInverse(b *testing.B) {
	m, x := New(n), p
	x[5] = 12345
	for b.Loop() {
		m.Inverse(&x, &x)
	}
}
