package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
)

// lintScorecard refuses a scorecard that no variant could be put through.
func (d *decoder) lintScorecard(s *Scenario) {
	switch {
	case s.Scorecard == nil:
	case !slices.ContainsFunc(s.Variants, Variant.reloads):
		d.add(s.scorecardAt, "set server: {reload: {strategy: reference}}", "a scorecard is of reload strategies, and no variant has one")
	case s.Scorecard.Crash && !slices.ContainsFunc(s.Variants, Variant.comesBack):
		d.add(s.scorecardAt, "add a variant with a command strategy or reference, or leave crash out",
			"no variant has a strategy that comes back after a crash")
	}
}

// Carded are the variants that the scorecard is about: those with a reload strategy, and of those that differ in what
// disturbs their blocks alone the last, for the baseline is often the calm one.
func (p *Plan) Carded() (all []Variant) {
	for i, v := range p.Variants {
		again := slices.ContainsFunc(p.Variants[i+1:], v.reloadsAs)
		if p.Scorecard != nil && v.reloads() && !again {
			all = append(all, v)
		}
	}
	return all
}

// reloadsAs says whether nothing that a scorecard sees differs between two variants that reload.
func (v Variant) reloadsAs(w Variant) bool {
	return v.reloads() && w.reloads() && *v.Server.Reload == *w.Server.Reload &&
		maps.Equal(v.Env, w.Env) && fmt.Sprintf("%#v", v.Build) == fmt.Sprintf("%#v", w.Build)
}

const (
	trialTime  = 3 * time.Second        // of an injection whose generations are adopted at once
	adoptions  = 2                      // in a trial
	crashTime  = 400 * time.Millisecond // of one crash
	crashCells = 112                    // point x how x state of the files
	rotateTime = 5 * time.Millisecond   // to write a generation and to see it

	slowRotation  = 50 * time.Millisecond // above it a strategy gets fewer rotations
	slowRotations = 30 * time.Second      // as many as fit into this
	fewRotations  = 20                    // and these
)

// scorecardTime is about how long the scorecards of all variants take.
func (p *Plan) scorecardTime() (total time.Duration) {
	for _, v := range p.Carded() {
		takes := adoption(*v.Server.Reload)
		sideBySide := time.Duration(len(p.Scorecard.Injections)) * (trialTime + adoptions*takes)
		if p.Scorecard.Crash && v.comesBack() {
			sideBySide += crashCells * crashTime
		}
		total += sideBySide/time.Duration(p.Scorecard.AtOnce) + rotating(p.Scorecard.Rotations, takes+rotateTime)
	}
	return total
}

// rotating is about how long so many rotations take in a row.
func rotating(rotations int, each time.Duration) time.Duration {
	all := time.Duration(rotations) * each
	if each <= slowRotation {
		return all
	}
	return min(all, fewRotations*each+slowRotations)
}

// adoption is about how long a strategy takes to adopt what is in its files.
func adoption(r reload.Settings) time.Duration {
	switch r.Strategy {
	case reload.Static:
		return 6 * time.Second // that a trial waits for what never comes
	case reload.NotifyDescribed:
		return cmp.Or(r.Debounce, 500*time.Millisecond)
	case reload.NotifyShipped:
		return 1600*time.Millisecond + cmp.Or(r.Debounce, 500*time.Millisecond)
	case reload.PollDescribed:
		return cmp.Or(r.Interval, time.Second) / 2
	case reload.Reference:
		return cmp.Or(r.Debounce, 20*time.Millisecond)
	}
	return 0 // when it is told, or in the next handshake
}
