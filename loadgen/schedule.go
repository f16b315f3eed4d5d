package loadgen

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"
)

// Schedule yields the due times of an open loop, counted from its start and never decreasing. It reads no clock: one
// schedule yields the same times whenever it is ranged over. A nil Schedule closes the loop.
type Schedule = iter.Seq[time.Duration]

// Schedule is the arrival process that the load asks for; nil for a closed loop. The seed decides the times of a
// Poisson process.
func (l Load) Schedule(seed uint64) Schedule {
	switch {
	case l.Loop == Closed:
		return nil
	case l.Process == Poisson:
		return Random(l.Phases, seed)
	}
	return Even(l.Phases)
}

// Even is a constant arrival process: a handshake falls due at the start and then whenever the rate, added up over
// time, has gained 1. So a phase of 2 s at 50/s has 100 due times 20 ms apart, and a fraction is carried into the
// next phase.
func Even(phases []Phase) Schedule {
	return func(yield func(time.Duration) bool) {
		next := -1.0
		arrive(phases, func() float64 { next++; return next }, yield)
	}
}

// Random is a Poisson arrival process: exponential gaps with the mean 1/rate, so that the number due in any stretch
// has a variance equal to its mean.
func Random(phases []Phase, seed uint64) Schedule {
	return func(yield func(time.Duration) bool) {
		random := rand.New(rand.NewPCG(seed, 0))
		sum := 0.0
		arrive(phases, func() float64 { sum += random.ExpFloat64(); return sum }, yield)
	}
}

// arrive maps arrivals of rate 1 to due times: an arrival at x is due when the integral of the phases' rates is x.
// For exponential gaps this is the time-rescaling theorem of the inhomogeneous Poisson process.
func arrive(phases []Phase, next func() float64, yield func(time.Duration) bool) {
	var start time.Duration
	before, x := 0.0, next()
	for _, p := range phases {
		expected := p.Rate * p.Length.Seconds()
		for ; x-before < expected; x = next() {
			at := (x - before) / p.Rate * float64(time.Second)
			if !yield(start + min(time.Duration(math.Round(at)), p.Length)) {
				return
			}
		}
		before += expected
		start += p.Length
	}
}

// span is the length of all phases.
func span(phases []Phase) (total time.Duration) {
	for _, p := range phases {
		total += p.Length
	}
	return total
}

// Check says what is wrong with a load; nil if it can run.
func (l Load) Check() error {
	switch {
	case l.Workers < 1:
		return fmt.Errorf("%d workers: want at least 1", l.Workers)
	case l.Length < 0 || l.Drain < 0:
		return errors.New("a length is negative")
	case l.Loop == Open:
		return l.checkOpen()
	case l.Loop != Closed:
		return fmt.Errorf("unknown loop %q", l.Loop)
	case l.Handshakes == 0 && l.Length == 0:
		return errors.New("a closed loop without an end: set handshakes or length")
	}
	return nil
}

func (l Load) checkOpen() error {
	if l.Process != Constant && l.Process != Poisson {
		return fmt.Errorf("unknown arrival process %q", l.Process)
	}
	expected := 0.0
	for i, p := range l.Phases {
		if p.Length <= 0 || p.Rate < 0 || math.IsInf(p.Rate, 0) || math.IsNaN(p.Rate) {
			return fmt.Errorf("phase %d: want a length above 0 and a rate of 0 or more", i+1)
		}
		expected += p.Rate * p.Length.Seconds()
	}
	if expected == 0 {
		return errors.New("an open loop in which nothing falls due: set phases with a rate")
	}
	return nil
}
