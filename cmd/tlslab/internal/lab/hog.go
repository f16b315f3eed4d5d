package lab

import (
	"context"
	"io"
	"os/exec"
	"time"

	"github.com/tlslab/tlslab/handshake/variant"
)

// HogCommand is the tool's hidden command that runs [Hog].
const HogCommand = "hog"

// Hog occupies a CPU for troubleSize in every troubleEvery, until its input ends.
func Hog(ctx context.Context, in io.Reader) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		defer cancel()
		_, _ = io.Copy(io.Discard, in) // its end says that whoever started this is gone
	}()
	ticker := time.NewTicker(troubleEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case began := <-ticker.C:
			for time.Since(began) < troubleSize {
			}
		}
	}
}

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
