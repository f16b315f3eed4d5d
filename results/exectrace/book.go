package exectrace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/exp/trace"

	"github.com/tlslab/tlslab/results/account"
)

// stretch is where the reading is: an account is made of what lies between the edges.
type stretch uint8

const (
	before stretch = iota
	within
	ended
)

// book is an account in the making.
type book struct {
	account    account.Account
	grid       time.Duration
	stretch    stretch
	began      trace.Time
	edge       edge // the first one
	goroutines map[trace.GoID]*goroutine
}

// goroutine is one that exists.
type goroutine struct {
	class     account.Class // account.Classes: not known
	since     trace.Time
	handshake *open // nil: it carries out none
}

// open is a handshake under way.
type open struct {
	account.Handshake
	phase int
}

// edge is what the server notes at an edge of the stretch.
type edge struct {
	kind       string        // begin, end or cut
	at         time.Duration // on the server's clock
	cpu, delay time.Duration // by the kernel's books; -1: there is none
}

// enter takes one event into the book.
func (b *book) enter(e trace.Event) error {
	switch e.Kind() {
	case trace.EventStateTransition:
		return b.transition(e)
	case trace.EventRegionBegin:
		return b.begin(e)
	case trace.EventRegionEnd:
		return b.finish(e)
	case trace.EventLog:
		return b.log(e)
	case trace.EventRangeBegin:
		if b.stretch == within && e.Range().Name == "GC concurrent mark phase" {
			return b.collection(e.Time())
		}
	}
	return nil
}

func (b *book) transition(e trace.Event) error {
	change := e.StateTransition()
	if change.Resource.Kind != trace.ResourceGoroutine {
		return nil
	}
	id := change.Resource.Goroutine()
	_, to := change.Goroutine()
	g := b.of(id, e.Time())
	if err := b.charge(g, e.Time()); err != nil {
		return err
	}
	g.class = classOf(to, change)
	if to == trace.GoNotExist {
		b.abandon(g)
		delete(b.goroutines, id)
	}
	return nil
}

// of is the goroutine with this id.
func (b *book) of(id trace.GoID, now trace.Time) *goroutine {
	g := b.goroutines[id]
	if g == nil {
		g = &goroutine{class: account.Classes, since: now}
		b.goroutines[id] = g
	}
	return g
}

func classOf(state trace.GoState, change trace.StateTransition) account.Class {
	switch state {
	case trace.GoRunning:
		return account.Running
	case trace.GoSyscall:
		return account.InSyscall
	case trace.GoRunnable:
		return account.Runnable
	case trace.GoWaiting:
		return waiting(change)
	}
	return account.Classes
}

// waiting is the class of what a goroutine waits for.
func waiting(change trace.StateTransition) account.Class {
	switch change.Reason {
	case "preempted":
		return account.Runnable
	case "network":
		for frame := range change.Stack.Frames() {
			if strings.HasPrefix(frame.Func, "os.(*File).") {
				return account.Blocked
			}
		}
		return account.Network
	}
	return account.Goroutine
}

// charge closes the interval that the goroutine has been in one state.
func (b *book) charge(g *goroutine, now trace.Time) error {
	from := g.since
	g.since = now
	if b.stretch != within || g.class >= account.Classes {
		return nil
	}
	if h := g.handshake; h != nil {
		h.Phases[h.phase][g.class] += now.Sub(from)
	}
	switch g.class {
	case account.Running, account.InSyscall, account.Runnable:
		return b.spread(g.class, max(b.since(from), 0), b.since(now))
	}
	return nil
}

// since is an instant of the account.
func (b *book) since(t trace.Time) time.Duration { return t.Sub(b.began) }

// spread divides what a goroutine of the process did among the windows.
func (b *book) spread(class account.Class, from, to time.Duration) error {
	for from < to {
		w, err := b.window(from)
		if err != nil {
			return err
		}
		end := min(w.At+w.Length, to)
		w.Threads[class] += end - from
		from = end
	}
	return nil
}

// window is the one of an instant.
func (b *book) window(at time.Duration) (*account.Window, error) {
	i := int(at / b.grid)
	if i >= maxWindows {
		return nil, fmt.Errorf("it is longer than %d windows of %v", maxWindows, b.grid)
	}
	for n := len(b.account.Windows); n <= i; n++ {
		b.account.Windows = append(b.account.Windows, account.Window{At: time.Duration(n) * b.grid, Length: b.grid})
	}
	return &b.account.Windows[i], nil
}

