package vaesgcm

import (
	"crypto/cipher"
	"strconv"
	"testing"
)

// BenchmarkSeal seals in place, with the additional data of a TLS 1.3 record.
func BenchmarkSeal(b *testing.B) {
	requireAvailable(b)
	key := newSource().bytes(16)
	for _, side := range []struct {
		name string
		aead cipher.AEAD
	}{{"std", newStd(b, key)}, {"vaes", newOurs(b, key)}} {
		for _, n := range []int{64, 1024, 16384} {
			b.Run(side.name+"/"+strconv.Itoa(n), func(b *testing.B) { benchmarkSeal(b, side.aead, n) })
		}
	}
}

func benchmarkSeal(b *testing.B, aead cipher.AEAD, n int) {
	random := newSource()
	nonce, additional := random.bytes(12), random.bytes(5)
	record := make([]byte, n, n+aead.Overhead())
	b.SetBytes(int64(n))
	b.ReportAllocs()
	for b.Loop() {
		aead.Seal(record[:0], nonce, record, additional)
	}
}
