package account

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results/hist"
)

// What is beyond these was not written by an observer.
const (
	longest    = 24 * time.Hour // that an account can be
	maxWindows = 1 << 18        // seven hours of the usual grid
	maxPhases  = 64
	maxNames   = 4096 // system calls, files, preemptors, probes or gaps
)

// Check says what no observer could have seen: an unknown tier, windows that are not back to back, impossible times,
// unsound histograms. It does not look at the handshakes: [ReadHandshakes] does.
func (a *Account) Check() error {
	return errors.Join(a.checkShape(), a.checkWindows(), a.checkSyscalls(), a.checkSampling(), a.Books.check(),
		a.AcceptWait.Check())
}

func (a *Account) checkShape() error {
	names := max(len(a.Syscalls), len(a.Files), len(a.Preemptors), len(a.Probes), len(a.Gaps))
	switch {
	case !slices.Contains([]Tier{Full, Partial, Runtime}, a.Tier):
		return fmt.Errorf("unknown tier %q", a.Tier)
	case a.Began < 0 || !possible(a.Length):
		return fmt.Errorf("it began at %v and lasts %v", a.Began, a.Length)
	case len(a.Phases) > maxPhases || len(a.Windows) > maxWindows || names > maxNames:
		return errors.New("it lists more than any observer does")
	case a.Unfinished < 0 || a.Unfinished > maxHandshakes:
		return fmt.Errorf("%d handshakes are unfinished", a.Unfinished)
	}
	return nil
}

func (a *Account) checkWindows() error {
	for i, w := range a.Windows {
		switch {
		case w.At < 0 || w.At > longest || w.Length <= 0 || w.Length > longest:
			return fmt.Errorf("window %d begins at %v and lasts %v", i, w.At, w.Length)
		case i > 0 && w.At != a.Windows[i-1].At+a.Windows[i-1].Length:
			return fmt.Errorf("window %d does not begin where the one before it ends", i)
		case slices.Min(w.Threads[:]) < 0:
			return fmt.Errorf("window %d: a class has a negative time", i)
		}
	}
	return nil
}

func (a *Account) checkSyscalls() error {
	for _, s := range a.Syscalls {
		for _, h := range []*hist.Histogram{&s.Latency, &s.Parts.Kernel, &s.Parts.RunQueue, &s.Parts.Blocked} {
			if err := h.Check(); err != nil {
				return fmt.Errorf("system call %s: %w", s.Name, err)
			}
		}
	}
	return nil
}

func (a *Account) checkSampling() error {
	s := a.Sampling
	if s == nil {
		return nil
	}
	if s.Hertz <= 0 || s.Samples < 0 || s.Lost < 0 || s.Rooted < 0 || s.Goroutines < 0 || s.Expected < 0 || s.Expected > math.MaxInt64 {
		return errors.New("its sampling has impossible numbers")
	}
	return nil
}

// check: -1 says that a book is unknown.
func (b *Books) check() error {
	if min(b.OnCPU, b.SchedstatCPU, b.RunQueue, b.SchedstatRunDelay) < -1 {
		return errors.New("its books have a negative time")
	}
	return nil
}

func (h *Handshake) check() error {
	wrong := func(t Times) bool {
		return slices.ContainsFunc(t[:], func(d time.Duration) bool { return !possible(d) })
	}
	switch {
	case h.Begin < 0 || h.End < h.Begin || h.End > longest:
		return fmt.Errorf("it lasts from %v to %v", h.Begin, h.End)
	case len(h.Phases) > maxPhases:
		return fmt.Errorf("it has %d phases", len(h.Phases))
	case wrong(h.Time) || slices.ContainsFunc(h.Phases, wrong):
		return errors.New("a class has an impossible time")
	}
	return nil
}

func possible(d time.Duration) bool { return d >= 0 && d <= longest }
