package attribution

import (
	"slices"
	"time"

	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/profile"
)

// seed starts every resampling: the same accounts are always judged the same.
const seed = 20260711

// Explain judges the observed blocks of one variant in one cell. It needs no order of the blocks, and says little of
// few handshakes rather than nothing: what it could not judge is in [Explained.Gaps] or an unknown [Check].
func Explain(blocks []Observed) *Explained {
	return explain(blocks, seed, profile.Operation)
}

func explain(blocks []Observed, seed uint64, operation func(stack []string) string) *Explained {
	blocks = slices.DeleteFunc(slices.Clone(blocks), func(o Observed) bool { return o.Account == nil })
	e := &Explained{Blocks: len(blocks), Tier: tierOf(blocks), Phases: phasesOf(blocks)}
	all := collect(blocks)
	e.Handshakes, e.Failed, e.Length = len(all.done), all.failed, lengthOf(blocks)
	e.merge(blocks)

	counted := all.countSamples(operation)
	classes := classesOf(blocks)
	draws := resample(len(all.windows), blockLength(unitRanks(trackedOf(all.windows))), seed)
	e.Identity = identityOf(all, classes, draws)
	e.PhaseTimes = phaseTimes(all.done, len(e.Phases))
	e.Tail = tailOf(all, classes, draws, seed)
	e.Variance = varianceOf(all.done, classes)
	e.Grid, e.Tracked, e.Little = all.grid, all.tracked, all.little()
	e.Windows = all.published()
	e.Operations = operationsOf(counted, cpuPerHandshake(blocks))

	quantities := all.quantities(classes)
	var gap *account.Gap
	if e.Correlations, gap = correlate(all.windows, quantities, seed); gap != nil {
		e.Gaps = append(e.Gaps, *gap)
	}
	e.Episodes = episodesOf(all, quantities)
	e.Audit = audit(blocks, e)
	return e
}

// tierOf is the lowest tier among the blocks.
func tierOf(blocks []Observed) (tier account.Tier) {
	order := []account.Tier{account.Runtime, account.Partial, account.Full}
	lowest := len(order)
	for _, b := range blocks {
		if i := slices.Index(order, b.Account.Tier); i >= 0 && i < lowest {
			lowest, tier = i, order[i]
		}
	}
	return tier
}

// classesOf is what the observers of the blocks could tell apart, and whatever else has time.
func classesOf(blocks []Observed) (classes []account.Class) {
	var seen [account.Classes]bool
	for _, b := range blocks {
		for _, c := range visible(b.Account.Tier) {
			seen[c] = true
		}
		for i := range b.Account.Handshakes {
			for c, d := range b.Account.Handshakes[i].Time {
				seen[c] = seen[c] || d != 0
			}
		}
	}
	for c, yes := range seen {
		if yes {
			classes = append(classes, account.Class(c))
		}
	}
	return classes
}

func visible(t account.Tier) []account.Class {
	if t == account.Full {
		return []account.Class{account.User, account.Kernel, account.RunQueue, account.Blocked,
			account.Network, account.Goroutine, account.Runnable}
	}
	return []account.Class{account.Network, account.Goroutine, account.Runnable, account.Running, account.InSyscall}
}

func phasesOf(blocks []Observed) []string {
	for _, b := range blocks {
		if len(b.Account.Phases) > 0 {
			return b.Account.Phases
		}
	}
	return nil
}

func lengthOf(blocks []Observed) (sum time.Duration) {
	for _, b := range blocks {
		sum += b.Account.Length
	}
	return sum
}
