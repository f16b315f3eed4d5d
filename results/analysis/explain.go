package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis/attribution"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/profile"
)

// explain reads the accounts of the observed blocks.
func (a *Analysis) explain(b *results.Bundle, measured, observed []judged) error {
	if len(observed) == 0 {
		return nil
	}
	for _, cell := range b.Manifest.Cells {
		var baseline []attribution.Observed
		for i, variant := range cell.Variants {
			blocks, err := observedOf(b, blocksOf(observed, cell.Name, variant))
			if err != nil {
				return err
			}
			if len(blocks) == 0 {
				continue
			}
			a.Explanations = append(a.Explanations, Explanation{cell.Name, variant, attribution.Explain(blocks)})
			if i == 0 {
				baseline = blocks
			} else if len(baseline) > 0 {
				a.Differences = append(a.Differences, CellDifference{cell.Name, variant, attribution.Differ(baseline, blocks)})
			}
		}
	}
	a.Observer = observerEffects(b.Manifest, measured, observed)
	return a.recover(b)
}

// asAsked leaves out the blocks whose ledgers or shape are wrong: they saw something else than was asked.
func asAsked(blocks []judged) []judged {
	return slices.DeleteFunc(slices.Clone(blocks), func(j judged) bool {
		return slices.ContainsFunc(j.alarms(correctness), func(g Guard) bool { return g.Name == "ledgers" || g.Name == "shape" })
	})
}

// observedOf reads the accounts of some blocks.
func observedOf(b *results.Bundle, blocks []judged) (all []attribution.Observed, err error) {
	for _, j := range asAsked(blocks) {
		books, data, err := b.Observed(results.ObservedName(j.Index))
		if err != nil {
			return nil, err
		}
		one := attribution.Observed{
			Block: j.Index, Group: j.Group, Account: books, Steal: j.raw.System.Steal,
			Server: int64(j.Server.Completed + j.Server.Rejected), Client: int64(j.Client.Began),
		}
		if data != nil {
			if one.Samples, err = profile.Samples(data); err != nil {
				return nil, fmt.Errorf("profile of observed block %d: %w", j.Index, err)
			}
		}
		all = append(all, one)
	}
	return all, nil
}

// observerEffects compares observed blocks with their twins, group by group: of each variant, then of all together.
func observerEffects(m results.Manifest, measured, observed []judged) (effects []ObserverEffect) {
	layers := observerLayers(m)
	var every []float64
	for _, v := range m.Variants {
		var ratios []float64
		for _, cell := range m.Cells {
			ratios = append(ratios, twinRatios(blocksOf(measured, cell.Name, v.Name), blocksOf(observed, cell.Name, v.Name))...)
		}
		if r, _, ok := effect.Estimate(ratios, alpha); ok {
			effects = append(effects, ObserverEffect{Layers: layers, Variant: v.Name, Ratio: r, Pairs: len(ratios)})
		}
		every = append(every, ratios...)
	}
	if r, _, ok := effect.Estimate(every, alpha); ok && len(m.Variants) > 1 {
		effects = append(effects, ObserverEffect{Layers: layers, Ratio: r, Pairs: len(every)})
	}
	return effects
}

func observerLayers(m results.Manifest) string {
	switch {
	case m.Observer == nil:
		return ""
	case m.Observer.Tier == account.Runtime:
		return "execution trace"
	case len(m.Observer.Layers) == 0:
		return "all layers"
	}
	return strings.Join(m.Observer.Layers, ", ")
}

// twinRatios is the log-ratio of server CPU per handshake, observed to measured, of each group that has both.
func twinRatios(measured, observed []judged) (ratios []float64) {
	for _, g := range pairUp(asAsked(measured), asAsked(observed)) {
		plain, watched := serverCPU(g.baseline), serverCPU(g.candidate)
		if r, err := effect.LogRatio(plain, watched); err == nil {
			ratios = append(ratios, r)
		}
	}
	return ratios
}

func serverCPU(blocks []judged) (values []float64) {
	for _, j := range blocks {
		if v, ok := j.Values["server_cpu"]; ok {
			values = append(values, v)
		}
	}
	return values
}

// recover looks for the planted delays in the accounts of the handshakes that they were planted into.
func (a *Analysis) recover(b *results.Bundle) error {
	if b.Manifest.Observer == nil {
		return nil
	}
	for _, p := range b.Manifest.Observer.Plants {
		books, _, err := b.Observed(results.PlantsName(p.Component))
		if err != nil {
			return err
		}
		a.Plants = append(a.Plants, Recover(p, books))
	}
	return nil
}

// Recover looks for planted delays in the account of the handshakes that they were planted into.
func Recover(p results.Plants, books *account.Account) attribution.Recovery {
	found := attribution.Recover(plantsOf(p, books.Began), books.Handshakes, seenAs(p.Component, books.Tier))
	found.Component = p.Component
	return found
}

// seenAs is the class that a tier sees what was planted in another class as. Kernel time is planted by system calls that
// the runtime is not told of, so an execution trace does not know them from user time.
func seenAs(c account.Class, tier account.Tier) account.Class {
	if tier != account.Runtime {
		return c
	}
	switch c {
	case account.User, account.Kernel, account.RunQueue:
		return account.Running
	case account.Blocked:
		return account.InSyscall
	}
	return c
}

// plantsOf puts plants on the clock of the account that began at an instant.
func plantsOf(p results.Plants, began time.Duration) []attribution.Plant {
	all := make([]attribution.Plant, len(p.Planted))
	for i, one := range p.Planted {
		all[i] = attribution.Plant{Port: one.Port, Size: one.Size}
		if one.At > 0 {
			all[i].At = one.At - began
		}
	}
	return all
}
