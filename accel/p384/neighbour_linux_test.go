package p384

import (
	"crypto"
	"crypto/rand"
	mathrand "math/rand/v2"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// processors are those that this process may use.
func processors(t *testing.T) (all []int) {
	t.Helper()
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		t.Fatal(err)
	}
	for processor := 0; len(all) < set.Count(); processor++ {
		if set.IsSet(processor) {
			all = append(all, processor)
		}
	}
	return all
}

// pin keeps the goroutine on one processor, for as long as it lives.
func pin(t *testing.T, processor int) {
	t.Helper()
	runtime.LockOSThread()
	var set unix.CPUSet
	set.Set(processor)
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		t.Errorf("cannot choose a processor: %v", err)
	}
}

// multiplications in a chain take three cycles each on the processors of today: a clock's rate shows in their time.
const multiplications = 20_000

func scalarWork(x uint64) uint64 {
	for range multiplications {
		x *= 0x9e3779b97f4a7c15
	}
	return x
}

// work times some scalar work, in ns.
func work(sink *uint64) float64 {
	begin := time.Now()
	*sink += scalarWork(*sink | 1)
	return float64(time.Since(begin))
}

// loads are what the neighbour does: about a millisecond of it.
func loads(t *testing.T) map[string]func() {
	key := newKey(t)
	digest := make([]byte, size)
	var sink uint64
	all := map[string]func(){
		"scalar work": func() {
			for range 40 {
				work(&sink)
			}
		},
		"crypto/ecdsa": func() {
			for range 4 {
				if _, err := key.Sign(rand.Reader, digest, crypto.SHA384); err != nil {
					t.Error(err)
				}
			}
		},
	}
	if e := find(IFMA8); e.refusal() == "" {
		var r, s, k, n, d [maxLanes][6]uint64
		for i := range k {
			k[i], n[i], d[i] = randomScalar(), randomScalar(), randomScalar()
		}
		all["lab-ifma8"] = func() {
			for range 16 {
				e.sign(r[:], s[:], k[:], n[:], d[:])
			}
		}
	}
	return all
}

// TestCampaignNeighbour prints how long scalar work takes while others sign: right after them on the same processor,
// and beside them on the other one. The loads take turns.
func TestCampaignNeighbour(t *testing.T) {
	needCampaign(t)
	cpus := processors(t)
	if len(cpus) < 2 {
		t.Skip("needs two processors")
	}
	all := loads(t)
	names := slices.DeleteFunc([]string{"scalar work", "crypto/ecdsa", "lab-ifma8"}, func(name string) bool { return all[name] == nil })
	sameProcessor(t, cpus[1], names, all)
	otherProcessor(t, cpus[0], cpus[1], names, all)
}

func sameProcessor(t *testing.T, cpu int, names []string, all map[string]func()) {
	took := map[string][]float64{}
	done := make(chan bool)
	go func() { // ends with its goroutine locked, so that the thread ends too
		defer close(done)
		pin(t, cpu)
		var sink uint64
		for range 3000 {
			name := names[mathrand.IntN(len(names))]
			all[name]()
			took[name] = append(took[name], work(&sink))
		}
	}()
	<-done
	describe(t, "same processor, right after", names, took)
}

func otherProcessor(t *testing.T, here, there int, names []string, all map[string]func()) {
	took := map[string][]float64{}
	var current atomic.Pointer[string]
	current.Store(&names[0])
	stop, done := make(chan bool), make(chan bool, 2)
	go func() {
		defer func() { done <- true }()
		pin(t, there)
		for {
			select {
			case <-stop:
				return
			default:
				all[*current.Load()]()
			}
		}
	}()
	go func() {
		defer func() { done <- true }()
		defer close(stop)
		pin(t, here)
		var sink uint64
		for range 450 {
			name := &names[mathrand.IntN(len(names))]
			current.Store(name)
			for begin := time.Now(); time.Since(begin) < 3*time.Millisecond; { // until the other has taken it up
				work(&sink)
			}
			for range 500 {
				took[*name] = append(took[*name], work(&sink))
			}
		}
	}()
	<-done
	<-done
	describe(t, "other processor, meanwhile", names, took)
}

func describe(t *testing.T, title string, names []string, took map[string][]float64) {
	t.Helper()
	t.Logf("%s: %d multiplications one after the other", title, multiplications)
	for _, name := range names {
		sorted := slices.Sorted(slices.Values(took[name]))
		at := func(q float64) float64 { return sorted[int(q*float64(len(sorted)-1))] }
		t.Logf("  %-14s p50 %7.2f µs  p99 %7.2f µs  p99.9 %8.2f µs  clock at p50 %.2f GHz, %d times",
			name, at(0.5)/1000, at(0.99)/1000, at(0.999)/1000, 3*multiplications/at(0.5), len(sorted))
	}
}
