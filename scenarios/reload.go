package scenarios

import (
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
		for _, l := range s.Loads {
			if length := l.Length + scheduled(l); l.Handshakes == 0 && late(v.Disturb, length) {
				d.add(place, "lengthen the load", "%s never comes: a block lasts %s", disturbWords(v.Disturb), length)
			}
		}
	}
}

// late says whether a disturbance comes only after a block has ended.
func late(all []rotation.Disturbance, length time.Duration) bool {
	return slices.ContainsFunc(all, func(one rotation.Disturbance) bool { return max(one.Every, one.At) >= length })
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
