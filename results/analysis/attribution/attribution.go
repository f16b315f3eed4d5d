// Package attribution explains where the time of handshakes went, from the accounts of observed blocks (package
// account): what the mean and the tail are made of, what goes with a slow window, how two variants differ.
//
// Two kinds of statement are kept apart. Those that follow from the identity (wall = sum of classes) are exact
// sums: [Identity], [Tail], [Share] of the variance, [Difference]. Those from co-movement of windows ([Correlation],
// [Episode]) say "goes with", never "causes".
//
// # Windows
//
// All statements about change in time share one grid: the shortest multiple of the accounts' own windows, a second at
// most, whose median window holds a hundred handshakes, so that its p99 means something; twenty are enough for a p90,
// and below that the mean is tracked. A handshake's latency belongs to the window that it ended in. An account has a
// handshake's times, not the instants at which they passed: [Window.Occupancy] spreads them evenly from its begin to
// its end.
//
// # Intervals
//
// Windows that follow each other are alike, so means and tails are resampled in blocks of neighbouring windows. The
// intervals cover the truth in 95 % of the cases where windows are independent, and in 92 % where half of each
// window's deviation lasts into the next. Between variants the unit is the group of blocks, as everywhere ([Differ]);
// sampled shares are binomial. Where there are too few of them, [Interval.Known] is false. Resampling starts from a
// fixed seed: the same accounts are always judged the same.
//
// # How many comparisons
//
// With sixty quantities three go with the tail at 5 % by chance alone. [Correlation.Notable] is controlled for that:
// where nothing goes with anything, something is called notable in 5 to 9 % of the runs, which the tests measure.
//
// # Why an audit
//
// A residual of zero proves that every instant has a class, not that it has the right one. [Explained.Audit] asks
// other witnesses: the kernel's own books, both ledgers, Little's law; and plants ([Recover]) show that a delay whose
// place is known is found there.
package attribution

import (
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/hist"
)

// Observed is one observed block of one variant in one cell.
type Observed struct {
	Block   int // index of the block in its run
	Group   int
	Account *account.Account
	Server  int64            // handshakes that the server's own ledger completed and failed; -1: unknown
	Client  int64            // handshakes that the client began; -1: unknown
	Samples []account.Sample // of the eBPF CPU profile; nil: none
	Steal   float64          // of the CPUs used; -1: unknown
}

// Interval is a number with its 95 % confidence interval; Low and High are NaN-free and equal to Value where the
// sample is too small for an interval, which Known then says.
type Interval struct {
	Value, Low, High float64
	Known            bool // the interval is one
}

// Explained is what the observed blocks of one variant in one cell say.
type Explained struct {
	Tier         account.Tier
	Blocks       int
	Handshakes   int // that did not fail
	Failed       int
	Length       time.Duration // observed in all
	Phases       []string
	Identity     Identity
	PhaseTimes   []account.Times // mean per handshake of each phase
	Tail         *Tail           // nil: fewer than 1000 handshakes
	Variance     []Share         // of the wall time's variance, the residual's left out; nil: it has none
	Grid         time.Duration   // the shortest window that holds enough handshakes
	Windows      []Window
	Tracked      string  // the windows' statistic: p99, p90 or mean (of wall time)
	Little       float64 // mean handshakes under way / (rate x mean wall); 1 is perfect, 0: unknown
	Correlations []Correlation
	Episodes     []Episode
	Syscalls     []Syscall
	Operations   []Operation
	Files        []account.FileRead
	Preemptors   []account.Preemptor
	AcceptWait   hist.Histogram // nanoseconds
	Retransmits  int64
	Audit        []Check
	Probes       []account.Probe
	Gaps         []account.Gap
}

// Identity is the account of a mean handshake. All values are seconds per handshake, but for the shares. The rows and
// the mean residual add up to the wall time, in the mean as in both bodies.
type Identity struct {
	Rows     []Row
	Wall     Row
	Residual struct{ P50, P99 float64 } // |residual|/wall, quantile over handshakes
}

