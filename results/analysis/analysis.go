// Package analysis is the judgement of a bundle: what each variant cost, how the candidates compare with the
// baseline, whether the blocks may be believed. It changes nothing and measures nothing; the same bundle gives the
// same analysis.
//
// [Of] goes through four steps, each a value that can be printed:
//
//  1. A [Block] is one block with its metrics and what the guards say of it.
//  2. A [Series] is all valid blocks of one variant in one cell, pooled: totals divided by totals, quantiles of the
//     merged histogram.
//  3. An [Effect] compares a candidate with the baseline, group by group (package effect says how). Pooled numbers
//     are for reading; only groups are judged.
//  4. The [Summary] is what the exit code and the first line of a report say.
//
// # What a violated guard does
//
// Guards of correctness (ledgers, shape, ports, backlog; in an open loop also generator_cpu and lateness) say that
// something else was measured than was asked: all effects of that variant in that cell are invalid. Steal
// is what the machine did to a block: its group is left out as long as enough quiet ones remain, else all are kept with
// a warning. The random order within groups makes that fair to both sides, so noise widens an interval but does not
// move it. Throttling and a cost that changed within the block are told, but no group is left out for them: a variant
// can bring them about, and would hide what it costs. One that was not steady in most of its blocks has no valid
// effects.
//
// # Why a closed loop has no effects on response time
//
// There a handshake is due when it begins, so response time is service time, and the same comparison would be made
// twice. Where a gate names a response time it is compared all the same.
//
// # Why two metrics make no headline
//
// How long goroutines waited for mutexes, and how much of the CPU time was spent within TLS, explain what the other
// metrics cost. A wait of nanoseconds may double without anybody noticing, so neither is the first sentence of a
// summary unless a gate names it. A wait of zero was measured, and stays a zero; it has no ratio.
//
// # Claims
//
// A claim is decided by an interval where there is one: it holds where all of the interval keeps its condition, fails
// where none of it does, and is unclear between. What the scenario's author expected decides nothing about it, but a
// claim that is decided against its expectation is a surprise, and surprises decide the exit code as missed objectives
// do.
//
// # Why some percentiles are missing
//
// A percentile is there only where the sample can say something about it: from n handshakes on, where n is the
// smallest number whose extremes enclose the percentile with 95 % confidence. That takes 6 handshakes for the
// median, 36 for p90 and 368 for p99.
package analysis

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/attribution"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/hist"
	"github.com/tlslab/tlslab/results/metric"
)

// Analysis is all that may be said of one bundle.
type Analysis struct {
	Manifest results.Manifest // scenario, variants, environment, skips, limits
	Summary  Summary
	Series   []Series      // one per cell and variant, in the manifest's order
	Effects  []Effect      // one per cell, candidate and metric; of a closed loop no response time unless it is gated
	Blocks   []Block       // in order of execution
	Gaps     []results.Gap // of the manifest and of all blocks, each once

	Gating     *Gating        // how the gates were judged; nil: there are none
	Null       []NullControl  // the baseline against itself, one for each gated metric that is timed
	Objectives []Objective    // absolute limits, in the scenario's order
	Claims     []Claim        // statements and what became of them, in the scenario's order
	Exact      []exact.Counts // what was counted; nil: nothing was

	Experiments []experiment.Result // what was asked once, beside the blocks; nil: nothing was

	Codes      []Code      // by cell, variant and primitive: the code expected and the code seen
	Primitives []Primitive // single operations, timed alone; nil: nothing was

	Reloads   []Reloading // one per cell and variant that follows files, or whose files changed
	Scorecard []Scored    // one per variant that was put through the catalogue of injections; nil: none was

	Explanations []Explanation          // one per cell and variant that has observed blocks
	Differences  []CellDifference       // one per cell and candidate
	Observer     []ObserverEffect       // what observing costs
	Plants       []attribution.Recovery // planted sizes, and how much of them was found
}

// Explanation is where the time of one variant's handshakes in one cell went. A process that was observed without a
// scenario has neither cell nor variant.
type Explanation struct {
	Cell    string
	Variant string
	*attribution.Explained
}

// CellDifference is how a candidate's mean handshake differs from the baseline's in one cell, class by class.
type CellDifference struct {
	Cell      string
	Candidate string
	*attribution.Difference
}

// ObserverEffect is what some layers of the observer cost: server CPU per handshake with them over that without.
type ObserverEffect struct {
	Layers  string
	Variant string // empty: all variants together
	Ratio   effect.Ratio
	Pairs   int // groups that have observed and unobserved blocks
}

// Gating is how the gates of a run were judged together.
type Gating struct {
	Looks     []int   // groups per cell at which they were, or would have been, judged
	Taken     int     // how many of the looks were taken
	Level     float64 // nominal two-sided error of one look, so that all looks together keep to 5 %
	Families  []FamilyOfGates
	Once      float64 // upper bound of the chance that a change that costs nothing fails a gate of this run, before confirmation
	Confirmed float64 // the same after an independent confirmation
}

// FamilyOfGates is the gates that share one error, by Holm's method.
type FamilyOfGates struct {
	Family metric.Family
	Gates  int // comparisons under deciding gates
}

