package lab

import (
	"context"
	"io"
	"math/rand/v2"
	"os/exec"
	"runtime"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake/variant"
)

// HogCommand is the tool's hidden command that runs [Hog].
const HogCommand = "hog"

// hogs is how many threads the hog has: the server gets a fifth of the CPU then.
const hogs = 4

// Hog occupies a CPU for troubleSize in every troubleEvery, on average, until its input ends.
func Hog(ctx context.Context, in io.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in) // its end says that whoever started this is gone
	}()
	runtime.GOMAXPROCS(hogs)
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(chance(troubleEvery)):
			burn()
		}
	}
}

// burn keeps all threads busy.
func burn() {
	var all sync.WaitGroup
	began := time.Now()
	for range hogs {
		all.Go(func() {
			for time.Since(began) < troubleSize {
			}
		})
	}
	all.Wait()
}

// chance is a pause by chance: what comes by the clock cannot be told from anything else that does.
func chance(mean time.Duration) time.Duration { return mean/2 + rand.N(mean) }

// startHog lets a hog live on some CPUs until the context ends.
func startHog(ctx context.Context, tool string, cpus []int) error {
	cmd := exec.CommandContext(ctx, tool, HogCommand)
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	if err := variant.StartPinned(cmd, cpus); err != nil {
		return err
	}
	go func() {
		defer in.Close()
		_ = cmd.Wait() // it is killed: that is no news
	}()
	return nil
}
