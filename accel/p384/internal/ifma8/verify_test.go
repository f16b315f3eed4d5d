//go:build amd64 && !purego

package ifma8

import (
	"crypto/elliptic"
	"math/big"
	"math/rand/v2"
	"testing"
)

// checkVerify compares with crypto/ecdsa.
func (m *batch) checkVerify(t testing.TB, count int) {
	t.Helper()
	got := Verify(m.r[:count], m.s[:count], m.e[:count], m.x[:count], m.y[:count])
	for l := range count {
		want := exact(&m.r[l], &m.s[l], &m.e[l], &m.x[l], &m.y[l])
		if got>>l&1 != 0 != want {
			t.Errorf("lane %d: valid is %v, want %v: r %x s %x e %x x %x y %x", l, !want, want, m.r[l], m.s[l], m.e[l], m.x[l], m.y[l])
		}
	}
	if got>>count != 0 {
		t.Errorf("%d lanes gave %08b", count, got)
	}
}

func TestVerify(t *testing.T) {
	need(t)
	rng := rand.New(rand.NewPCG(21, 22))
	for round := range uint64(16) {
		m, count := randomBatch(round), int(round%Lanes)+1
		Sign(m.r[:], m.s[:], m.k[:], m.e[:], m.d[:])
		if got, want := Verify(m.r[:count], m.s[:count], m.e[:count], m.x[:count], m.y[:count]), uint8(1<<count-1); got != want {
			t.Errorf("valid are %08b, want %08b", got, want)
		}
		for l := range Lanes {
			number := [...]*[6]uint64{&m.r[l], &m.s[l], &m.e[l], &m.x[l], &m.y[l], new([6]uint64)}[rng.IntN(6)]
			number[rng.IntN(6)] ^= 1 << rng.IntN(64)
		}
		m.checkVerify(t, count)
	}
}

// TestVerifyRange replaces each number by one at or out of its range.
func TestVerifyRange(t *testing.T) {
	need(t)
	m := randomBatch(5)
	Sign(m.r[:], m.s[:], m.k[:], m.e[:], m.d[:])
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 384), big.NewInt(1))
	numbers := []*big.Int{new(big.Int), big.NewInt(1), bigN, bigP, all, new(big.Int).Sub(bigN, big.NewInt(1)), new(big.Int).Sub(bigP, big.NewInt(1))}
	for _, n := range numbers {
		changed := *m
		for _, number := range []*[6]uint64{&changed.r[0], &changed.s[1], &changed.e[2], &changed.x[3], &changed.y[4]} {
			*number = fromBig(n)
		}
		changed.x[5], changed.y[5] = fromBig(n), fromBig(n)
		changed.r[6], changed.s[6] = fromBig(n), fromBig(n)
		changed.checkVerify(t, Lanes)
	}
}

// TestVerifyLargeX has points whose x is n or more: r is x-n. Such a point R has no known scalar, but a public key that
// makes it: (s·R - e·G)/r.
func TestVerifyLargeX(t *testing.T) {
	need(t)
	params := elliptic.P384().Params()
	m, l := new(batch), 0
	for x := new(big.Int).Set(bigN); l < Lanes; x.Add(x, big.NewInt(1)) {
		y := new(big.Int).Mul(x, x)
		y.Sub(y, big.NewInt(3)).Mul(y, x).Add(y, params.B)
		r := new(big.Int).Sub(x, bigN)
		if y.ModSqrt(y.Mod(y, bigP), bigP) == nil || r.Sign() == 0 {
			continue
		}
		s, e := big.NewInt(int64(5+l)), big.NewInt(int64(7*l+1))
		key := xy{new(big.Int).Set(x), y}.times(s).plus(multiple(e).negative()).times(new(big.Int).ModInverse(r, bigN))
		m.r[l], m.s[l], m.e[l], m.x[l], m.y[l] = fromBig(r), fromBig(s), fromBig(e), fromBig(key.x), fromBig(key.y)
		l++
	}
	if got := Verify(m.r[:], m.s[:], m.e[:], m.x[:], m.y[:]); got != 0xff {
		t.Errorf("valid are %08b, want all", got)
	}
	m.checkVerify(t, Lanes)
	m.r[2][0] ^= 1
	m.checkVerify(t, Lanes)
}

