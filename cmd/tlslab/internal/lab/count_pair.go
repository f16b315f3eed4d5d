package lab

import (
	"context"
	"fmt"
	"os"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/handshake/variant"
)

// pair makes handshakes between two processes of a counter's program, over a stream that only they have: the server
// first, then the client.
type pair struct {
	counter     counter
	binary      *variant.Binary
	environment map[string]string
	orders      [2]counted.Order
}

// totals is what one side counted and said.
type totals struct {
	hello        counted.Hello
	report       counted.Report
	instructions map[string]uint64 // by package, from the start of the process; nil: nothing counts them
	stderr       string
}

// run makes so many handshakes, after a first full one.
func (p pair) run(ctx context.Context, handshakes int) (both [2]totals, err error) {
	p.orders[1].Handshakes = handshakes
	err = within(ctx, longestCount, "counting", func(ctx context.Context) error {
		both, err = p.carryOut(ctx)
		return err
	})
	if err != nil {
		return both, err
	}
	for i, who := range []string{"server", "client"} {
		if said := both[i].report.Error; said != "" {
			return both, &uncountable{fmt.Errorf("the counted %s: %s", who, said), "see that the handshake succeeds with tlslab run"}
		}
	}
	if server := both[0].report.Handshakes; server != uint64(handshakes)+1 {
		return both, fmt.Errorf("the counted server made %d handshakes of %d", server, handshakes+1)
	}
	return both, nil
}

// carryOut has both sides killed where one fails.
func (p pair) carryOut(ctx context.Context) (both [2]totals, err error) {
	ctx, cancel := context.WithCancel(ctx)
	var sides [2]*side
	defer func() {
		cancel()
		for _, s := range sides {
			s.stop()
		}
	}()
	if sides, err = p.start(ctx); err != nil {
		return both, err
	}
	for i, s := range sides {
		if both[i].hello, err = s.begin(ctx, p.orders[i]); err != nil {
			return both, err
		}
	}
	for i, s := range sides {
		if both[i].report, err = s.result(ctx); err != nil {
			return both, err
		}
	}
	for i, s := range sides {
		if both[i].instructions, err = s.end(ctx); err != nil {
			return both, err
		}
		both[i].stderr = s.stderr.String()
	}
	return both, nil
}

// start starts both sides. What they speak over stays open in them alone, so that each sees the end of the other.
func (p pair) start(ctx context.Context) (sides [2]*side, err error) {
	ends, err := stream()
	if err != nil {
		return sides, fmt.Errorf("a stream between the counted processes: %w", err)
	}
	for i, end := range ends {
		defer end.Close()
		if sides[i], err = p.startSide(ctx, end); err != nil {
			return sides, fmt.Errorf("start the counted program: %w", err)
		}
	}
	return sides, nil
}

// stream is a pair of sockets that no other child inherits.
func stream() (ends [2]*os.File, err error) {
	syscall.ForkLock.RLock()
	defer syscall.ForkLock.RUnlock()
	both, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	for i, end := range both {
		if err == nil {
			unix.CloseOnExec(end)
			ends[i] = os.NewFile(uintptr(end), "stream")
		}
	}
	return ends, err
}
