package lab

import (
	"os"
	"time"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/scenarios"
)

// baton is what one of two generators that take turns inherits: where it reads that its turn has come, and where it
// writes that the other one's has.
type baton struct {
	from, to *os.File
	first    bool
}

// turns is what the generator is told; nil where it takes none.
func (b *baton) turns(slice time.Duration) *loadgen.Turns {
	if b == nil {
		return nil
	}
	return &loadgen.Turns{Slice: slice, First: b.first}
}

func (b *baton) ends() []*os.File {
	if b == nil {
		return nil
	}
	return []*os.File{b.from, b.to}
}

// batons are those of the blocks that are measured at once; none for a block alone.
type batons []*baton

// passBaton makes the pipes between two generators.
func passBaton(blocks []scenarios.Block) (batons, error) {
	if len(blocks) < 2 {
		return nil, nil
	}
	there, here, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	back, forth, err := os.Pipe()
	if err != nil {
		there.Close()
		here.Close()
		return nil, err
	}
	return batons{{from: back, to: here, first: true}, {from: there, to: forth}}, nil
}

func (b batons) of(i int) *baton {
	if b == nil {
		return nil
	}
	return b[i]
}

// close closes this process's ends; it is harmless to do so twice.
func (b batons) close() {
	for _, one := range b {
		one.from.Close()
		one.to.Close()
	}
}
