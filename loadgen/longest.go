package loadgen

import (
	"cmp"
	"math"
	"time"
)

const (
	defaultTimeout = 10 * time.Second // of one handshake
	defaultDrain   = 10 * time.Second // for the backlog that an open loop works off after its last phase
)

// Longest is the most time that [Run] can take for the load, when each handshake ends within timeout (zero: 10 s), as
// those of a [Stock] do:
//
//	closed loop with a length    length + timeout
//	closed loop with a number    ceil(handshakes / workers) * timeout
//	closed loop with both        the lesser
//	open loop                    phases + drain + timeout
//
// A number alone bounds little, for a server may answer each handshake just before it would time out; one that does
// not answer at all is given up far sooner, see [Run]. No time is counted for what is not handshaking, such as the
// start of a process: a watchdog adds its own grace. A bound that no Duration can hold is the longest Duration.
func (l Load) Longest(timeout time.Duration) time.Duration {
	timeout = cmp.Or(timeout, defaultTimeout)
	if l.Loop == Open {
		return sum(span(l.Phases), cmp.Or(l.Drain, defaultDrain), timeout)
	}
	longest := time.Duration(math.MaxInt64)
	if l.Length > 0 {
		longest = sum(l.Length, timeout)
	}
	if l.Handshakes > 0 {
		longest = min(longest, product((l.Handshakes-1)/uint64(max(l.Workers, 1))+1, timeout))
	}
	return longest
}

// Longest is the most time that the measured stretch can take, by the same count as [Load.Longest]. In turns it is
// the time of two loops, the other one taken to have the same job, and for each a slice more, by which its last turn
// may pass the length.
func (j Job) Longest() time.Duration {
	alone := j.Load.Longest(j.Timeout)
	if j.Turns == nil {
		return alone
	}
	return product(2, sum(alone, j.Turns.Slice))
}

// LongestWarmup is the most time that [Serve] can take from the job to its line {"ready":true}, by the same count as
// [Load.Longest].
func (j Job) LongestWarmup() (longest time.Duration) {
	if resumes(j.Spec.Kind) {
		longest = filling(j.Load.Workers).Longest(j.Timeout)
	}
	if j.Warmup > 0 {
		longest = sum(longest, j.warmup().Longest(j.Timeout))
	}
	return longest
}

// filling is the load that fetches as many tickets as workers can use up, twice: one each, and one to spare for a
// handshake that fails.
func filling(workers int) Load {
	return Load{Loop: Closed, Workers: workers, Handshakes: 2 * uint64(workers)}
}

// warmup is the load whose result is dropped.
func (j Job) warmup() Load {
	return Load{Loop: Closed, Workers: j.Load.Workers, Length: j.Warmup}
}

func sum(lengths ...time.Duration) (total time.Duration) {
	for _, d := range lengths {
		if d > math.MaxInt64-total {
			return math.MaxInt64
		}
		total += d
	}
	return total
}

func product(n uint64, d time.Duration) time.Duration {
	if n > uint64(math.MaxInt64/d) {
		return math.MaxInt64
	}
	return time.Duration(n) * d
}
