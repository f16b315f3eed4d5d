// Package reports tells an analysis: as one HTML file, as text for a terminal, as Markdown, as JSON; and to CI as JUnit
// XML, as the summary on a pull request, as annotations of the scenario's file.
//
// A [Document] is a list of sections, and a section is what a [Part] makes of the analysis. A part whose data the
// analysis lacks makes none, so a report has no empty headings. Page, text and Markdown are the same document; what is
// too long for a terminal is in the page only. JSON is the analysis itself under names that do not change within a
// schema, see [Data].
//
// # What a report promises
//
//   - The page is one file without scripts. It loads nothing, and its Content-Security-Policy forbids that it could:
//     scenario files are written by others, and their text ends up here.
//   - The same analysis gives the same bytes. There is no clock, no map order and no unrounded coordinate in them,
//     and drawings have one element a line, so two reports can be compared with diff.
//   - Every figure is backed by a table, and nothing is said by colour alone: a verdict is a word and a shape, a
//     variant has a name, a colour and a dash pattern.
//   - Every number has its unit, every ratio its interval, and a doubt stands beside the number that it weakens.
//   - What was not measured is absent or "not measured", never zero.
//
// # What CI is told
//
// A gate comes out in one of seven ways, the same in every format: failed, invalid, not confirmed, inconclusive,
// expected, advisory, passed. Only a failed one is a failure of JUnit and an error among annotations. One of which
// nothing may be claimed is an error of JUnit and a warning among annotations, so that a bad machine is never taken for
// bad code. Summaries and annotations have few places: gates that failed come first, and of those the ones farthest
// beyond their margin.
//
// A CPU time that is worse is told with what was counted in the same cell. More work shows there, and the packages
// that do it have names; where no count is worse, the same code takes longer: its layout, the frequency, the memory.
//
// # Why ratios are drawn on a logarithmic axis
//
// Twice and half are equally far from 1, and so is the margin on both sides of it.
//
// # Why percentiles are drawn over 1/(1-p)
//
// The tail is where variants differ and where users suffer, but on a linear axis p99 to p99.99 is one pixel. Over
// 1/(1-p), as in HdrHistogram's plots, each further nine is as wide as the last. A line is grey from where the sample
// no longer supports it, see [Supported].
//
// # How CPU time is told by package
//
// A profile's samples give shares, the system's count gives server CPU per handshake; their product is what a package
// cost a handshake. The samples alone would not do: at 100 a second they miss short stretches, and how many they miss
// differs between variants. So each column says how much of the counted time its samples show, and a package that no
// sample fell into is "not seen", which is not zero.
//
// # Why expected stands beside seen
//
// What the CPU has and what a build does with it are two things. [Paths] tells the code that each primitive should run,
// by the sources, and the code that the servers' CPU profiles show; where they differ, one of the two is not understood,
// and that is a doubt about the run. A function that several primitives call is no evidence, and few samples are none
// either. [Ablation] asks the same of CPU options: one that should change code and does not may never have reached the
// server. What the lab's own signer did is told by [Signer], with what weakens it: batches that were never full,
// and signatures that crypto/ecdsa made in its place.
//
// # What was observed
//
// [Explaining] lists the parts that tell the explanations of an analysis: where the time of handshakes went. They
// work without a scenario, too, for one process that was watched from outside. Three kinds of statement are told
// apart: sums of the identity are exact; what rests on samples stands behind "≈"; what windows have in common is
// said to go with the tail, never to cause it. Where the self-audit failed, [Alarm] says so before all else.
//
// # What became of certificates that moved
//
// [Reloads] tells what reload strategies made of them: alone, injection by injection, and under load. Its times begin
// where the writer has taken its last step, and end with a handshake that shows the new generation; a server's own
// book is told beside that and never in its place. Blocks in which a rotation made handshakes fail are invalid to
// every comparison of times, and so they stay; what became of their rotations is told all the same.
//
// # Claims and experiments
//
// [Claims] sets each statement of a scenario beside what was measured, with its interval, and says by how much it fails.
// That a claim fails is no defect: only one that is decided against what its scenario expected is a failure to CI, and
// is drawn as one. [Identity] and [Gateway] tell what was asked once of servers beside the blocks, an arm a row; they
// judge nothing. An age that they tell is the highest that was seen, not the highest that there may be.
//
// # Why windows are joined, and percentiles are not averaged
//
// A chart has at most 200 windows, fewer where a report has many charts. Neighbours are joined: numbers of handshakes
// and rates have a mean, percentiles do not, so of those the highest is drawn.
package reports