// Row is one class of time.
type Row struct {
	Class account.Class
	Mean  Interval // block bootstrap over windows
	P50   float64  // mean over the handshakes between the 25th and 75th percentile of wall time
	P99   float64  // mean over those from the 99th percentile up; that of all where there are fewer than 100
	Share float64  // of the mean wall time
}

// Tail says what the slow handshakes have more of than the usual ones: mean over the handshakes at or above the 99th
// percentile of wall time minus mean over those at or below the median. The parts add up to the whole; where some
// handshake has a residual, that is one of them.
type Tail struct {
	Slow, Usual int // handshakes in each body
	Wall        Interval
	Parts       []Part // the largest first
	Operations  []Part // of the on-CPU time; the slowest tenth of the windows against the faster half; nil: no samples
}

// Part is one class's, or operation's, part of a difference, in seconds per handshake.
type Part struct {
	Name  string
	Value Interval
	Share float64 // of the whole difference
}

// Share is a part of a whole.
type Share struct {
	Class account.Class
	Share float64 // may be negative for variances; with the residual's all add up to 1
}

// Window is one interval of the common time grid.
type Window struct {
	Block      int
	At         time.Duration // since its block's account began
	Length     time.Duration
	Handshakes int                      // that ended in it
	Rate       float64                  // began per second
	Tracked    float64                  // seconds; see [Explained.Tracked]
	P50        float64                  // seconds
	Occupancy  [account.Classes]float64 // mean number of handshakes in each class
	Threads    [account.Classes]float64 // mean number of threads in each class
	GCCycles   uint64
}

// Correlation is how a quantity of a window goes with the windows' tracked latency.
type Correlation struct {
	Kind    string // class, thread, syscall, file, operation, runtime
	Name    string
	Rho     Interval // Spearman, moving-block bootstrap
	Partial float64  // Spearman, arrival rate held fixed
	Lag     int      // windows by which the quantity leads where |rho| is largest, -3 to 3
	P       float64
	Notable bool // Benjamini-Hochberg at 5 % over all pairs
}

// Episode is a run of windows whose tracked latency is far above the others: three times 1.4826 MAD over the median, so
// three standard deviations of a quiet run.
type Episode struct {
	Block     int
	At        time.Duration
	Length    time.Duration
	Tracked   float64             // the highest, seconds
	Usual     float64             // median over all windows, seconds
	Raised    []Raised            // the largest first
	Exemplars []account.Handshake // the slowest, three at most
}

// Raised is a quantity that was far above its median during an episode.
type Raised struct {
	Kind, Name string
	Z          float64 // robust: (value - median) / (1.4826 MAD)
}

// Syscall is one system call, all blocks together.
type Syscall struct {
	account.Syscall
	PerHandshake float64
}

// Operation is what on-CPU time was spent on, by the sampled profile.
type Operation struct {
	Name    string             // see package profile
	Share   Interval           // of the samples, binomial
	Seconds float64            // of CPU per handshake: share times the exact on-CPU time of the process
	Phases  map[string]float64 // share of the samples by phase; they add up to Share; "" is outside of handshakes
}

// Check is one line of the self-audit.
type Check struct {
	Name   string
	State  string // Passed, Failed, Disturbed or Unknown
	Detail string // what was seen against what is allowed
}

// Difference is how a candidate's mean handshake differs from the baseline's, from observed blocks of common groups.
// The parts add up to the whole; where there is a residual, it is the last of them. Seconds per handshake.
type Difference struct {
	Groups int
	Wall   Interval
	Parts  []Part // in the order of the classes
}

// Recovery is how much of what was planted in a component of handshakes was found there, and how much elsewhere.
// Shares are of the planted size: 1 is all of it.
type Recovery struct {
	Component        account.Class // that it was planted as
	Sought           account.Class // as what this observer sees it
	Planted          int           // handshakes that something was planted in
	Matched          int           // of them, those that were found in the account
	P50, P99         float64       // the middle, and the slowest hundredth against the slowest hundredth without a plant
	Leak50, Leak99   float64       // of the other class that has the largest part
	Leaks50, Leaks99 account.Class // which one that is
}
