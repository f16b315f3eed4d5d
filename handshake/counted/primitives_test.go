package counted

import (
	"bufio"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// batchTime is how long a batch takes: some hundred times what getrusage(2) resolves.
const batchTime = 2 * time.Millisecond

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
	if !maps.Equal(b.Iterations, calibrated.Iterations) {
		t.Errorf("got iterations %v, want %v", b.Iterations, calibrated.Iterations)
	}
	if n := len(b.Operations); n > MostOperations {
		t.Errorf("%d operations, more than %d", n, MostOperations)
	}
	turn, seen := b.turn(), map[string]bool{}
	for _, o := range b.Operations {
		missing := b.Missing[o.Name] != "" && strings.HasSuffix(o.Name, byVAES)
		if missing == (turn[o.Name] > 0) {
			t.Errorf("%s: got %v ns in a batch of %d, missing %q", o.Name, turn[o.Name], b.Iterations[o.Name], b.Missing[o.Name])
		}
		if seen[o.Name] {
			t.Errorf("%s is there twice", o.Name)
		}
		seen[o.Name] = true
	}
}

// bench is operations that are ready to be timed.
type bench struct {
	Ready
	primitives []primitive
	operations map[string]operation
}

// newBench makes the operations, and finds how many make a batch where the order does not say.
func newBench(o Timing, batch time.Duration) (*bench, error) {
	keys, err := newKeys(o)
	if err != nil {
		return nil, err
	}
	b := &bench{Ready{Iterations: map[string]int{}, Missing: map[string]string{}}, primitives(), map[string]operation{}}
	for _, p := range b.primitives {
		b.Operations = append(b.Operations, Operation{p.name, p.bytes})
		operate, err := p.prepare(keys)
		if err != nil {
			b.Missing[p.name] = err.Error()
			continue
		}
		n := o.Iterations[p.name]
		if n == 0 {
			n = iterations(operate, batch)
		}
		b.operations[p.name], b.Iterations[p.name] = operate, n
	}
	return b, nil
}

// turn times one batch of each operation.
func (b *bench) turn() Turn {
	out := Turn{}
	for _, p := range b.primitives {
		if operate, ok := b.operations[p.name]; ok {
			n := b.Iterations[p.name]
			out[p.name] = float64(timed(operate, n)) / float64(n*max(1, p.atOnce))
		}
	}
	return out
}

// timed is the CPU time of a batch. What earlier batches left on the heap is collected before it, so that it reuses
// memory instead of having the kernel clear more; one operation then brings its code and tables back into the caches.
func timed(operate operation, n int) time.Duration {
	runtime.GC()
	_ = operate()
	began := handshake.ReadCPU()
	for range n {
		_ = operate()
	}
	return handshake.ReadCPU().Sub(began).Total()
}

// iterations is how many operations take that long.
func iterations(operate operation, batch time.Duration) int {
	for n := 1; ; n *= 4 {
		// the least of some, for a page fault takes longer than the quickest operations
		if took := min(timed(operate, n), timed(operate, n), timed(operate, n)); took >= batch/4 {
			return max(1, int(int64(n)*int64(batch)/int64(cmp.Or(took, 1))))
		}
	}
}

// operation is done once for each time that is taken. An error that it gives is given at once.
type operation func() error

// preparation makes an operation, with the order's keys if it wants them.
type preparation func(keys) (operation, error)

// primitive is one operation that handshakes and records are made of.
type primitive struct {
	name   string
	bytes  int // that it treats; zero: it is not about an amount
	atOnce int // of them in one call; zero: one
	make   preparation
}

// prepare makes the operation and tries it. What FIPS 140-only mode forbids is an error there, or a panic.
func (p primitive) prepare(k keys) (operate operation, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%v", cause)
		}
	}()
	if operate, err = p.make(k); err == nil {
		err = operate()
	}
	return operate, err
}
