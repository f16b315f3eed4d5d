package counted

import (
	"bufio"
	"cmp"
	"crypto/rsa"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// batchTime is how long a batch takes: a thousand times what getrusage(2) resolves.
const batchTime = 4 * time.Millisecond

// TestPrimitives times where it is asked to: see [TimingArguments]. Otherwise it sees that there is something to time.
func TestPrimitives(t *testing.T) {
	if flag.Arg(0) != timingArgument {
		everyPrimitive(t)
		return
	}
	lines, answers := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	b, err := readBench(lines)
	if err != nil {
		b = &bench{Ready: Ready{Error: err.Error()}}
	}
	if err := answers.Encode(b.Ready); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := lines.ReadString('\n'); err != nil {
			return // io.EOF: nobody wants another turn
		}
		if err := answers.Encode(b.turn()); err != nil {
			t.Fatal(err)
		}
	}
}

func readBench(lines *bufio.Reader) (*bench, error) {
	text, err := lines.ReadBytes('\n')
	if err != nil {
		return nil, err
	}
	var o Timing
	if err := json.Unmarshal(text, &o); err != nil {
		return nil, err
	}
	return newBench(o, batchTime)
}

func everyPrimitive(t *testing.T) {
	calibrated, err := newBench(Timing{}, 100*time.Microsecond)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBench(Timing{Iterations: calibrated.Iterations}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(b.Iterations, calibrated.Iterations) || len(b.Missing) > 0 {
		t.Errorf("got %+v, want the iterations %v", b.Ready, calibrated.Iterations)
	}
	turn := b.turn()
	for _, p := range primitives() {
		if turn[p.name] <= 0 {
			t.Errorf("%s: got %v ns in a batch of %d", p.name, turn[p.name], b.Iterations[p.name])
		}
	}
}

// bench is operations that are ready to be timed.
type bench struct {
	Ready
	operations map[string]operation
}

// newBench makes the operations, and finds how many make a batch where the order does not say.
func newBench(o Timing, batch time.Duration) (*bench, error) {
	b := &bench{Ready{Iterations: map[string]int{}, Missing: map[string]string{}}, map[string]operation{}}
	key, err := rsaKey(o.RSA)
	if err != nil {
		return nil, err
	}
	for _, p := range primitives() {
		operate, err := p.prepare(key)
		n := o.Iterations[p.name]
		switch {
		case err != nil:
			b.Missing[p.name] = err.Error()
			continue
		case o.Iterations == nil:
			n = iterations(operate, batch)
		case n == 0:
			b.Missing[p.name] = "nobody said how many make a batch"
			continue
		}
		b.operations[p.name], b.Iterations[p.name] = operate, n
	}
	return b, nil
}

// turn times one batch of each operation.
func (b *bench) turn() Turn {
	out := Turn{}
	for _, name := range slices.Sorted(maps.Keys(b.operations)) {
		n := b.Iterations[name]
		out[name] = float64(timed(b.operations[name], n)) / float64(n)
	}
	return out
}

// timed is the CPU time of a batch. What earlier batches left on the heap is collected before it, so that it reuses
// memory instead of having the kernel clear more.
func timed(operate operation, n int) time.Duration {
	runtime.GC()
	began := handshake.ReadCPU()
	for range n {
		_ = operate()
	}
	return handshake.ReadCPU().Sub(began).Total()
}

// iterations is how many operations take that long.
func iterations(operate operation, batch time.Duration) int {
	for n := 1; ; n *= 2 {
		if took := timed(operate, n); took >= batch/4 {
			return max(1, int(int64(n)*int64(batch)/int64(cmp.Or(took, 1))))
		}
	}
}

// operation is done once for each time that is taken. An error that it gives is given at once.
type operation func() error

// preparation makes an operation, with the order's key if it wants one.
type preparation func(*rsa.PrivateKey) (operation, error)

// primitive is one operation that a handshake is made of.
type primitive struct {
	name string
	make preparation
}

// prepare makes the operation and tries it. What FIPS 140-only mode forbids is an error there, or a panic.
func (p primitive) prepare(key *rsa.PrivateKey) (operate operation, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%v", cause)
		}
	}()
	if operate, err = p.make(key); err == nil {
		err = operate()
	}
	return operate, err
}
