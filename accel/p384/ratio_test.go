package p384

import (
	"crypto/tls"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/tlslab/tlslab/accel/p384/internal/ifma8"
	"github.com/tlslab/tlslab/accel/p384/internal/single"
)

// contender is one side of a comparison: run does some operations and says how long each took, in ns.
type contender struct {
	name string
	run  func() float64
}

// timed is a contender whose operations are all that the process does.
func timed(name string, n int, run func(n int)) contender {
	return contender{name, func() float64 {
		begin := processorTime()
		run(n)
		return float64(processorTime()-begin) / float64(n)
	}}
}

// contest runs every contender once a round, in an order drawn anew, and returns what each took in every round.
func contest(rounds int, contenders []contender) [][]float64 {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	took := make([][]float64, len(contenders))
	for _, c := range contenders {
		c.run() // tables, pools
	}
	for range rounds {
		for _, i := range mathrand.Perm(len(contenders)) {
			took[i] = append(took[i], contenders[i].run())
		}
	}
	return took
}

// median returns the median and an interval that covers it with 95 % confidence, by ranks.
func median(values []float64) (mid, low, high float64) {
	sorted := slices.Sorted(slices.Values(values))
	n := float64(len(sorted))
	reach := 0.98 * math.Sqrt(n) // 1.96 standard deviations of a fair coin's heads
	at := func(rank float64) float64 { return sorted[int(min(max(rank, 0), n-1))] }
	return at(n / 2), at(math.Floor(n/2 - reach)), at(math.Ceil(n/2 + reach))
}

// report logs every contender's time, and how many times that the first one's time is: the median over rounds of the
// ratio of two runs of one round.
func report(t *testing.T, title, unit string, contenders []contender, took [][]float64) {
	t.Helper()
	t.Logf("%s, %d rounds; ratio: %s / row", title, len(took[0]), contenders[0].name)
	for i, c := range contenders {
		ratios := make([]float64, len(took[i]))
		for round := range ratios {
			ratios[round] = took[0][round] / took[i][round]
		}
		mid, low, high := median(ratios)
		ns, _, _ := median(took[i])
		t.Logf("  %-28s %9.2f %s  ratio %6.2f [%.2f, %.2f]", c.name, ns/1000, unit, mid, low, high)
	}
}

// TestCampaignRatio prints how many times faster than crypto/ecdsa the paths are, from one run in which all take turns.
func TestCampaignRatio(t *testing.T) {
	needCampaign(t)
	t.Run("sign", func(t *testing.T) {
		all := signContenders(t)
		report(t, "sign: nonce, check, encoding, 1 in 1000 verified", "µs/signature", all, contest(100, all))
	})
	t.Run("kernel", func(t *testing.T) {
		all := kernelContenders(t)
		report(t, "sign, given nonces", "µs/batch", all, contest(300, all))
	})
	t.Run("verify", func(t *testing.T) {
		all := verifyContenders(t)
		report(t, "verify", "µs/signature", all, contest(200, all))
	})
	for _, group := range groups {
		for _, concurrency := range []int{1, 8, 64} {
			t.Run(fmt.Sprintf("handshake/%v/%d", group, concurrency), func(t *testing.T) {
				handshakeRatio(t, group, concurrency)
			})
		}
	}
}

func handshakeRatio(t *testing.T, group tls.CurveID, concurrency int) {
	all, benches := handshakeContenders(t, group, concurrency)
	title := fmt.Sprintf("server's part of a handshake, P-384 certificate, %v, %d at once", group, concurrency)
	report(t, title, "µs/handshake", all, contest(60, all))
	for i, b := range benches {
		if s := b.signer.Stats(); s.Batches > 0 {
			t.Logf("  %s: %.2f signatures in a batch: %v", all[i].name, s.fill(), s.Fill)
		}
	}
}

