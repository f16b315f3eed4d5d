package analysis

import (
	"time"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// Code is the code that a primitive ran for one variant in one cell: expected beside seen.
type Code struct {
	Cell    string
	Variant string
	accel.Path
	Seen      []Sighting // in the variant's CPU profiles of that cell, the most time first; nil: none was seen
	Agreement Agreement
	Detail    string // why it does not agree, or why nothing was seen
}

// Sighting is code of one kind in a CPU profile.
type Sighting struct {
	Kind     accel.Kind
	CPU      time.Duration // self time of its functions
	Function string        // the one with the most
	Shared   bool          // other primitives are expected to run it: it is no evidence
}

// Agreement is whether what was seen is what was expected.
type Agreement string

// The agreements.
const (
	Agrees    Agreement = "as expected"
	Disagrees Agreement = "otherwise"  // a warning
	Unseen    Agreement = "not seen"   // too little time, or too few samples, to say
	Blind     Agreement = "no profile" // nothing was profiled
)

// Primitive is what one operation cost a variant, timed alone, and how that compares with the baseline.
type Primitive struct {
	Name    string
	Bytes   int // that one operation treats; zero: it is not about an amount
	Variant string
	Time    float64 // nanoseconds of CPU, median of all batches; zero: Missing says why
	Missing string
	Ratio   *effect.Ratio  // variant/baseline at 95 %; nil: it is the baseline, or there are too few groups
	Verdict effect.Verdict // empty for the baseline, or where there is nothing to compare; better and worse hold beside all the others, by Holm's method
	Price   *effect.Ratio  // of "X by Y": its time over that of X in the same variant at 95 %; nil: it is no such operation, or there are too few groups
}
