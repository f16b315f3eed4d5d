package analysis

import (
	"fmt"
	"math"

	"github.com/montanaflynn/stats"

	"github.com/tlslab/tlslab/handshake/server"
)

// What the check of steady state needs to say anything.
const (
	steadySamples    = 4   // instants
	steadyHandshakes = 100 // in each half
	trendWindows     = 20  // for Kendall's tau
)

// steady: server CPU per handshake in the second half of the block is what it was in the first. A single block that
// differs is told and kept, since the variant itself may be the cause; see [restless] for one that never settles.
func steady(s subject) (State, string) {
	samples := s.Server.Samples
	if s.disturbed() {
		return Unknown, "the machine took time from this block, so its halves differ for other reasons"
	}
	if len(samples) < steadySamples {
		return Unknown, fmt.Sprintf("%d samples, needs %d: measure longer", len(samples), steadySamples)
	}
	first, middle, last := samples[0], samples[halfway(samples)], samples[len(samples)-1]
	early, n := costBetween(first, middle)
	late, m := costBetween(middle, last)
	if n < steadyHandshakes || m < steadyHandshakes {
		return Unknown, fmt.Sprintf("%d + %d handshakes, needs %d in each half: measure longer", n, m, steadyHandshakes)
	}
	if !(early > 0 && late > 0) {
		return Unknown, "the samples hold no CPU time"
	}
	change := late/early - 1
	detail := fmt.Sprintf("CPU per handshake %+.1f %% from the first to the second half, allowed %s%s",
		100*change, percent(s.limits.Steady), trend(samples))
	if math.Abs(change) > s.limits.Steady {
		return Disturbed, detail
	}
	return Passed, detail
}

// halfway is the first sample by which half of the handshakes were completed.
func halfway(samples []server.Sample) int {
	first, last := samples[0].Completed, samples[len(samples)-1].Completed
	for i, s := range samples {
		if s.Completed >= first+(last-first)/2 {
			return i
		}
	}
	return len(samples) - 1
}

// costBetween is the CPU time per handshake in seconds, and the number of handshakes.
func costBetween(from, to server.Sample) (cost float64, handshakes int64) {
	handshakes = int64(to.Completed - from.Completed)
	if handshakes <= 0 {
		return math.NaN(), handshakes
	}
	return (to.CPU - from.CPU).Seconds() / float64(handshakes), handshakes
}

// trend is Kendall's tau of CPU per handshake over time, where there are windows enough.
func trend(samples []server.Sample) string {
	var at, cost stats.Float64Data
	for i := 1; i < len(samples); i++ {
		if c, n := costBetween(samples[i-1], samples[i]); n > 0 {
			at, cost = append(at, samples[i].At.Seconds()), append(cost, c)
		}
	}
	if len(at) < trendWindows {
		return ""
	}
	tau, err := stats.KendallTau(at, cost)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(", Kendall's tau %+.2f over %d windows", tau, len(at))
}

// restless says why a variant is not steady by itself: most of the blocks that could be judged were not. Empty: it
// is, or too little is known.
func restless(s oneSide) string {
	judged, disturbed := 0, 0
	for _, j := range s.blocks {
		switch j.state("steady") {
		case Passed:
			judged++
		case Disturbed:
			judged, disturbed = judged+1, disturbed+1
		}
	}
	if disturbed < 3 || 2*disturbed <= judged {
		return ""
	}
	return fmt.Sprintf("%s did not become steady in %s: warm up longer", s.Variant, part(disturbed, judged, "block"))
}
