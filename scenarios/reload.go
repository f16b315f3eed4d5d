package scenarios

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/loadgen"
)

// reloads says whether a variant's certificates are files that may change.
func (v Variant) reloads() bool { return v.Server.Reload != nil }

// comesBack says whether a variant's strategy is about crashes, too: it has a parent, or keeps a state.
func (v Variant) comesBack() bool {
	return v.reloads() && slices.Contains([]string{
		reload.CommandBoot, reload.CommandUnchecked, reload.CommandCommitted, reload.Reference,
	}, v.Server.Reload.Strategy)
}

// shareDisturb gives the scenario's disturbances to the variants that can be disturbed and have none of their own.
func (s *Scenario) shareDisturb() {
	for i := range s.Variants {
		if v := &s.Variants[i]; v.disturbAt == (position{}) && v.reloads() {
			v.Disturb = slices.Clone(s.disturb)
		}
	}
}

// lintReload refuses a variant whose certificates would not be what it asks for.
func (d *decoder) lintReload(v Variant) {
	if v.reloads() && v.Server.Accel != "" && v.Server.Accel != "std" {
		d.add(v.at, "set accel: std, or leave reload out",
			"variant %q: accel %s signs with one key for life, and reload changes keys", v.Name, v.Server.Accel)
	}
	if !v.reloads() && len(v.Disturb) > 0 {
		d.add(v.disturbAt, "set server: {reload: {strategy: reference}}, or static for one that never adopts",
			"variant %q is disturbed, but its certificates are no files that could change", v.Name)
	}
}

// lintDisturb refuses disturbances that nobody meets.
func (d *decoder) lintDisturb(s *Scenario) {
	if s.disturb != nil && !slices.ContainsFunc(s.Variants, Variant.reloads) {
		d.add(s.disturbAt, "set server: {reload: {strategy: reference}}", "no variant has certificates that could change")
	}
	for _, v := range s.Variants {
		place := v.disturbAt
		if place == (position{}) {
			place = s.disturbAt
		}
		for _, one := range v.Disturb {
			for _, l := range s.Loads {
				if length := l.Length + scheduled(l); l.Handshakes == 0 && max(one.Every, one.At) >= length {
					d.add(place, "lengthen the load", "%s never comes: a block lasts %s", disturbWords([]rotation.Disturbance{one}), length)
				}
			}
		}
	}
}

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

// warnDisturb names closed loops around servers whose certificates change: they do not charge a stall to those who
// would have come meanwhile.
func (p *Plan) warnDisturb() {
	for _, c := range p.Cells {
		for _, v := range p.Variants {
			if c.Load.Loop == loadgen.Closed && len(v.Disturb) > 0 && slices.Contains(c.Variants, v.Name) {
				p.doubt("certificates of %s change under a closed loop, which asks for fewer handshakes while one is held up: "+
					"what a rotation costs in response time needs loop: open", v.Name)
				return
			}
		}
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