func (b *book) collection(now trace.Time) error {
	w, err := b.window(b.since(now))
	if err == nil {
		w.GCCycles++
	}
	return err
}

// begin opens a handshake.
func (b *book) begin(e trace.Event) error {
	if e.Region().Type != regionName || b.stretch != within {
		return nil
	}
	g := b.of(e.Goroutine(), e.Time())
	b.abandon(g)
	if err := b.charge(g, e.Time()); err != nil {
		return err
	}
	g.handshake = &open{Handshake: account.Handshake{
		Begin: b.since(e.Time()), Phases: make([]account.Times, len(phases)),
	}}
	return nil
}

// abandon counts a handshake whose end was not seen.
func (b *book) abandon(g *goroutine) {
	if g.handshake != nil {
		g.handshake = nil
		b.account.Unfinished++
	}
}

// finish closes a handshake.
func (b *book) finish(e trace.Event) error {
	g := b.goroutines[e.Goroutine()]
	if g == nil || g.handshake == nil || e.Region().Type != regionName {
		return nil
	}
	if err := b.charge(g, e.Time()); err != nil {
		return err
	}
	h := g.handshake.Handshake
	h.End = b.since(e.Time())
	for _, times := range h.Phases {
		h.Time.Add(times)
	}
	b.account.Handshakes = append(b.account.Handshakes, h)
	g.handshake = nil
	return nil
}

// log takes a mark of the server.
func (b *book) log(e trace.Event) error {
	l := e.Log()
	if l.Category == stretchMark {
		return b.pass(l.Message, e.Time())
	}
	g := b.goroutines[e.Goroutine()]
	if g == nil || g.handshake == nil {
		return nil
	}
	switch h := g.handshake; l.Category {
	case failedMark:
		h.Failed = true
	case portMark:
		port, err := strconv.ParseUint(l.Message, 10, 16)
		h.Port = uint16(port)
		return err
	case phaseMark:
		i := slices.Index(phases, l.Message)
		if i < 0 {
			return fmt.Errorf("a handshake has no phase %q", l.Message)
		}
		err := b.charge(g, e.Time())
		h.phase = i
		return err
	}
	return nil
}

// pass takes an edge of the stretch.
func (b *book) pass(message string, now trace.Time) error {
	var e edge
	if _, err := fmt.Sscan(message, &e.kind, &e.at, &e.cpu, &e.delay); err != nil {
		return fmt.Errorf("an edge %q: %w", message, err)
	}
	switch {
	case e.kind == "begin" && b.stretch == before:
		b.stretch, b.began, b.edge = within, now, e
		b.account.Began = e.at
		for _, g := range b.goroutines {
			g.since = now
		}
		return nil
	case e.kind != "begin" && b.stretch == within:
		return b.end(e, now)
	}
	return fmt.Errorf("the edge %q comes at the wrong time", e.kind)
}

// end closes the book.
func (b *book) end(e edge, now trace.Time) error {
	for _, g := range b.goroutines {
		if err := b.charge(g, now); err != nil {
			return err
		}
		b.abandon(g)
	}
	b.stretch = ended
	a := &b.account
	a.Length = b.since(now)
	if _, err := b.window(max(a.Length-1, 0)); err != nil {
		return err
	}
	last := &a.Windows[len(a.Windows)-1]
	last.Length = a.Length - last.At
	if b.edge.cpu >= 0 && e.cpu >= 0 {
		a.Books.SchedstatCPU, a.Books.SchedstatRunDelay = e.cpu-b.edge.cpu, e.delay-b.edge.delay
	}
	a.Gaps = gaps(e, a.Length)
	return nil
}

// gaps are what a trace cannot tell, and what this one does not.
func gaps(last edge, length time.Duration) []account.Gap {
	all := []account.Gap{{
		What:   "user, kernel and run queue; system calls; the arrival of data",
		Reason: "an execution trace does not see into the kernel",
		Hint:   "observe with eBPF on Linux: tlslab host says what is missing",
	}}
	if last.kind == "cut" {
		all = append(all, account.Gap{
			What:   fmt.Sprintf("what came after the first %v", length.Round(time.Millisecond)),
			Reason: "the execution trace had grown to its limit",
			Hint:   "observe shorter blocks, or a lower rate",
		})
	}
	return all
}
