package sampling

import (
	"encoding/binary"
	"testing"

	"github.com/tlslab/tlslab/results/account"
)

// raw is a sample as sample.c lays it out.
func raw(window uint32, phase uint8, kernel, user []uint64) []byte {
	b := binary.NativeEndian.AppendUint32(nil, window)
	b = append(b, phase, uint8(len(kernel)), uint8(len(user)), 0)
	for _, address := range append(kernel, user...) {
		b = binary.NativeEndian.AppendUint64(b, address)
	}
	return b
}

func TestTallyCounts(t *testing.T) {
	tally := newTally()
	for _, sample := range [][]byte{
		raw(0, noPhase, nil, []uint64{1, 2}), raw(0, noPhase, nil, []uint64{1, 2}), // equal
		raw(1, noPhase, nil, []uint64{1, 2}), raw(0, 3, nil, []uint64{1, 2}), // the same stack
		raw(0, noPhase, []uint64{1}, []uint64{2}), // the same addresses
	} {
		if err := tally.add(sample); err != nil {
			t.Fatal(err)
		}
	}
	if len(tally.stacks) != 2 || len(tally.counts) != 4 {
		t.Errorf("got %d stacks and %d counts, want 2 and 4", len(tally.stacks), len(tally.counts))
	}
	if got := tally.counts[key{0, 0, noPhase}]; got != 2 {
		t.Errorf("equal samples: got %d, want 2", got)
	}
}

func TestTallyRefusesWhatIsCutOff(t *testing.T) {
	whole := raw(0, noPhase, []uint64{1}, []uint64{2})
	for n := range whole {
		if err := newTally().add(whole[:n]); err == nil {
			t.Errorf("took the first %d bytes of %d", n, len(whole))
		}
	}
}

func TestRoot(t *testing.T) {
	for name, want := range map[string]start{
		"runtime.goexit": goroutine, "runtime.mstart": system, "runtime.mcall": system, "main.main": unknown, "": unknown,
	} {
		stack := []account.Frame{{Function: "runtime.memmove"}, {Function: name}}
		if got := root(stack); got != want {
			t.Errorf("%q: got %v, want %v", name, got, want)
		}
	}
	if got := root(nil); got != unknown {
		t.Errorf("no stack: got %v", got)
	}
}
