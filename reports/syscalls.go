package reports

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

const (
	syscallsShown   = 20 // on the page
	syscallsInBrief = 5  // on a terminal
	filesShown      = 10
	preemptorsShown = 8
)

// Syscalls says what the server's system calls cost, which files it read, how long connections waited to be
// accepted, and who had the CPU while it waited for one.
func Syscalls(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "syscalls", Title: "Syscalls"}
	s.Items = inCells(a, syscallItems)
	if len(s.Items) == 0 {
		return s, false
	}
	intro := Item{Page: true, Text: "Of the whole server process, within handshakes and outside of them, the most CPU time first. A call's time " +
		"is on a CPU in the kernel, in the run queue, or asleep: threads that have nothing to do sleep in one, too. EAGAIN is no error: it says that there was nothing to do yet."}
	s.Items = append([]Item{intro}, s.Items...)
	return s, true
}

func syscallItems(in []analysis.Explanation) []Item {
	var items []Item
	for _, e := range in {
		if calls := byTime(e.Syscalls); len(calls) > 0 {
			items = append(items,
				Item{Page: true, Table: syscallTable(e, calls)},
				Item{Terminal: true, Table: syscallBrief(e, calls[:min(len(calls), syscallsInBrief)])})
		}
		if len(e.Files) > 0 {
			items = append(items, Item{Page: true, Fold: "Files and pipes that " + subject(e) + " read", Table: fileTable(e)})
		}
		if len(e.Preemptors) > 0 {
			items = append(items, Item{Page: true, Fold: "Who had the CPU while " + subject(e) + " waited for it", Table: preemptorTable(e)})
		}
	}
	if t := aroundTable(in); t != nil {
		items = append(items, Item{Table: t})
	}
	return items
}

// byTime sorts system calls by their time on a CPU. Time asleep is mostly that of threads with nothing to do.
func byTime(calls []attribution.Syscall) []attribution.Syscall {
	sorted := slices.Clone(calls)
	slices.SortStableFunc(sorted, func(x, y attribution.Syscall) int {
		return cmp.Or(cmp.Compare(y.Time[account.Kernel], x.Time[account.Kernel]), strings.Compare(x.Name, y.Name))
	})
	return sorted
}

// callsAndTime is how many calls, and how much CPU time, there are for each handshake, where any was observed.
func callsAndTime(e analysis.Explanation, c attribution.Syscall) []Cell {
	if e.Handshakes == 0 {
		return cells(noValue, noValue)
	}
	return cells(figure(c.PerHandshake), plain(ratioTo(c.Time[account.Kernel].Seconds(), float64(e.Handshakes))))
}

func syscallTable(e analysis.Explanation, calls []attribution.Syscall) *Table {
	t := &Table{Caption: "System calls, " + place(e)}
	t.Columns = numeric(columns("call", "calls", "per handshake", "CPU per handshake", "EAGAIN", "errors",
		"p50", "p99", "p99.9", "largest", "kernel", "run queue", "blocked"), 1)
	for _, c := range calls[:min(len(calls), syscallsShown)] {
		row := append(cells(c.Name, count(c.Count)), callsAndTime(e, c)...)
		row = append(row, cells(shareOfCalls(c.Again, c.Count), count(c.Errors))...)
		for _, q := range []float64{0.5, 0.99, 0.999} {
			row = append(row, quantileCell(&c.Latency, q))
		}
		row = append(row, Cell{Text: nanoseconds(c.Latency.Max())})
		t.Rows = append(t.Rows, Row{Cells: append(row, split(c.Time)...)})
	}
	if more := len(calls) - syscallsShown; more > 0 {
		t.Caption += "; without " + plural(more, "other call") + " of less time"
	}
	return t
}

// split is where the time of calls went, as shares of it.
func split(t account.Times) []Cell {
	var row []Cell
	for _, c := range []account.Class{account.Kernel, account.RunQueue, account.Blocked} {
		row = append(row, faintShare(ratioTo(float64(t[c]), float64(t.Sum()))))
	}
	return row
}