// with sets a lane to a valid signature whose verification computes u1·G + u2·(d·G).
func (m *batch) with(l int, u1, u2, d *big.Int) (infinite bool) {
	k := new(big.Int).Mul(u2, d)
	k.Add(k, u1).Mod(k, bigN)
	r := big.NewInt(12345)
	if k.Sign() != 0 {
		r.Mod(multiple(k).x, bigN)
	}
	s := quotient(r, u2, bigN)
	e := new(big.Int).Mul(u1, s)
	m.set(l, big.NewInt(1), e.Mod(e, bigN), d)
	m.r[l], m.s[l] = fromBig(r), fromBig(s)
	return k.Sign() == 0
}

// TestVerifyExceptional has sums in which equal or opposite points meet, at the end or at the last digit, and small
// public keys.
func TestVerifyExceptional(t *testing.T) {
	need(t)
	rng := rand.New(rand.NewPCG(23, 24))
	minus := func(n *big.Int) *big.Int { return new(big.Int).Sub(bigN, n) }
	for _, d := range []*big.Int{big.NewInt(1), minus(big.NewInt(2)), below(rng, bigN)} {
		inverse := new(big.Int).ModInverse(d, bigN)
		var sums [][2]*big.Int
		for _, u1 := range []*big.Int{big.NewInt(1), big.NewInt(2), below(rng, bigN)} {
			same := new(big.Int).Mul(u1, inverse)
			same.Mod(same, bigN)
			sums = append(sums, [2]*big.Int{u1, same}, [2]*big.Int{u1, minus(same)})
			odd, sign := u1, int64(1)
			if u1.Bit(0) == 0 {
				odd, sign = minus(u1), -1
			}
			digit := int64(2*(new(big.Int).Rsh(odd, 1).Uint64()%(2*entries))+1) - 2*entries
			// What is there before the last digit is added is the last summand.
			before := new(big.Int).Sub(big.NewInt(2*digit), odd)
			before.Mul(before, big.NewInt(sign)).Mul(before, inverse).Mod(before, bigN)
			if before.Sign() != 0 {
				sums = append(sums, [2]*big.Int{u1, before})
			}
		}
		sums = append(sums, [2]*big.Int{new(big.Int), big.NewInt(1)}, [2]*big.Int{new(big.Int), big.NewInt(2)},
			[2]*big.Int{big.NewInt(1), big.NewInt(1)}, [2]*big.Int{big.NewInt(2), minus(big.NewInt(3))})
		for len(sums) > 0 {
			m, count := new(batch), min(Lanes, len(sums))
			var want uint8
			for l, u := range sums[:count] {
				if !m.with(l, u[0], u[1], d) {
					want |= 1 << l
				}
			}
			sums = sums[count:]
			if got := Verify(m.r[:count], m.s[:count], m.e[:count], m.x[:count], m.y[:count]); got != want {
				t.Errorf("key %x: valid are %08b, want %08b", d, got, want)
			}
			m.checkVerify(t, count)
		}
	}
}

func FuzzVerify(f *testing.F) {
	need(f)
	m := randomBatch(6)
	Sign(m.r[:], m.s[:], m.k[:], m.e[:], m.d[:])
	f.Add(make([]byte, 48), []byte{1}, []byte{1}, []byte{1})
	for i, n := range edges(bigN) {
		if i%8 == 0 {
			f.Add(n.Bytes(), n.Bytes(), n.Bytes(), []byte{2})
		}
	}
	f.Fuzz(func(t *testing.T, r, s, e, key []byte) {
		if len(r) > 48 || len(s) > 48 || len(e) > 48 || len(key) > 48 {
			return
		}
		changed := *m
		number := func(b []byte) [6]uint64 { return fromBig(new(big.Int).SetBytes(b)) }
		changed.r[0], changed.s[1], changed.e[2], changed.x[3] = number(r), number(s), number(e), number(key)
		if d := new(big.Int).SetBytes(key); d.Sign() > 0 && d.Cmp(bigN) < 0 {
			u1, u2 := new(big.Int).SetBytes(r), new(big.Int).SetBytes(s)
			if u1.Mod(u1, bigN); u2.Mod(u2, bigN).Sign() != 0 {
				changed.with(4, u1, u2, d)
			}
		}
		changed.checkVerify(t, 5)
	})
}