// Judged is how the gate on one effect was judged.
type Judged struct {
	Line         int           // of the gate in the scenario's text, from 1; zero: unknown
	Level        float64       // two-sided error of this test, after looks and Holm's method; zero: the metric is exact
	Ratio        *effect.Ratio // the interval at that level; nil: there is none
	Detectable   float64       // the smallest slowdown that one run finds with 80 % probability, before a confirmation, as ratio-1; zero: unknown
	Confirmation *Confirmation // nil: there was nothing to confirm, or nobody did
	Expected     *results.Expected
}

// Confirmation is what a second, freshly randomised run said of a gate that failed.
type Confirmation struct {
	Ratio   *effect.Ratio // nil: too few groups
	Groups  int
	Verdict effect.Verdict
}

// NullControl is the baseline against itself in the same run, in pairs of neighbours in random order. Fired: the lab
// found a difference where there is none, so nothing that it timed can be believed.
type NullControl struct {
	Metric  string
	Ratio   *effect.Ratio // at 99 %; nil: too few pairs
	Pairs   int
	Level   float64 // two-sided error of the test
	Allowed float64 // how far from 1 the ratio may be
	Fired   bool
}

// Objective is an absolute limit and what was measured.
type Objective struct {
	results.Objective
	State  ObjectiveState
	Detail string // what was measured in which series, or why it is not known
}

// ObjectiveState is whether an objective was met.
type ObjectiveState string

const (
	Met       ObjectiveState = "met"
	Missed    ObjectiveState = "missed"
	Unchecked ObjectiveState = "unchecked" // it selects nothing, or what it selects was not measured: never taken for met
)

// Package is one package of an exact metric whose count differs between the sides.
type Package struct {
	Name                string
	Baseline, Candidate float64 // in the metric's unit
}

// Summary is the verdict of the whole run.
type Summary struct {
	Exit     int                    // 0, 1, 3, 4, 5 or 6: see DESIGN's table in the README
	Sentence string                 // one line, for the first screen
	Findings []string               // one sentence per notable effect, the largest first
	Counts   map[effect.Verdict]int // of Effects
	Trust    []string               // what weakens the whole run; empty: nothing
}

// Effect is one comparison: a metric of a candidate against the baseline in one cell.
type Effect struct {
	Cell      string
	Metric    string
	Unit      string
	Title     string
	Higher    bool // more is better
	Baseline  Side
	Candidate Side
	Ratio     *effect.Ratio // candidate/baseline; nil: there is none, and Warnings say why
	Groups    int           // that the ratio rests on
	Measured  int           // groups in all; those that were left out are in Omissions
	Margin    float64
	Verdict   effect.Verdict
	Gated     bool      // a gate of the scenario names it
	Advisory  bool      // but that gate only advises: it never decides the exit code
	Failed    bool      // the gate's limit is exceeded: a regression; never with Advisory
	Excused   bool      // a regression is expected here: the gate neither fails nor stays open
	Unlike    bool      // counted under different conditions, so not compared
	Judged    *Judged   // how the gate was judged; nil: not gated
	Exact     bool      // counted, not timed: the ratio is all there is to it, Lo = Point = Hi
	Packages  []Package // of an exact count of instructions: those that differ, the largest difference first
	Warnings  []string  // doubts that travel with the number
	Omissions []string  // why groups were left out
}

// Side is one variant's value over all its valid blocks; nil: not measured, or too small a sample.
type Side struct {
	Variant string
	Value   *float64 // in the metric's unit
}

// Series is one variant in one cell, all its valid blocks together.
type Series struct {
	Cell         string
	Variant      string
	Blocks       int                // measured
	Valid        int                // of them, those that the values rest on: no guard violated, and quiet if enough of each variant are
	Values       map[string]float64 // by metric name; a metric that the sample does not support is absent
	Handshake    hist.Histogram     // nanoseconds
	Service      hist.Histogram
	Response     hist.Histogram
	Lateness     hist.Histogram
	Client       handshake.ClientLedger // summed over all blocks
	Server       handshake.ServerLedger
	ClientBound  bool           // the generator, not the server, sets the pace
	GeneratorUse float64        // share of the generator's CPUs that it used, median of the blocks; -1: unknown
	CPU          *CPU           // by the profiles of the blocks that the values rest on; nil: they have none
	Signer       *server.Signer // what the lab's signer did in all blocks; nil: crypto/tls signed by itself
}

// Block is one block as judged.
type Block struct {
	Cell                string
	Variant             string
	Index, Group, Order int
	Observed            bool // explained, not measured: no effect rests on it
	Role                results.Role
	Started             time.Time
	Values              map[string]float64
	Client              handshake.ClientLedger
	Server              handshake.ServerLedger
	Guards              []Guard
	Valid               bool
}

// Guard is a condition without which a block says nothing.
type Guard struct {
	Name   string `json:"name"` // ledgers, shape, generator_cpu, lateness, steady, steal, throttling, ports, backlog
	State  State  `json:"state"`
	Detail string `json:"detail"` // what was seen against what is allowed; advice where it failed
}

// State is what a guard says.
type State string

const (
	Passed      State = "passed"
	Violated    State = "violated"
	ClientBound State = "client-bound" // closed loop: rates and latencies say nothing about the server, its CPU does
	Disturbed   State = "disturbed"    // the machine took time from the block, or changed its speed: quiet ones are preferred
	Unknown     State = "unknown"      // could not be read here: a gap says why
)
