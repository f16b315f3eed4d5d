package lab

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/results"
)

// carding is a run that is to keep a scorecard, of a server that does not start.
func carding(t *testing.T) (*Run, *results.Writer) {
	t.Helper()
	shelves(t)
	r := laboratoryOf(t, "server: {reload: {strategy: static}}\nscorecard: {injections: [rename]}\nload: {loop: closed, workers: 1}")
	r.binaries["std"].Path = "/nonexistent/server"
	v := r.plan.Variants[0]
	r.Manifest.Variants = []results.Variant{{Name: "std", Baseline: true, Reload: v.Server.Reload}}
	w, err := results.Create(t.TempDir(), r.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return r, w
}

func TestKeepScorecard(t *testing.T) {
	r, w := carding(t)
	if err := r.keepScorecard(t.Context(), w); err == nil || !strings.Contains(err.Error(), "scorecard: ") || w.HasScorecard() {
		t.Errorf("a server that does not start: %v, kept %t", err, w.HasScorecard())
	}
	interrupted, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if err := r.keepScorecard(interrupted, w); err == nil || !strings.Contains(err.Error(), "enough") || w.HasScorecard() {
		t.Errorf("interrupted: %v, kept %t", err, w.HasScorecard())
	}
}

// What is there, or not wanted, is not done: it would be an error here.
func TestKeepScorecardOnce(t *testing.T) {
	r, w := carding(t)
	if err := w.Scorecard(results.Scorecard{Cards: []scorecard.Card{{Target: "std"}}}); err != nil {
		t.Fatal(err)
	}
	if err := r.keepScorecard(t.Context(), w); err != nil {
		t.Errorf("done again: %v", err)
	}
	r, w = carding(t)
	r.plan.Scorecard = nil
	if err := r.keepScorecard(t.Context(), w); err != nil || w.HasScorecard() {
		t.Errorf("done unasked: %v, kept %t", err, w.HasScorecard())
	}
}

// A target has the environment and the strategy of its variant.
func TestTargets(t *testing.T) {
	r, _ := carding(t)
	targets := r.targets()
	if len(targets) != 1 {
		t.Fatalf("got %+v", targets)
	}
	one := targets[0]
	if one.Name != "std" || one.Command[0] != "/nonexistent/server" || !slices.Contains(one.Command, "static") || !slices.Equal(one.Env, []string{"SERVE=yes"}) {
		t.Errorf("got %+v", one)
	}
}
