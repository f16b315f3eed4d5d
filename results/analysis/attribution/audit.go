package attribution

import (
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// The states of a [Check].
const (
	Passed    = "passed"
	Failed    = "failed"
	Unknown   = "unknown"   // it could not be checked
	Disturbed = "disturbed" // a doubt: about the machine, or about sampled numbers alone
)

// What an account may be off by before it is not to be believed.
const (
	allowedResidual  = 0.005
	allowedCPU       = 0.01
	allowedRunQueue  = 0.03
	allowedAccepts   = 0.02
	allowedUnstamped = 0.01
	allowedSteal     = 0.05
	allowedLittle    = 0.02
	fewestSamples    = 0.85
	fewestRooted     = 0.95
	fewestRootedInC  = 0.85 // C code has no frame pointers to follow
	muchC            = 0.05 // of the samples: a build whose crypto is C
)

// slack is what two witnesses of one block may differ by however little there is: they do not look at the same instant.
const slack = time.Millisecond

// audit asks other witnesses whether the accounts are to be believed. A residual of zero proves that no time is lost,
// not that it carries the right name; the kernel's own books and both ledgers do that.
func audit(blocks []Observed, e *Explained) []Check {
	return []Check{
		checkResidual(e),
		agreement("on-CPU time", blocks, allowedCPU,
			func(b *account.Books) (seen, witness time.Duration) { return b.OnCPU, b.SchedstatCPU }),
		agreement("run queue", blocks, allowedRunQueue,
			func(b *account.Books) (seen, witness time.Duration) { return b.RunQueue, b.SchedstatRunDelay }),
		checkKernel(blocks),
		checkAccepts(blocks),
		checkLedger("server's ledger", blocks, func(o Observed) int64 { return o.Server }),
		checkLedger("client's ledger", blocks, func(o Observed) int64 { return o.Client }),
		checkDrops(blocks),
		checkUnstamped(blocks),
		checkSamples(blocks),
		checkRooted(blocks),
		checkLittle(e.Little),
		checkSteal(blocks),
	}
}

func check(name string, passed bool, format string, args ...any) Check {
	state := Failed
	if passed {
		state = Passed
	}
	return Check{name, state, fmt.Sprintf(format, args...)}
}

func unknown(name, reason string) Check { return Check{name, Unknown, reason} }

func checkResidual(e *Explained) Check {
	if e.Handshakes == 0 {
		return unknown("residual", "no handshake was observed")
	}
	r := e.Identity.Residual
	return check("residual", r.P99 <= allowedResidual, "%s of the wall time at p50, %s at p99; allowed %s",
		percent(r.P50), percent(r.P99), percent(allowedResidual))
}

// witnesses are two books of the same time.
type witnesses func(*account.Books) (seen, witness time.Duration)

// agreement compares what was seen with the kernel's own books. The deviations of all blocks are added up without their
// signs: opposite ones do not make up for each other, and one block of a dozen does not speak for all.
func agreement(name string, blocks []Observed, allowed float64, of witnesses) Check {
	var seen, witness, off time.Duration
	known := 0
	for _, b := range blocks {
		s, w := of(&b.Account.Books)
		if b.Account.Tier == account.Runtime || w < 0 || s < 0 {
			continue
		}
		known++
		seen, witness = seen+s, witness+w
		off += max((s-w).Abs()-slack, 0)
	}
	if known == 0 {
		return unknown(name, "no block was seen by both the observer and schedstat")
	}
	share := float64(off) / float64(max(witness, 1))
	return check(name, share <= allowed, "%s against %s in schedstat; %s off, block by block, allowed %s",
		seconds(seen), seconds(witness), percent(share), percent(allowed))
}

// kernelBlocks are those whose observer saw the kernel's events.
func kernelBlocks(blocks []Observed) (some []Observed) {
	for _, b := range blocks {
		if b.Account.Tier == account.Full || b.Account.Tier == account.Partial {
			some = append(some, b)
		}
	}
	return some
}

// withoutHandshakes says that nobody watched the handshakes of a block: an account of them names their phases.
func withoutHandshakes(o Observed) bool {
	return len(o.Account.Phases) == 0 && len(o.Account.Handshakes) == 0
}

const unwatched = "handshakes were not watched: the layer goroutines was left out"

const blind = "the runtime tier does not see the kernel's events"

// checkKernel catches an observer that watched another process, as the wrong process-id namespace makes it do: its
// identity closes, and the kernel's time is zero.
func checkKernel(blocks []Observed) Check {
	const name = "kernel time"
	seeing, without := kernelBlocks(blocks), 0
	if len(seeing) == 0 {
		return unknown(name, blind)
	}
	for _, b := range seeing {
		var kernel time.Duration
		for _, w := range b.Account.Windows {
			kernel += w.Threads[account.Kernel]
		}
		if kernel <= 0 {
			without++
		}
	}
	return check(name, without == 0, "%d of %s without any", without, blocksOf(len(seeing)))
}

func checkAccepts(blocks []Observed) Check {
	const name = "accepts"
	var accepts, handshakes int64
	off := 0
	seeing := slices.DeleteFunc(kernelBlocks(blocks), withoutHandshakes)
	served := false
	for _, b := range seeing {
		n := int64(len(b.Account.Handshakes))
		a := int64(b.Account.Books.Accepts)
		served = served || b.Server >= 0 || a > 0
		accepts, handshakes = accepts+a, handshakes+n
		if allowed := max(allowedAccepts*float64(n), 2); float64(max(a-n, n-a)-b.Account.Unfinished) > allowed {
			off++
		}
	}
	switch {
	case len(kernelBlocks(blocks)) == 0:
		return unknown(name, blind)
	case len(seeing) == 0:
		return unknown(name, unwatched)
	case !served:
		return unknown(name, "no connection was accepted, and nothing says that the process is a server")
	}
	return check(name, off == 0, "%d connections accepted for %d handshakes; %d of %s off by more than %s",
		accepts, handshakes, off, blocksOf(len(seeing)), percent(allowedAccepts))
}

// checkLedger holds the handshakes seen against those that one side counted. Those under way at either end of the
// stretch may be on either side.
func checkLedger(name string, blocks []Observed, of func(Observed) int64) Check {
	var seen, counted, edges, off int64
	known := 0
	for _, b := range blocks {
		if of(b) < 0 || withoutHandshakes(b) {
			continue
		}
		known++
		n, l, u := int64(len(b.Account.Handshakes)), of(b), b.Account.Unfinished
		seen, counted, edges = seen+n, counted+l, edges+u
		off = max(off, n-l, l-n-u)
	}
	if known == 0 {
		return unknown(name, "not known for any block whose handshakes were watched")
	}
	return check(name, off <= 0, "%d handshakes observed, %d unfinished, %d in the ledger", seen, edges, counted)
}

func checkDrops(blocks []Observed) Check {
	var drops uint64
	for _, b := range blocks {
		drops += b.Account.Books.Drops
	}
	if len(blocks) == 0 {
		return unknown("drops", "no block was observed")
	}
	return check("drops", drops == 0, "%d records were lost", drops)
}

func checkUnstamped(blocks []Observed) Check {
	const name = "arrivals"
	var unstamped uint64
	handshakes, full := 0, 0
	for _, b := range blocks {
		if b.Account.Tier == account.Full {
			full++
			unstamped += b.Account.Books.Unstamped
			handshakes += len(b.Account.Handshakes)
		}
	}
	if full == 0 {
		return unknown(name, "only the full tier sees data arrive")
	}
	share := ratio(float64(unstamped), float64(handshakes))
	return check(name, share <= allowedUnstamped, "%d waits for data whose arrival was not seen, in %d handshakes; "+
		"allowed %s", unstamped, handshakes, percent(allowedUnstamped))
}

const unsampled = "no CPU profile was taken by the observer"

func checkSamples(blocks []Observed) Check {
	const name = "samples"
	var taken, expected float64
	var lost int64
	for _, b := range blocks {
		if s := b.Account.Sampling; s != nil && s.Expected > 0 {
			taken, expected, lost = taken+float64(s.Samples), expected+s.Expected, lost+s.Lost
		}
	}
	if expected == 0 {
		return unknown(name, unsampled)
	}
	return sampledOnly(check(name, taken/expected >= fewestSamples, "%.0f of %.0f expected, %s; at least %s wanted; %d lost",
		taken, expected, percent(taken/expected), percent(fewestSamples), lost))
}

func checkRooted(blocks []Observed) Check {
	const name = "rooted stacks"
	var rooted, taken float64
	for _, b := range blocks {
		if s := b.Account.Sampling; s != nil {
			rooted, taken = rooted+float64(s.Rooted), taken+float64(s.Samples)
		}
	}
	if taken == 0 {
		return unknown(name, unsampled)
	}
	least := fewestRooted
	if shareOfC(blocks) > muchC {
		least = fewestRootedInC
	}
	return sampledOnly(check(name, rooted/taken >= least, "%s end where a goroutine or a thread begins; at least %s wanted",
		percent(rooted/taken), percent(least)))
}

// sampledOnly is a check whose failure touches nothing but what rests on samples.
func sampledOnly(c Check) Check {
	if c.State == Failed {
		c.State = Disturbed
		c.Detail += ": a doubt about the numbers marked ≈, and about no other"
	}
	return c
}

// shareOfC is the share of the samples that were taken in C code.
func shareOfC(blocks []Observed) float64 {
	var c, all float64
	for _, b := range blocks {
		for _, s := range b.Samples {
			all += float64(s.Count)
			if len(s.Stack) > 0 && s.Stack[0].Module == "c" {
				c += float64(s.Count)
			}
		}
	}
	return ratio(c, all)
}

func checkLittle(little float64) Check {
	if little == 0 {
		return unknown("Little's law", fmt.Sprintf("fewer than %d handshakes in windows", enoughForP99))
	}
	return check("Little's law", math.Abs(little-1) <= allowedLittle, "handshakes under way are %.3f times "+
		"rate x wall time; allowed %.2f to %.2f", little, 1-allowedLittle, 1+allowedLittle)
}

func checkSteal(blocks []Observed) Check {
	worst := -1.0
	for _, b := range blocks {
		worst = max(worst, b.Steal)
	}
	if worst < 0 {
		return unknown("steal", "not known for any block")
	}
	c := check("steal", worst <= allowedSteal,
		"%s of the CPUs' time went to other machines in the worst block, allowed %s: it is counted where it struck",
		percent(worst), percent(allowedSteal))
	if c.State == Failed { // the machine's doing, not the observer's
		c.State = Disturbed
	}
	return c
}

func percent(share float64) string { return fmt.Sprintf("%.3g %%", 100*share) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f s", d.Seconds()) }

func blocksOf(n int) string {
	if n == 1 {
		return "1 block"
	}
	return fmt.Sprintf("%d blocks", n)
}
