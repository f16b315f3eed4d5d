package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"

	"github.com/tlslab/tlslab/accel/p384"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
)

// reloading is a reload strategy at work.
type reloading struct {
	reload.Strategy
	book   *reload.Book
	clock  handshake.Clock
	before reload.Ledger          // when the stretch began
	gone   atomic.Pointer[string] // why it follows the files no more
}

// reloading opens the strategy that the settings ask for and makes config serve it. The leaf is that of the first
// generation: later ones have another, for the same signature scheme.
func (s Settings) reloading(config *tls.Config, clock handshake.Clock) (*reloading, *x509.Certificate, error) {
	switch {
	case s.Accel != "" && s.Accel != string(p384.Std):
		return nil, nil, fmt.Errorf("accel %s: it signs with one key, and reload changes keys", s.Accel)
	case s.Mutual && s.Reload.Files.Authorities == "":
		return nil, nil, errors.New("mutual: no file of certificate authorities for clients")
	}
	r := &reloading{book: &reload.Book{}, clock: clock}
	var err error
	if r.Strategy, err = reload.Open(reload.Options{Settings: *s.Reload, Book: r.book, Dress: phased}); err != nil {
		return nil, nil, fmt.Errorf("reload: %w", err)
	}
	first, err := r.Identity()
	if err != nil {
		return nil, nil, fmt.Errorf("reload: %w", err)
	}
	reload.Apply(config, r.Strategy)
	return r, first.Certificate.Leaf, nil
}

// run follows the files until ctx ends. A strategy that dies before is no reason for the server to: what is served
// then is what is measured.
func (r *reloading) run(ctx context.Context) {
	if err := r.Run(ctx); err != nil && ctx.Err() == nil {
		why := "follows the files no more: " + Reason(err)
		r.gone.Store(&why)
	}
}

// command tells the strategy to reload.
func (r *reloading) command() error {
	if r == nil {
		return errors.New("certificates do not change")
	}
	commanded, ok := r.Strategy.(reload.Commanded)
	if !ok {
		return errors.New("the strategy takes no commands")
	}
	return commanded.Reload()
}

func (r *reloading) begin() {
	if r != nil {
		r.before = r.book.Ledger()
		r.book.Harvest()
	}
}

// end is what the strategy did since begin.
func (r *reloading) end() *Reload {
	if r == nil {
		return nil
	}
	now := r.book.Ledger()
	did := &Reload{
		Generation: now.Generation, Epoch: now.Epoch, NotAfter: now.NotAfter, Failing: now.Failing,
		Reloads: map[string]uint64{}, Events: more(now.Events, r.before.Events),
	}
	for outcome, n := range more(now.Reloads, r.before.Reloads) {
		did.Reloads[words(outcome)] = n
	}
	if why := r.gone.Load(); why != nil {
		did.Failing = *why
	}
	for _, p := range r.book.Harvest() {
		did.Published = append(did.Published, Published{p.Generation, r.clock.When(p.At), p.Took})
	}
	return did
}

func words(o reload.Outcome) string {
	if o.Reason == "" {
		return string(o.Result)
	}
	return string(o.Result) + ": " + o.Reason
}

// more is what counters gained.
func more[K comparable](now, before map[K]uint64) map[K]uint64 {
	gain := maps.Clone(now)
	for k, n := range before {
		gain[k] -= n
	}
	maps.DeleteFunc(gain, func(_ K, n uint64) bool { return n == 0 })
	return gain
}