// signContenders sign a thousand times in a turn, so that each turn has its one signature that crypto/ecdsa verifies.
func signContenders(t *testing.T) []contender {
	key := newKey(t)
	std := pathSigner(t, key, Std, Options{})
	all := []contender{timed("std", 32, func(n int) { alone(t, std, n) })}
	for _, path := range running(t) {
		s := pathSigner(t, key, path, Options{})
		switch path {
		case Std:
		case IFMA8:
			one := pathSigner(t, key, path, Options{})
			all = append(all, timed("ifma8-full", 1000, func(n int) { full(t, s, n) }),
				timed("ifma8-one", 1000, func(n int) { alone(t, one, n) }))
		default:
			all = append(all, timed(string(path), 1000, func(n int) { alone(t, s, n) }))
		}
	}
	return append(all, timed("nonce alone", 64, func(n int) {
		for range n {
			var k [6]uint64
			if err := std.nonce(&k, [6]uint64{1}); err != nil {
				t.Fatal(err)
			}
		}
	}))
}

// kernelContenders show from how many signatures on the eight lanes are worth it.
func kernelContenders(t *testing.T) []contender {
	var r, s, k, e, d [maxLanes][6]uint64
	for i := range k {
		k[i], e[i], d[i] = randomScalar(), randomScalar(), randomScalar()
	}
	all := []contender{timed("one lane ("+single.Kernel()+")", 8, func(n int) {
		for range n {
			single.Sign(r[:1], s[:1], k[:1], e[:1], d[:1])
		}
	})}
	if ifma8.Available() != nil {
		return all
	}
	for _, lanes := range []int{1, 2, 4, 8} {
		all = append(all, timed(fmt.Sprintf("eight lanes, %d used", lanes), 8, func(n int) {
			for range n {
				ifma8.Sign(r[:lanes], s[:lanes], k[:lanes], e[:lanes], d[:lanes])
			}
		}))
	}
	return all
}

func verifyContenders(t *testing.T) []contender {
	batch := signed(t, maxLanes)
	verify := func(path Path, chunk int) func(n int) {
		return func(n int) {
			for range n / chunk {
				if valid, err := path.Verify(batch[:chunk]); err != nil || !valid[chunk-1] {
					t.Fatal(valid, err)
				}
			}
		}
	}
	all := []contender{timed("std", 4, verify(Std, 1))}
	for _, path := range running(t) {
		switch path {
		case Std:
		case IFMA8:
			all = append(all, timed("ifma8-full", 32, verify(path, maxLanes)),
				timed("ifma8, 2 of 8 lanes", 8, verify(path, 2)))
		default:
			all = append(all, timed("single ("+string(path)+")", 8, verify(path, 1)))
		}
	}
	return all
}

// handshakeContenders tell the server's processor time per handshake.
func handshakeContenders(t *testing.T, group tls.CurveID, concurrency int) (all []contender, benches []*bench) {
	paths := running(t)
	slices.Reverse(paths) // crypto/ecdsa first
	for _, path := range paths {
		b := newBench(t, path, group)
		benches = append(benches, b)
		all = append(all, contender{string(path), func() float64 {
			n := 2 * max(concurrency, 8)
			before := b.ledger.spent[serverSide]
			if err := b.run(n, concurrency); err != nil {
				t.Fatal(err)
			}
			return float64(b.ledger.spent[serverSide]-before) / float64(n)
		}})
	}
	return all, benches
}

// The arithmetic of the comparison, without a clock.
func TestMedian(t *testing.T) {
	values := make([]float64, 100)
	for i := range values {
		values[i] = float64((i * 37) % 100)
	}
	if mid, low, high := median(values); mid != 50 || low != 40 || high != 60 {
		t.Errorf("got %v [%v, %v], want 50 [40, 60]", mid, low, high)
	}
	if mid, low, high := median([]float64{7}); mid != 7 || low != 7 || high != 7 {
		t.Errorf("one value: got %v [%v, %v], want 7", mid, low, high)
	}
}

func TestContest(t *testing.T) {
	calls := make([]int, 2)
	all := []contender{
		{"first", func() float64 { calls[0]++; return 10 }},
		{"second", func() float64 { calls[1]++; return 5 }},
	}
	got := contest(3, all)
	if !slices.Equal(calls, []int{4, 4}) || !slices.Equal(got[0], []float64{10, 10, 10}) || !slices.Equal(got[1], []float64{5, 5, 5}) {
		t.Errorf("%v calls gave %v, want 4 each, the first not counted", calls, got)
	}
}
