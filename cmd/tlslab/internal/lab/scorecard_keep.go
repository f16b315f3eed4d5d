package lab

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/results"
)

// keepScorecard puts the variants that reload through the catalogue of injections before the first block, unless an
// earlier, interrupted try has. What it finds are defects, never errors.
func (r *Run) keepScorecard(ctx context.Context, w *results.Writer) error {
	if r.plan.Scorecard == nil || w.HasScorecard() {
		return nil
	}
	asked := r.plan.Scorecard
	cards, err := scorecard.Run(ctx, r.targets(), scorecard.Options{
		Injections: asked.Injections, Rotations: asked.Rotations, Crash: asked.Crash, Memory: asked.Memory,
		AtOnce: asked.AtOnce, Seed: r.plan.Seed,
		Progress: func(p scorecard.Progress) {
			r.lab.Speak(fmt.Sprintf("scorecard of %s: %s (%d of %d)", p.Target, p.Doing, p.Done+1, p.Of))
		},
	})
	if err != nil {
		return fmt.Errorf("scorecard: %w", err)
	}
	return w.Scorecard(results.Scorecard{Cards: cards})
}

// targets are the servers of the variants that reload, each run by itself.
func (r *Run) targets() (all []scorecard.Target) {
	for _, v := range r.plan.Carded() {
		t := scorecard.Standalone(r.binaries[v.Name].Path, v.Name, *v.Server.Reload)
		for _, name := range slices.Sorted(maps.Keys(v.Env)) {
			t.Env = append(t.Env, name+"="+v.Env[name])
		}
		all = append(all, t)
	}
	return all
}
