package single

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
)

func BenchmarkMul(b *testing.B) {
	z := generator.x
	b.Run(kernel(), func(b *testing.B) {
		for b.Loop() {
			z.mul(&z, &generator.y)
		}
	})
	b.Run("go", func(b *testing.B) {
		for b.Loop() {
			z.mulPortable(&z, &generator.y)
		}
	})
}

func BenchmarkDouble(b *testing.B) {
	p := accumulator{jacobian: generator.jacobian()}
	for b.Loop() {
		p.double()
	}
}

func BenchmarkAddMixed(b *testing.B) {
	p := accumulator{jacobian: generator.jacobian(), entry: generator}
	p.double()
	for b.Loop() {
		p.addMixed()
	}
}

func BenchmarkChoose(b *testing.B) {
	var z affine
	t := base()
	for b.Loop() {
		z.choose(&t[3], 5)
	}
}

func BenchmarkScalarMul(b *testing.B) {
	z := order
	z[0]--
	for b.Loop() {
		z.mul(&z, &orderSquare)
	}
}

// both runs f with the kernels of this machine and without.
func both(b *testing.B, f func(b *testing.B)) {
	b.Run(kernel(), f)
	portably(func() { b.Run("portable", f) })
}

// BenchmarkSign is without the nonce, crypto/ecdsa with it.
func BenchmarkSign(b *testing.B) {
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("std", func(b *testing.B) {
		for b.Loop() {
			if _, err := ecdsa.SignASN1(rand.Reader, key, make([]byte, 48)); err != nil {
				b.Fatal(err)
			}
		}
	})
	x := [][6]uint64{{1, 2, 3, 4, 5, 6}}
	r, s := make([][6]uint64, 1), make([][6]uint64, 1)
	both(b, func(b *testing.B) {
		for b.Loop() {
			if Sign(r, s, x, x, x) != 1 {
				b.Fatal("not signed")
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	d := [6]uint64{1, 2, 3, 4, 5, 6}
	x, y := multiple(b, number(d))
	r, s, _ := sign(d, d, d)
	b.Run("std", func(b *testing.B) {
		for b.Loop() {
			if !stdVerify(r, s, d, x, y) {
				b.Fatal("not valid")
			}
		}
	})
	both(b, func(b *testing.B) {
		for b.Loop() {
			if !verify(&r, &s, &d, &x, &y) {
				b.Fatal("not valid")
			}
		}
	})
}