// faintShare greys a share below a two-hundredth.
func faintShare(share float64) Cell {
	c := Cell{Text: part(share)}
	if share < 0.005 {
		c.Tone = Muted
	}
	return c
}

// shareOfCalls is a count as a share of all calls; none is plain 0.
func shareOfCalls(n, of uint64) string {
	if n == 0 {
		return "0"
	}
	return part(ratioTo(float64(n), float64(of)))
}

func syscallBrief(e analysis.Explanation, calls []attribution.Syscall) *Table {
	t := &Table{Caption: subject(e)}
	t.Columns = numeric(columns("call", "per handshake", "CPU per handshake", "EAGAIN", "p50", "p99", "largest", "kernel", "run queue", "blocked"), 1)
	for _, c := range calls {
		row := append(cells(c.Name), callsAndTime(e, c)...)
		row = append(row, Cell{Text: shareOfCalls(c.Again, c.Count)})
		row = append(row, quantileCell(&c.Latency, 0.5), quantileCell(&c.Latency, 0.99), Cell{Text: nanoseconds(c.Latency.Max())})
		t.Rows = append(t.Rows, Row{Cells: append(row, split(c.Time)...)})
	}
	return t
}

func fileTable(e analysis.Explanation) *Table {
	t := &Table{Caption: "Files and pipes read, " + place(e), Columns: numeric(columns("name", "reads", "bytes", "time", "per read"), 1)}
	files := slices.SortedStableFunc(slices.Values(e.Files), func(x, y account.FileRead) int { return cmp.Compare(y.Time, x.Time) })
	for _, f := range files[:min(len(files), filesShown)] {
		each := ratioTo(f.Time.Seconds(), float64(f.Count))
		t.Rows = append(t.Rows, Row{Cells: cells(f.Path, count(f.Count), count(f.Bytes), took(f.Time), plain(each))})
	}
	return t
}

func preemptorTable(e analysis.Explanation) *Table {
	t := &Table{Caption: "Who had the CPU while a thread waited for it, " + place(e)}
	t.Columns = numeric(columns("command", "time", "of the observed time"), 1)
	all := slices.SortedStableFunc(slices.Values(e.Preemptors), func(x, y account.Preemptor) int { return cmp.Compare(y.Time, x.Time) })
	for _, p := range all[:min(len(all), preemptorsShown)] {
		t.Rows = append(t.Rows, Row{Cells: cells(p.Command, took(p.Time), part(ratioTo(p.Time.Seconds(), e.Length.Seconds())))})
	}
	return t
}

// aroundTable is what happened to connections before their handshake and beneath it; nil where none was seen.
func aroundTable(in []analysis.Explanation) *Table {
	t := &Table{Caption: "Waiting to be accepted, and TCP"}
	t.Columns = numeric(columns("variant", "accepted", "wait p50", "wait p99", "longest wait", "segments retransmitted", "most often had the CPU"), 1)
	t.Columns[len(t.Columns)-1].Numeric = false
	for _, e := range in {
		if e.AcceptWait.Count() == 0 {
			continue
		}
		row := []Cell{{Text: subject(e)}, {Text: count(e.AcceptWait.Count())}, quantileCell(&e.AcceptWait, 0.5), quantileCell(&e.AcceptWait, 0.99)}
		row = append(row, cells(nanoseconds(e.AcceptWait.Max()), count(uint64(max(e.Retransmits, 0))), orNone(firstPreemptor(e)))...)
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

func firstPreemptor(e analysis.Explanation) string {
	if len(e.Preemptors) == 0 {
		return ""
	}
	most := slices.MaxFunc(e.Preemptors, func(x, y account.Preemptor) int { return cmp.Compare(x.Time, y.Time) })
	return most.Command + " " + took(most.Time)
}
