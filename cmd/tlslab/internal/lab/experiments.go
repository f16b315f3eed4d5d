package lab

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/experiment/edge"
	"github.com/tlslab/tlslab/handshake/experiment/identity"
	"github.com/tlslab/tlslab/handshake/experiment/reloads"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
)

// Experiments are all that the lab can make.
func Experiments() []experiment.Experiment {
	return slices.Concat(identity.All(), edge.All(), reloads.All())
}

// keepExperiments makes the plan's experiments before the first block, unless an earlier, interrupted try has. One that
// breaks is kept with the reason, so that the others are not lost.
func (r *Run) keepExperiments(ctx context.Context, w *results.Writer) error {
	if len(r.plan.Experiments) == 0 || w.HasExperiments() {
		return nil
	}
	var kept results.Experiments
	for i, name := range r.plan.Experiments {
		at := slices.IndexFunc(Experiments(), func(e experiment.Experiment) bool { return e.Name == name })
		if at < 0 {
			return fmt.Errorf("unknown experiment %q", name)
		}
		e := Experiments()[at]
		r.lab.Speak(fmt.Sprintf("experiment %s: %s (%d of %d, about %v)", e.Name, e.Title, i+1, len(r.plan.Experiments), e.Takes))
		result, err := r.lab.Make(ctx, e, r.plan.Seed)
		if err != nil {
			return err
		}
		kept.Results = append(kept.Results, result)
	}
	return w.Experiments(kept)
}

// Make makes one experiment. The error is the end of ctx, or of the machine; an experiment that breaks has the reason in
// its result.
func (l *Lab) Make(ctx context.Context, e experiment.Experiment, seed uint64) (experiment.Result, error) {
	result := experiment.Result{Name: e.Name, Title: e.Title, Doc: e.Doc}
	dir, err := os.MkdirTemp("", "tlslab-")
	if err != nil {
		return result, err
	}
	defer os.RemoveAll(dir)
	began := time.Now()
	arms, err := e.Run(ctx, experiment.Bench{
		Dir: dir, Seed: seed, Agent: l.Agent, Speak: l.Speak,
		Server: func(ctx context.Context, app string) (string, error) {
			binary, err := l.Builder.Build(ctx, variant.Build{}, app)
			if err != nil {
				return "", err
			}
			return binary.Path, nil
		},
	})
	result.Took = time.Since(began)
	switch {
	case ctx.Err() != nil:
		return result, context.Cause(ctx)
	case err != nil:
		result.Skipped = "it broke: " + err.Error()
		l.Speak(fmt.Sprintf("experiment %s broke: %v", e.Name, err))
	default:
		result.Arms = arms
	}
	return result, nil
}
