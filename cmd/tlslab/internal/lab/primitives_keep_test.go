package lab

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
)

// keeping is a run that is to keep primitives, of sources that have none to time.
func keeping(t *testing.T) (*Run, *results.Writer) {
	t.Helper()
	r := laboratory(t)
	r.plan.Primitives = true
	builder, err := variant.NewBuilder()
	if err != nil {
		t.Fatal(err)
	}
	builder.Cache = t.TempDir()
	r.lab.Builder = builder
	r.plan.Variants[0].Build.Source.Path = t.TempDir()
	r.Manifest.Variants = []results.Variant{{Name: "std", Baseline: true}}
	w, err := results.Create(t.TempDir(), r.Manifest)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return r, w
}

func TestKeepPrimitives(t *testing.T) {
	r, w := keeping(t)
	if err := r.keepPrimitives(t.Context(), w); err != nil || w.HasPrimitives() {
		t.Errorf("got %v, kept %v, want a gap", err, w.HasPrimitives())
	}
	if len(r.Manifest.Gaps) != 1 || !strings.Contains(r.Manifest.Gaps[0].Reason, "build the primitives of std") || r.Manifest.Gaps[0].Hint == "" {
		t.Errorf("got gaps %+v, want that the sources have none", r.Manifest.Gaps)
	}

	interrupted, cancel := context.WithCancelCause(t.Context())
	cancel(errors.New("enough"))
	if err := r.keepPrimitives(interrupted, w); err == nil || err.Error() != "enough" || len(r.Manifest.Gaps) != 1 {
		t.Errorf("got %v and %d gaps, want the interruption", err, len(r.Manifest.Gaps))
	}
}

// What is there, or not wanted, is not timed: it would be a gap here.
func TestKeepPrimitivesOnce(t *testing.T) {
	r, w := keeping(t)
	kept := results.Primitives{Groups: 1, Operations: []results.Operation{{Name: "aes", Times: map[string][][]float64{"std": {{1}}}}}}
	if err := w.Primitives(kept); err != nil {
		t.Fatal(err)
	}
	if err := r.keepPrimitives(t.Context(), w); err != nil || len(r.Manifest.Gaps) != 0 || !w.HasPrimitives() {
		t.Errorf("timed again: %v, gaps %+v", err, r.Manifest.Gaps)
	}
	r, w = keeping(t)
	r.plan.Primitives = false
	if err := r.keepPrimitives(t.Context(), w); err != nil || len(r.Manifest.Gaps) != 0 {
		t.Errorf("timed unasked: %v, gaps %+v", err, r.Manifest.Gaps)
	}
}
