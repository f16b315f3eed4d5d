package lab

import (
	"context"
	"fmt"
	"os/exec"
)

// counter counts the instructions of processes.
type counter interface {
	name() string // as exact.Key has it
	wrap(cmd *exec.Cmd) (counting, error)
}

// counting is the count of one process, which has said hello and waits when it begins.
type counting interface {
	begin(pid int) error
	end() (map[string]uint64, error) // by package; called once, when the process has ended, whether or not it has begun
}

// chooseCounter prefers the counter that tells packages apart to one that knows totals only.
func chooseCounter(ctx context.Context) (counter, error) {
	byPackage, err := newCallgrind(ctx)
	if err == nil {
		return byPackage, nil
	}
	total, err2 := newPerfCounter()
	if err2 == nil {
		return total, nil
	}
	return nil, fmt.Errorf("%w; %w", err, err2)
}

// noCounter leaves a process to what it counts itself.
type noCounter struct{}

func (noCounter) name() string                     { return "none" }
func (noCounter) wrap(*exec.Cmd) (counting, error) { return noCounter{}, nil }
func (noCounter) begin(int) error                  { return nil }
func (noCounter) end() (map[string]uint64, error)  { return nil, nil }
