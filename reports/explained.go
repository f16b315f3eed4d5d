package reports

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

// Explaining lists the parts that tell what was observed: all there is to say of one process without a scenario.
func Explaining() []Part { return []Part{Alarm, Time, Syscalls, Operations, Tail, Audit} }

// Charted says whether the page has charts over time, which need styles of their own: of what was observed, and of
// certificates that moved.
func (d *Document) Charted() bool {
	return len(d.analysis.Explanations)+len(d.analysis.Reloads)+len(believedIn(d.analysis)) > 0
}

// classGlosses say what a class of time is, for those who read its name the first time.
var classGlosses = [account.Classes]string{
	account.User:      "on a CPU, in the server's code",
	account.Kernel:    "on a CPU, in a system call",
	account.RunQueue:  "its thread could run, another had the CPU",
	account.Blocked:   "its thread was asleep, not on a socket",
	account.Network:   "the socket held no data: the peer's turn",
	account.Goroutine: "parked on a lock, a channel or a timer",
	account.Runnable:  "could run or had data, no thread took it up",
	account.Running:   "on a thread: user, kernel or run queue",
	account.InSyscall: "in a system call, on a CPU or not",
}

// classKey is the number and colour of a class, the same in the whole report.
func classKey(c account.Class) int { return int(c) + 1 }

// classCell names a class beside its number.
func classCell(c account.Class) Cell { return Cell{Text: c.String(), Key: classKey(c)} }

// named is classCell where a name is that of a class: among the parts of a difference there may be the residual.
func named(name string) Cell {
	var c account.Class
	if c.UnmarshalText([]byte(name)) != nil {
		return Cell{Text: name}
	}
	return classCell(c)
}

// cellsOf lists the cells that were explained, in order. A process without a scenario is in the cell "".
func cellsOf(a *analysis.Analysis) []string {
	var all []string
	for _, e := range a.Explanations {
		if !slices.Contains(all, e.Cell) {
			all = append(all, e.Cell)
		}
	}
	return all
}

func explainedIn(a *analysis.Analysis, cell string) []analysis.Explanation {
	return slices.DeleteFunc(slices.Clone(a.Explanations), func(e analysis.Explanation) bool { return e.Cell != cell })
}

// inCells makes items for each cell, under its name where it has one.
func inCells(a *analysis.Analysis, items func([]analysis.Explanation) []Item) []Item {
	var all []Item
	for _, cell := range cellsOf(a) {
		in := items(explainedIn(a, cell))
		if len(in) == 0 {
			continue
		}
		if cell != "" {
			all = append(all, Item{Heading: cell})
		}
		all = append(all, in...)
	}
	return all
}

// subject is what an explanation is about: "std", or "the process".
func subject(e analysis.Explanation) string {
	if e.Variant == "" {
		return "the process"
	}
	return e.Variant
}

// place is a subject with its cell, for texts that do not stand under the cell's name.
func place(e analysis.Explanation) string {
	if e.Cell == "" {
		return subject(e)
	}
	return subject(e) + ", " + e.Cell
}

// headOf names a variant with its line pattern.
func headOf(a *analysis.Analysis, e analysis.Explanation) Head {
	return Head{Name: subject(e), Series: max(number(a.Manifest, e.Variant), 0)}
}

// span writes an interval of times in one unit: "93.1 µs [90.0, 96.2]".
func span(i attribution.Interval) string { return timeInterval(i, "") }

// gain is span for a difference, with its sign: "+93.1 µs [+90.0, +96.2]".
func gain(i attribution.Interval) string { return timeInterval(i, "+") }

func timeInterval(i attribution.Interval, plus string) string {
	if notFinite(i.Value) {
		return noValue
	}
	bounds := i.Known && !notFinite(i.Low) && !notFinite(i.High)
	most := math.Abs(i.Value)
	if bounds {
		most = max(most, math.Abs(i.Low), math.Abs(i.High))
	}
	size, unit := timeUnit(most)
	d := decimals(most/size, 3)
	text := signed(i.Value/size, d, plus) + "\u00a0" + unit
	if !bounds {
		return text
	}
	return text + " [" + signed(i.Low/size, d, plus) + ",\u00a0" + signed(i.High/size, d, plus) + "]"
}

// timeUnit is the unit that keeps a time between 1 and 1000.
func timeUnit(v float64) (size float64, name string) {
	switch {
	case v >= 0.9995:
		return 1, "s"
	case v >= 0.9995e-3:
		return 1e-3, "ms"
	case v >= 0.9995e-6:
		return 1e-6, "µs"
	}
	return 1e-9, "ns"
}

func signed(v float64, decimals int, plus string) string {
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Trim(text, "-0.") == "" {
		return strings.TrimPrefix(text, "-")
	}
	if v > 0 {
		return plus + text
	}
	return text
}

// plain is a time that needs no interval: "0" where there was none.
func plain(v float64) string {
	switch {
	case notFinite(v):
		return noValue
	case v == 0:
		return "0"
	}
	return seconds(v)
}

func took(d time.Duration) string { return plain(d.Seconds()) }

// part is a share without needless decimals: "12 %", "3.4 %", "0 %".
func part(share float64) string {
	if notFinite(share) {
		return noValue
	}
	if v := 100 * share; v != 0 && math.Abs(v) < 9.95 {
		return signed(v, 1, "") + "\u00a0%"
	}
	return signed(100*share, 0, "") + "\u00a0%"
}

// shares is a share with its interval: "44.5 % [42.9, 46.1]".
func shares(i attribution.Interval) string {
	if notFinite(i.Value) {
		return noValue
	}
	text := signed(100*i.Value, 1, "") + "\u00a0%"
	if i.Known {
		text += " [" + signed(100*i.Low, 1, "") + ",\u00a0" + signed(100*i.High, 1, "") + "]"
	}
	return text
}

// coefficient is a correlation with its interval: "+0.91 [+0.85, +0.95]".
func coefficient(i attribution.Interval) string {
	if notFinite(i.Value) {
		return noValue
	}
	text := signed(i.Value, 2, "+")
	if i.Known {
		text += " [" + signed(i.Low, 2, "+") + ",\u00a0" + signed(i.High, 2, "+") + "]"
	}
	return text
}

func notFinite(v float64) bool { return math.IsNaN(v) || math.IsInf(v, 0) }

// foundation is what an explanation rests on: "full tier, 2 observed blocks, 12,034 handshakes in 20 s".
func foundation(e analysis.Explanation) string {
	text := string(e.Tier) + " tier, "
	if e.Variant != "" {
		text += plural(e.Blocks, "observed block") + ", "
	}
	text += fmt.Sprintf("%s in %s", plural(e.Handshakes, "handshake"), took(e.Length))
	if e.Failed > 0 {
		text += fmt.Sprintf(", %s failed and left out", count(uint64(e.Failed)))
	}
	return text
}
