// Package history is what earlier runs of a scenario measured, and where that changed.
//
// A history is a file with one line for each run, [Point], as JSON. [Append] only ever adds a line; the file has a cap,
// and the oldest lines go where it is reached, so that it stays small enough to be kept on a branch. [Read] is strict:
// a line that is not a point is an error with its number.
//
// [SeriesOf] makes series of the points, one for each thing that can be followed from run to run, and [ChangePoints]
// says where the level of one changes. Both are advice for people. Nothing is gated on them: runs lie days apart, and
// between two of them everything may have changed, not only the code.
//
// # Why ratios
//
// How long a handshake took last month says little about how long it takes today: the machine is another, or has
// another kernel, or other neighbours. Times of different runs differ by what their machines differ, and a gate on them
// would fail with the weather. So a [Series] is of runs on one class of [Host] only, and those that mean something are
// ratios: candidate and baseline were interleaved within each run, and what the machine did to both cancels. Counts
// that do not depend on time (instructions, allocations, bytes) may be followed as they are, within a class.
//
// # How change points are found
//
// By E-divisive means: a stretch of the series is cut where the values before and after differ most in their
// distribution, by the energy statistic; then both parts are cut again, and so on (James and Matteson, ecp: An R
// Package for Nonparametric Multiple Change Point Analysis, Journal of Statistical Software 62, 2014). Whether a cut is
// a change is asked not of permutations, which give another answer every time, but of a t-test, as Fleming and others
// do (Hunter: Using Change Point Detection to Hunt for Performance Regressions, ICPE 2023): first leniently, to look
// further into the parts; then strictly, with the weakest cut dropped until all that are left stand between their
// neighbours. A change also has to be larger than the margin.
//
// The place of a cut is chosen because it looks like a change, so the p-value of its test is far too small to be the
// chance of a false find. That chance is measured by the tests of this package: of 500 series of 100 values with 2 %
// noise and no change, 2.4 % show one at a margin of 0, and 1.8 % at a margin of 2 %, where the noise is independent
// from run to run. Where each run resembles the one before it (correlation 0.5), 32 % do: a slow drift is made of
// changes of level. A step of 5 % is found within two values of its place in 95 of 100 such series,
// one that is only ten runs old in 78.
//
// # Why five values on each side
//
// A spike is one value, or two; a level that lasts is not. It takes five runs to tell, so the last change is always at
// least five runs old, and with noise as large as above rather ten.
package history
