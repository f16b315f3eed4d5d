package p384

import (
	"crypto/elliptic"
	"math/big"
	"testing"
)

// edges are numbers of 384 bits at which carries and comparisons change.
func edges() []*big.Int {
	n, p := elliptic.P384().Params().N, elliptic.P384().Params().P
	top := new(big.Int).Lsh(big.NewInt(1), 384)
	var all []*big.Int
	for _, m := range []*big.Int{new(big.Int), n, p, new(big.Int).Rsh(n, 1), top, new(big.Int).Lsh(big.NewInt(1), 192)} {
		for d := int64(-2); d <= 2; d++ {
			if x := new(big.Int).Add(m, big.NewInt(d)); x.Sign() >= 0 && x.Cmp(top) < 0 {
				all = append(all, x)
			}
		}
	}
	for limb := range uint(6) {
		all = append(all, new(big.Int).Lsh(new(big.Int).SetUint64(1<<64-1), 64*limb))
	}
	return all
}

func fromBig(x *big.Int) (z [6]uint64) {
	var b [size]byte
	x.FillBytes(b[:])
	setOctets(&z, &b)
	return z
}

func toBig(z *[6]uint64) *big.Int {
	var b [size]byte
	octets(&b, z)
	return new(big.Int).SetBytes(b[:])
}

func checkScalar(t *testing.T, x *big.Int) {
	t.Helper()
	n := elliptic.P384().Params().N
	z := fromBig(x)
	if got := toBig(&z); got.Cmp(x) != 0 {
		t.Errorf("octets: got %x, want %x", got, x)
	}
	if got, want := usable(&z), x.Sign() > 0 && x.Cmp(n) < 0; got != want {
		t.Errorf("usable(%x): got %v, want %v", x, got, want)
	}
	reduce(&z)
	if got, want := toBig(&z), new(big.Int).Mod(x, n); got.Cmp(want) != 0 {
		t.Errorf("reduce(%x): got %x, want %x", x, got, want)
	}
}

func TestScalar(t *testing.T) {
	for _, x := range edges() {
		checkScalar(t, x)
	}
}

func FuzzScalar(f *testing.F) {
	for _, x := range edges() {
		f.Add(x.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkScalar(t, new(big.Int).SetBytes(b[:min(len(b), size)]))
	})
}

func TestSetDigest(t *testing.T) {
	full := make([]byte, 64)
	for i := range full {
		full[i] = byte(i + 1)
	}
	for _, length := range []int{0, 1, 20, 32, 47, 48, 49, 64} {
		var got [6]uint64
		setDigest(&got, full[:length])
		if want := fromBig(new(big.Int).SetBytes(full[:min(length, size)])); got != want {
			t.Errorf("%d bytes: got %x, want %x", length, got, want)
		}
	}
}
