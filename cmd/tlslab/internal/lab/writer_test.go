package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/scenarios"
)

// one measures a block of the run's only variant, whatever its server is.
func (r *Run) one(t *testing.T) (results.Block, error) {
	t.Helper()
	p, err := r.start(t.Context(), r.plan.Variants[0], r.plan.Cells[0].Spec)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(context.WithoutCancel(t.Context()))
	s, err := r.equip(t.Context(), scenarios.Block{Variant: "std"}, p, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer s.generator.stop()
	err = s.measure(t.Context())
	return s.block, err
}

// shelves makes a directory the one for temporary files, and checks in the end that nothing was left there.
func shelves(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("left behind: %v, %v", left, err)
		}
	})
}

const loaded = "load: {loop: open, length: 1s, workers: 4, arrival: {rate: 200/s}}\n"

// A block whose certificates rotate shows growing generations, and loses no handshake to that.
func TestRotations(t *testing.T) {
	for _, tt := range []struct{ strategy, by, more string }{
		{"reference", "open-descriptor", ""},
		{"poll-shipped", "rename", ""},
		{"command-boot", "symlink-swap", ""},
		{"command-unchecked", "hard-link", "cells: {mutual: true}\n"},
	} {
		t.Run(tt.strategy, func(t *testing.T) {
			shelves(t)
			r := laboratoryOf(t, fmt.Sprintf("server: {reload: {strategy: %s}}\ndisturb: [{rotate: {every: 50ms, by: %s}}]\n", tt.strategy, tt.by)+loaded+tt.more)
			b, err := r.one(t)
			if err != nil {
				t.Fatal(err)
			}
			checkRotations(t, b, rotation.Method(tt.by))
			if l := b.Client.Ledger; l.Confirmed == 0 || l.Confirmed != l.Began || l.Mismatched != 0 || b.Server.Ledger.Completed != l.Confirmed {
				t.Errorf("the client's ledger has %+v, the server's %+v", l, b.Server.Ledger)
			}
		})
	}
}

// checkRotations checks what is true of every block whose certificates rotate in order. How many generations are
// adopted in time is the machine's doing as much as the strategy's.
func checkRotations(t *testing.T, b results.Block, by rotation.Method) {
	t.Helper()
	if n := len(b.Rotations); n < 10 {
		t.Fatalf("%d rotations", n)
	}
	last := b.Client.Began
	for i, r := range b.Rotations {
		if r.Generation != uint64(i+2) || r.By != by || r.Began < last || r.At < r.Began {
			t.Errorf("rotation %d after %v: %+v", i, last, r)
		}
		last = r.At
	}
	newest := b.Rotations[len(b.Rotations)-1].Generation
	shown := b.Client.Generations
	if len(shown) < 5 || shown[0].Number != 1 || shown[len(shown)-1].Number > newest {
		t.Errorf("generations up to %d were put in place, shown were %+v", newest, shown)
	}
	if r := b.Server.Reload; r == nil || r.Generation < shown[len(shown)-1].Number || len(r.Published) < len(shown)-1 || r.Reloads["ok"] != uint64(len(r.Published)) {
		t.Errorf("shown were %+v, the server's book has %+v", shown, r)
	}
	if len(b.Client.Timeline) == 0 {
		t.Error("there is no timeline")
	}
}

// What is injected begins when it is due, and goes on while the load lasts.
func TestInjectionIntoBlock(t *testing.T) {
	shelves(t)
	r := laboratoryOf(t, "server: {reload: {strategy: poll-shipped}}\ndisturb: [{inject: storm-100hz, at: 300ms}]\n"+loaded)
	b, err := r.one(t)
	if err != nil {
		t.Fatal(err)
	}
	checkRotations(t, b, rotation.Rename)
	if first := b.Rotations[0]; first.Began-b.Client.Began < 250*time.Millisecond || first.Want != rotation.Any {
		t.Errorf("the load began at %v, the first of %d rotations is %+v", b.Client.Began, len(b.Rotations), first)
	}
}

// A server that refuses to reload goes on with what it has; its books say so.
func TestRefusedReload(t *testing.T) {
	shelves(t)
	r := laboratoryOf(t, "server: {reload: {strategy: command-boot}}\ndisturb: [{inject: torn-key, at: 100ms}]\n"+loaded)
	b, err := r.one(t)
	if err != nil {
		t.Fatal(err)
	}
	if l := b.Client.Ledger; len(b.Rotations) != 1 || len(b.Client.Generations) != 1 || l.Confirmed != l.Began {
		t.Errorf("rotations %+v, generations %+v, ledger %+v", b.Rotations, b.Client.Generations, l)
	}
	if got := b.Server.Reload; got.Generation != 1 || len(got.Reloads) != 1 || got.Failing == "" {
		t.Errorf("the server's book has %+v", got)
	}
}

// A variant that does not reload has nothing of all that.
func TestBlockWithoutReload(t *testing.T) {
	shelves(t)
	b, err := laboratoryOf(t, "load: {loop: closed, workers: 1, handshakes: 20}").one(t)
	if err != nil {
		t.Fatal(err)
	}
	if b.Rotations != nil || b.Server.Reload != nil || b.Client.Generations != nil || b.Client.Timeline != nil || b.Client.Began == 0 {
		t.Errorf("the block has %+v", b)
	}
}

// Steps that fail end the block, and say which.
func TestChangeThatFails(t *testing.T) {
	lost := errors.New("lost")
	w := &writer{by: rotation.Rename, changes: func(yield func(change, error) bool) {
		yield(change{generation: 7, steps: []rotation.Step{{Name: "rename tls.crt", Do: func() error { return lost }}}}, nil)
	}}
	failed := make(chan error, 1)
	end := w.begin(t.Context(), func(err error) { failed <- err })
	if got := <-failed; !errors.Is(got, lost) || got.Error() != "change the certificates: generation 7: rename tls.crt: lost" {
		t.Errorf("got %v", got)
	}
	if all := end(); len(all) != 0 {
		t.Errorf("it was written down: %+v", all)
	}
}

// Moves that put one generation in place are one rotation, and each waits as long as the one before it asks.
func TestMovesOfOneGeneration(t *testing.T) {
	none := []rotation.Step{}
	w := &writer{by: rotation.InPlace, clock: handshake.NewClock(), changes: func(yield func(change, error) bool) {
		for _, c := range []change{
			{generation: 2, steps: none, want: rotation.Keep, hold: 20 * time.Millisecond},
			{generation: 2, steps: none}, {generation: 3, steps: none, want: rotation.Any},
		} {
			if !yield(c, nil) {
				return
			}
		}
	}}
	if err := w.write(t.Context(), t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(w.written) != 2 || w.written[0].At-w.written[0].Began < 20*time.Millisecond || w.written[0].Want != "" || w.written[1].Want != rotation.Any {
		t.Errorf("got %+v", w.written)
	}
}
