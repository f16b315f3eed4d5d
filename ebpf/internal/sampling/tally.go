package sampling

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cilium/ebpf/ringbuf"

	"github.com/tlslab/tlslab/ebpf/internal/symbols"
	"github.com/tlslab/tlslab/results/account"
)

// tally counts equal samples. Of a second of handshakes, a fifth to a third of the stacks repeat to the instruction.
type tally struct {
	ids    map[string]int // of stacks, by their bytes
	stacks []string       // by id
	counts map[key]int64
}

type key struct {
	stack  int
	window uint32
	phase  uint8
}

const (
	header  = 8   // bytes of a sample before its frames; see struct sample in sample.c
	noPhase = 255 // NO_PHASE in thread.h
)

func newTally() *tally { return &tally{ids: map[string]int{}, counts: map[key]int64{}} }

// drain counts what comes out of the ring until it is flushed.
func (t *tally) drain(ring *ringbuf.Reader) error {
	var record ringbuf.Record
	for {
		err := ring.ReadInto(&record)
		if errors.Is(err, ringbuf.ErrFlushed) || errors.Is(err, ringbuf.ErrClosed) {
			return nil
		}
		if err == nil {
			err = t.add(record.RawSample)
		}
		if err != nil {
			return fmt.Errorf("read the ring: %w", err)
		}
	}
}

// add counts one sample: its window, its phase, how many frames are the kernel's and how many the user's, and all
// frames. A stack is known by the bytes from the number of frames on.
func (t *tally) add(raw []byte) error {
	if len(raw) < header || len(raw) < header+8*(int(raw[5])+int(raw[6])) {
		return fmt.Errorf("a sample of %d bytes is cut off", len(raw))
	}
	stack := raw[5 : header+8*(int(raw[5])+int(raw[6]))]
	id, known := t.ids[string(stack)]
	if !known {
		id = len(t.stacks)
		t.stacks = append(t.stacks, string(stack))
		t.ids[t.stacks[id]] = id
	}
	t.counts[key{id, binary.NativeEndian.Uint32(raw), raw[4]}]++
	return nil
}

// names knows what runs at an address.
type names struct {
	process *symbols.Process
	kernel  *symbols.Table
}

// samples names all frames, and counts into the account.
func (t *tally) samples(n names, phases []string, total *account.Sampling) []account.Sample {
	stacks := make([][]account.Frame, len(t.stacks))
	for i, s := range t.stacks {
		stacks[i] = n.stack([]byte(s))
	}
	all := make([]account.Sample, 0, len(t.counts))
	for k, count := range t.counts {
		s := account.Sample{Stack: stacks[k.stack], Window: int(k.window), Count: count}
		if int(k.phase) < len(phases) {
			s.Phase = phases[k.phase]
		}
		all = append(all, s)
		total.Samples += count
		switch root(s.Stack) {
		case goroutine:
			total.Rooted += count
			total.Goroutines += count
		case system:
			total.Rooted += count
		}
	}
	return all
}

// stack names the frames of one stack: two counts, a byte of nothing, then addresses. The first of each half was
// interrupted there; the others are where calls return to, one past the call.
func (n names) stack(raw []byte) []account.Frame {
	kernel, frames := int(raw[0]), raw[3:]
	all := make([]account.Frame, 0, len(frames)/8)
	for i := range len(frames) / 8 {
		address := binary.NativeEndian.Uint64(frames[8*i:])
		if i != 0 && i != kernel {
			address--
		}
		all = append(all, n.frame(address, i < kernel))
	}
	return all
}

func (n names) frame(address uint64, kernel bool) account.Frame {
	if !kernel {
		return n.process.User(address)
	}
	f := account.Frame{Address: address}
	if n.kernel != nil {
		f = n.kernel.Find(address)
	}
	f.Module = symbols.Kernel
	return f
}
