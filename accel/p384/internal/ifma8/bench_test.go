//go:build amd64 && !purego

package ifma8

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"testing"
)

// perCall is how many calls of a kernel one round has: they take less than what the clock can tell.
const perCall = 16

func benchmarkKernel(b *testing.B, call func(a *point)) {
	need(b)
	a := aligned[point]()
	for b.Loop() {
		for range perCall {
			call(a)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*perCall), "ns/call")
}

func BenchmarkKernel(b *testing.B) {
	index := straight
	multiples := aligned[affine]()
	b.Run("mul8", func(b *testing.B) { benchmarkKernel(b, func(a *point) { mulP(&a[0], &a[1], &a[2]) }) })
	b.Run("sqr8", func(b *testing.B) { benchmarkKernel(b, func(a *point) { sqrP(&a[0], &a[1]) }) })
	b.Run("pointAdd", func(b *testing.B) {
		c := p384()
		benchmarkKernel(b, func(a *point) { addP((*[14]vec)(a), &c.window[0], &a[13][0], 1, 0) })
	})
	b.Run("pointAddKey", func(b *testing.B) {
		benchmarkKernel(b, func(a *point) { addZ((*[14]vec)(a), multiples, &index, 0) })
	})
	b.Run("pointDouble", func(b *testing.B) { benchmarkKernel(b, func(a *point) { doubleZ((*[14]vec)(a)) }) })
}

func benchmarkSign(count int) func(b *testing.B) {
	return func(b *testing.B) {
		need(b)
		m := randomBatch(1)
		for b.Loop() {
			Sign(m.r[:count], m.s[:count], m.k[:count], m.e[:count], m.d[:count])
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*count), "ns/signature")
	}
}

func BenchmarkSign(b *testing.B) {
	b.Run("full", benchmarkSign(Lanes))
	b.Run("one", benchmarkSign(1))
	b.Run("std", func(b *testing.B) {
		key, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		for b.Loop() {
			if _, err := key.Sign(rand.Reader, make([]byte, 48), nil); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	b.Run("full", func(b *testing.B) {
		need(b)
		m := randomBatch(1)
		Sign(m.r[:], m.s[:], m.k[:], m.e[:], m.d[:])
		for b.Loop() {
			if Verify(m.r[:], m.s[:], m.e[:], m.x[:], m.y[:]) != 0xff {
				b.Fatal("a signature is not valid")
			}
		}
	})
	b.Run("std", func(b *testing.B) {
		key, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
		signature, _ := ecdsa.SignASN1(rand.Reader, key, make([]byte, 48))
		for b.Loop() {
			if !ecdsa.VerifyASN1(&key.PublicKey, make([]byte, 48), signature) {
				b.Fatal("the signature is not valid")
			}
		}
	})
}
