package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// subject is what a guard looks at: a block, what was asked of it, and what is allowed.
type subject struct {
	*results.Block
	cell    *results.Cell
	limits  results.Limits
	variant results.Variant
}

func (s subject) asked() handshake.Spec { return askedOf(s.cell, s.variant) }

func (s subject) open() bool { return s.cell.Load.Loop == loadgen.Open }

// guard is one condition.
type guard struct {
	name string
	kind kind
	look func(subject) (State, string)
}

// kind says what a guard's alarm spoils.
type kind int

const (
	correctness  kind = iota // the comparison
	quiet                    // the group, as long as there are enough others
	restlessness             // nothing: the variant itself may be its cause, so leaving groups out would blind us to it
)

var guards = []guard{
	{"ledgers", correctness, ledgers},
	{"shape", correctness, shape},
	{"generator_cpu", correctness, generatorCPU},
	{"lateness", correctness, lateness},
	{"steady", restlessness, steady},
	{"steal", quiet, steal},
	{"throttling", restlessness, throttling},
	{"ports", correctness, ports},
	{"backlog", correctness, backlog},
}

func guardsOf(s subject) []Guard {
	var said []Guard
	for _, g := range guards {
		state, detail := g.look(s)
		said = append(said, Guard{g.name, state, detail})
	}
	return said
}

// alarms lists the guards of one kind that a block violates or that the machine disturbed.
func (b *Block) alarms(of kind) []Guard {
	var found []Guard
	for i, g := range guards {
		if s := b.Guards[i].State; g.kind == of && (s == Violated || s == Disturbed) {
			found = append(found, b.Guards[i])
		}
	}
	return found
}

func (b *Block) state(guard string) State {
	at := slices.IndexFunc(b.Guards, func(g Guard) bool { return g.Name == guard })
	return b.Guards[at].State
}

func (b *Block) clientBound() bool {
	return slices.ContainsFunc(b.Guards, func(g Guard) bool { return g.State == ClientBound })
}

// ledgers: each ledger adds up, and the two agree to the last handshake.
func ledgers(s subject) (State, string) {
	c, v := s.Client.Ledger, s.Server.Ledger
	diffs := handshake.Reconcile(c, v)
	if sum := c.Confirmed + c.Unconfirmed + c.Failed; c.Began != sum {
		diffs = append(diffs, fmt.Sprintf("client began %d, but ended %d", c.Began, sum))
	}
	if sum := v.Completed + v.Rejected; v.Accepted != sum {
		diffs = append(diffs, fmt.Sprintf("server accepted %d, but ended %d", v.Accepted, sum))
	}
	if len(diffs) > 0 {
		return Violated, strings.Join(diffs, "; ") + ": was the server reached by someone else, or a connection cut?"
	}
	return Passed, fmt.Sprintf("client confirmed %d, server completed %d", c.Confirmed, v.Completed)
}

// generatorUse is the share of its CPUs that the generator used.
func generatorUse(b *results.Block) (share float64, ok bool) {
	cpus := b.Client.GOMAXPROCS
	if pinned := len(b.System.ClientCPUs); pinned > 0 && (cpus <= 0 || pinned < cpus) {
		cpus = pinned
	}
	if cpus <= 0 || b.Client.Wall <= 0 || b.Client.CPU.Total() <= 0 {
		return 0, false
	}
	return b.Client.CPU.Total().Seconds() / (b.Client.Wall.Seconds() * float64(cpus)), true
}

// generatorCPU: the generator has time left. If it has not, an open loop is no longer the one that was asked for,
// and a closed loop shows the pace of the client.
func generatorCPU(s subject) (State, string) {
	use, ok := generatorUse(s.Block)
	switch detail := against(percent(use), percent(s.limits.GeneratorCPU)); {
	case !ok:
		return Unknown, "the generator's CPU time or CPUs are not known"
	case use < s.limits.GeneratorCPU:
		return Passed, detail
	case s.open():
		return Violated, detail + ": give the generator more CPUs or lower the rate"
	default:
		return ClientBound, detail + ": rates and latencies are the generator's, give it more CPUs"
	}
}

// lateness: an open loop's handshakes began when they were due.
func lateness(s subject) (State, string) {
	h := &s.Client.Lateness
	if !s.open() {
		return Passed, "closed loop: a handshake is due when it begins"
	}
	if h.Count() == 0 {
		return Unknown, "no handshake began"
	}
	p99 := time.Duration(h.Quantile(0.99))
	detail := "p99 " + against(p99.Round(10*time.Microsecond), s.limits.Lateness)
	if p99 < s.limits.Lateness {
		return Passed, detail
	}
	return Violated, detail + ": more workers, more CPUs for the generator, or a lower rate"
}

// disturbed: the machine took time from the block.
func (s subject) disturbed() bool {
	return s.System.Steal > s.limits.Steal || s.System.Throttled > 0
}

func steal(s subject) (State, string) {
	detail := against(percent(s.System.Steal), percent(s.limits.Steal))
	switch {
	case s.System.Steal < 0:
		return Unknown, "the system does not tell"
	case s.System.Steal > s.limits.Steal:
		return Disturbed, detail + ": other guests take this machine's CPUs, repeat when they are quiet"
	}
	return Passed, detail
}

func throttling(s subject) (State, string) {
	switch t := s.System.Throttled; {
	case t < 0:
		return Unknown, "the system does not tell"
	case t > 0:
		return Disturbed, against(t, "none") + ": the cgroup's CPU quota is too small, raise cpu.max"
	}
	return Passed, "none"
}

func ports(s subject) (State, string) {
	if n := s.Client.NoPort; n > 0 {
		return Violated, fmt.Sprintf("%d handshakes found no free source port, allowed none: close with rst, lower the rate, or widen ip_local_port_range", n)
	}
	return Passed, "none missing"
}

func backlog(s subject) (State, string) {
	overflows, drops := s.System.ListenOverflows, s.System.ListenDrops
	switch {
	case overflows < 0 || drops < 0:
		return Unknown, "the system does not tell"
	case overflows+drops > 0:
		return Violated, fmt.Sprintf("%d overflows and %d drops of the listen queue, allowed none: raise net.core.somaxconn or lower the rate", overflows, drops)
	}
	return Passed, "no overflows, no drops"
}

// against says what was seen and what is allowed.
func against(seen, allowed any) string { return fmt.Sprintf("%v, allowed %v", seen, allowed) }

func percent(share float64) string { return fmt.Sprintf("%.4g %%", 100*share) }
