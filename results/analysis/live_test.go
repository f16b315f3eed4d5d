package analysis

import (
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/hist"
)

// A wait of zero was measured; a ratio of zeros there is not.
func TestNobodyWaited(t *testing.T) {
	b := standard().bundle()
	for i := range b.Blocks {
		b.Blocks[i].Server.Runtime.MutexWait = 0
	}
	a := analyse(t, b)
	if v, ok := a.Series[0].Values[lockWaits]; v != 0 || !ok {
		t.Errorf("got %v, %v, want a zero that was measured", v, ok)
	}
	if e := effectOn(t, a, lockWaits); e.Ratio != nil || e.Verdict != effect.Inconclusive || *e.Candidate.Value != 0 || !warned(e, "group 0: in some block nobody waited, and there is no ratio to or of zero") {
		t.Errorf("got %v, %s, %q", e.Ratio, e.Verdict, e.Warnings)
	}
	b.Blocks[0].Server.Runtime = server.Runtime{}
	if s := analyse(t, b).Series; len(s[0].Values)+len(s[1].Values) != 2*19-3 {
		t.Errorf("a runtime that was not read: got %v and %v", s[0].Values, s[1].Values)
	}
}

// Calls over live connections have no time of a handshake: nothing is zero, nothing is divided by it.
func TestLiveCells(t *testing.T) {
	m := standard()
	m.cells[0].Spec.Kind = handshake.Live
	b := m.bundle()
	for i := range b.Blocks {
		b.Blocks[i].Client.Handshake = hist.Histogram{}
	}
	a := analyse(t, b)
	if !a.Blocks[0].Valid || a.Summary.Exit != 0 {
		t.Errorf("got %v, %q", a.Blocks[0].Guards, a.Summary.Sentence)
	}
	for name := range a.Series[0].Values {
		if strings.HasPrefix(name, "handshake_") && name != "handshake_rate" {
			t.Errorf("%s is %v", name, a.Series[0].Values[name])
		}
	}
	for _, e := range a.Effects {
		if strings.HasPrefix(e.Metric, "handshake_") && e.Metric != "handshake_rate" {
			t.Errorf("%s is compared: %v %q", e.Metric, e.Ratio, e.Warnings)
		}
	}
	if _, detail := check("handshake_p99 < 10ms", placesOf(b.Manifest, a.Series, nil)); !strings.Contains(detail, "calls over live connections") {
		t.Errorf("got %q", detail)
	}
}
