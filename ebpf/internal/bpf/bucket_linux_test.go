//go:build amd64 || arm64

package bpf

import (
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/results/hist"
)

// The kernel's buckets are those of package hist: every edge, both sides of it, and values in between.
func TestBucketIsThatOfHist(t *testing.T) {
	const layout hist.Layout = 3
	spec, err := LoadAccount()
	if err != nil {
		t.Fatal(err)
	}
	var programs struct {
		Bucket *ebpf.Program `ebpf:"bucket"`
	}
	err = spec.LoadAndAssign(&programs, nil)
	if errors.Is(err, unix.EPERM) || errors.Is(err, ebpf.ErrNotSupported) {
		t.Skipf("%v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer programs.Bucket.Close()
	values := []int64{math.MaxInt64}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range layout.Len() {
		lo, hi := layout.Bounds(i)
		values = append(values, lo, hi, lo+random.Int64N(hi-lo+1))
	}
	for range 4000 {
		values = append(values, random.Int64()>>random.IntN(63))
	}
	for _, value := range values {
		test := AccountBucketTest{Value: uint64(value)}
		if _, err := programs.Bucket.Run(&ebpf.RunOptions{Context: &test, ContextOut: &test}); err != nil {
			t.Fatal(err)
		}
		if got, want := int(test.Bucket), layout.Index(value); got != want {
			t.Fatalf("bucket of %d: got %d, want %d", value, got, want)
		}
	}
	if got, want := layout.Index(1<<40-1)+1, len(AccountLatency{}.Counts[0]); got != want {
		t.Errorf("the table has %d buckets, values up to 2^40 take %d", want, got)
	}
}
