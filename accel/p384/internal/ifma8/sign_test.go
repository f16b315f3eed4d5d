//go:build amd64 && !purego

package ifma8

import (
	"math/big"
	"testing"
)

func TestSign(t *testing.T) {
	need(t)
	for round := range uint64(16) {
		randomBatch(round).checkSign(t, int(round%Lanes)+1)
	}
}

// TestSignScalars signs with nonces at the edges: small ones and their negatives, and such that all digits are one.
func TestSignScalars(t *testing.T) {
	need(t)
	one := big.NewInt(1)
	var nonces []*big.Int
	for i := range int64(2*entries + 8) {
		small := big.NewInt(i + 1)
		nonces = append(nonces, small, new(big.Int).Sub(bigN, small))
	}
	for v := int64(0); v < 2*entries; v += 9 {
		k := big.NewInt(1)
		for i := range windows - 1 {
			k.Or(k, new(big.Int).Lsh(big.NewInt(v), uint(i*width+1)))
		}
		k.SetBit(k, 384, 0)
		nonces = append(nonces, k, new(big.Int).Sub(bigN, k))
	}
	m, at := randomBatch(1), 0
	for _, k := range append(nonces, one, one, one, one, one, one, one) {
		if k.Sign() <= 0 || k.Cmp(bigN) >= 0 {
			continue
		}
		m.k[at] = fromBig(k)
		if at++; at == Lanes {
			m.checkSign(t, Lanes)
			at = 0
		}
	}
}

// TestSignLanes has equal lanes, and one lane that differs from the others.
func TestSignLanes(t *testing.T) {
	need(t)
	least, most := big.NewInt(1), new(big.Int).Sub(bigN, big.NewInt(1))
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 384), big.NewInt(1))
	for hot := range Lanes + 1 {
		m := new(batch)
		for l := range Lanes {
			m.set(l, least, new(big.Int), least)
			if l == hot {
				m.set(l, most, all, most)
			}
		}
		m.checkSign(t, Lanes)
	}
}

// TestSignZero has numbers that make s zero: e = -r·d. The other lanes must not suffer.
func TestSignZero(t *testing.T) {
	need(t)
	m := randomBatch(2)
	r, _ := expected(toBig(&m.k[3]), new(big.Int), toBig(&m.d[3]))
	e := r.Mul(r, toBig(&m.d[3]))
	m.e[3] = fromBig(e.Sub(bigN, e.Mod(e, bigN)))
	if got, want := Sign(m.r[:], m.s[:], m.k[:], m.e[:], m.d[:]), ^uint8(1<<3); got != want {
		t.Errorf("ok is %08b, want %08b", got, want)
	}
}

// TestSignFaults breaks what a signature is made of, one thing in each run: its lane must not pass the check.
func TestSignFaults(t *testing.T) {
	need(t)
	c, m := p384(), randomBatch(3)
	for name, fault := range map[string]struct{ after, in func(w *signing) *vec }{
		"X":         {in: func(w *signing) *vec { return &w.sum[atX] }},
		"Y":         {in: func(w *signing) *vec { return &w.sum[atY] }},
		"ZZ":        {in: func(w *signing) *vec { return &w.sum[atZZ] }},
		"ZZZ":       {in: func(w *signing) *vec { return &w.sum[atZZZ] }},
		"r":         {after: func(w *signing) *vec { return &w.r }},
		"s":         {after: func(w *signing) *vec { return &w.s }},
		"1/k":       {after: func(w *signing) *vec { return &w.kInverse }},
		"d":         {after: func(w *signing) *vec { return &w.d }},
		"k at last": {after: func(w *signing) *vec { return &w.k }},
	} {
		for l := range Lanes {
			w := aligned[signing]()
			w.load(c, m.k[:], m.e[:], m.d[:])
			w.sum.base(c, &w.scalar)
			if fault.in != nil {
				fault.in(w)[l][l] ^= 1 << (5 * l % 20)
			}
			ok := w.abscissa(c)
			w.finish(c)
			if fault.after != nil {
				fault.after(w)[l][l] ^= 1 << (5 * l % 20)
			}
			if got, want := ok&w.check(c), ^uint8(1<<l); got != want {
				t.Errorf("%s changed in lane %d: ok is %08b, want %08b", name, l, got, want)
			}
		}
	}
}

// TestSignLeavesNothing looks for what a signature leaves in the room that it used.
func TestSignLeavesNothing(t *testing.T) {
	need(t)
	m := randomBatch(4)
	Sign(m.r[:], m.s[:], m.k[:], m.e[:], m.d[:])
	if w := signings.Get().(*signing); *w != (signing{}) {
		t.Error("something is left")
	}
}

func FuzzSign(f *testing.F) {
	need(f)
	f.Add([]byte{1}, []byte{2}, []byte{3})
	for _, n := range edges(bigN) {
		f.Add(n.Bytes(), n.Bytes(), n.Bytes())
	}
	f.Fuzz(func(t *testing.T, k, e, d []byte) {
		if len(k) > 48 || len(e) > 48 || len(d) > 48 {
			return
		}
		m, limit := new(batch), new(big.Int).Sub(bigN, big.NewInt(1))
		bigK, bigD := new(big.Int).SetBytes(k), new(big.Int).SetBytes(d)
		bigK.Mod(bigK, limit).Add(bigK, big.NewInt(1))
		bigD.Mod(bigD, limit).Add(bigD, big.NewInt(1))
		m.set(0, bigK, new(big.Int).SetBytes(e), bigD)
		m.set(1, bigD, new(big.Int).SetBytes(d), bigK)
		if r, s := expected(bigK, new(big.Int).SetBytes(e), bigD); r.Sign() == 0 || s.Sign() == 0 {
			return
		}
		if r, s := expected(bigD, new(big.Int).SetBytes(d), bigK); r.Sign() == 0 || s.Sign() == 0 {
			return
		}
		m.checkSign(t, 2)
	})
}
