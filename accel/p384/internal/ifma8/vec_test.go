//go:build amd64 && !purego

package ifma8

import (
	"math/big"
	"math/rand/v2"
	"testing"
	"unsafe"
)

func TestPack(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	all := new(big.Int).Lsh(big.NewInt(1), 384)
	numbers := append(edges(bigP), edges(bigN)...)
	for range 200 {
		numbers = append(numbers, below(rng, all))
	}
	for i, n := range numbers {
		if n.Cmp(all) >= 0 {
			continue
		}
		var v vec
		var got [6]uint64
		words := fromBig(n)
		pack(&v, i%Lanes, &words)
		unpack(&got, &v, i%Lanes)
		if lane(&v, i%Lanes).Cmp(n) != 0 || got != words || toBig(&words).Cmp(n) != 0 {
			t.Errorf("%x was packed as %x and unpacked as %x", n, lane(&v, i%Lanes), got)
		}
		if others := zeroLanes(&v) | 1<<(i%Lanes); others != 0xff {
			t.Errorf("packing lane %d left only lanes %08b zero", i%Lanes, others)
		}
	}
}

func TestLaneMasks(t *testing.T) {
	for limb := range 8 {
		for l := range Lanes {
			for _, bit := range []uint64{1, 1 << 51, 1<<52 - 1} {
				var a, b vec
				a[limb][l] = bit
				if got, want := zeroLanes(&a), ^uint8(1<<l); got != want {
					t.Errorf("limb %d, lane %d: zero lanes %08b, want %08b", limb, l, got, want)
				}
				if got, want := equalLanes(&a, &b), ^uint8(1<<l); got != want {
					t.Errorf("limb %d, lane %d: equal lanes %08b, want %08b", limb, l, got, want)
				}
				choose(&b, &a, ^uint8(1<<l))
				if b != zero {
					t.Errorf("limb %d: a lane was chosen besides all but %d", limb, l)
				}
				choose(&b, &a, 1<<l)
				if b != a {
					t.Errorf("limb %d: lane %d was not chosen", limb, l)
				}
			}
		}
	}
}

func TestAligned(t *testing.T) {
	for range 50 {
		if at := uintptr(unsafe.Pointer(aligned[vec]())); at%64 != 0 {
			t.Fatalf("a number lies at %x, want a multiple of 64", at)
		}
		if at := uintptr(unsafe.Pointer(aligned[[9]byte]())); at%64 != 0 {
			t.Fatalf("nine bytes lie at %x, want a multiple of 64", at)
		}
	}
}

func TestInvert(t *testing.T) {
	need(t)
	c := p384()
	rng := rand.New(rand.NewPCG(7, 8))
	room := aligned[[2]vec]()
	for _, m := range []*modulus{&c.p, &c.n} {
		n := toBig(&m.words)
		for round := range 20 {
			var x [Lanes]*big.Int
			for l := range x {
				if x[l] = below(rng, n); round == l || round == 10 || x[l].Sign() == 0 {
					x[l] = new(big.Int).Sub(n, big.NewInt(1))
				}
				setLane(&room[0], l, x[l])
			}
			m.invert(&room[1], &room[0], new(inversion))
			m.mul(&room[1], &room[1], &room[0])
			m.reduce(&room[1], &room[1])
			if room[1] != m.one {
				t.Errorf("a number of %x times its inverse is not 1", x)
			}
		}
	}
}

func TestConstants(t *testing.T) {
	need(t)
	c := p384()
	for _, m := range []*modulus{&c.p, &c.n} {
		n := toBig(&m.words)
		for i, power := range []*vec{&m.one, &m.square, &m.cube} {
			want := new(big.Int).Exp(bigR, big.NewInt(int64(i+1)), n)
			for l := range Lanes {
				if got := lane(power, l); got.Cmp(want) != 0 {
					t.Errorf("R^%d in lane %d is %x, want %x", i+1, l, got, want)
				}
			}
		}
	}
}
