package reports_test

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/hist"
)

// Calls over live connections have no time of a handshake: no report shows a zero for it, or a number that is none.
func TestLiveCells(t *testing.T) {
	a := build([]handshake.Spec{{Kind: handshake.Live, Group: handshake.X25519, Signature: handshake.ECDSAP256}}, []string{"std", "boringcrypto"}, 7)
	timed := func(name string) bool { return strings.HasPrefix(name, "handshake_") && name != "handshake_rate" }
	for i := range a.Series {
		a.Series[i].Handshake = hist.Histogram{}
		for name := range a.Series[i].Values {
			if timed(name) {
				delete(a.Series[i].Values, name)
			}
		}
	}
	a.Effects = slices.DeleteFunc(a.Effects, func(e analysis.Effect) bool { return timed(e.Metric) })
	for _, b := range a.Blocks {
		for name := range b.Values {
			if timed(name) {
				delete(b.Values, name)
			}
		}
	}
	for name, write := range writers(reports.New(a, reports.Standard()...)) {
		text := render(t, write)
		for _, not := range []string{"NaN", "Inf"} {
			if bytes.Contains(text, []byte(not)) {
				at := bytes.Index(text, []byte(not))
				t.Errorf("%s says %q: ...%s", name, not, text[max(0, at-200):at+20])
			}
		}
	}
	if l := decode(t, a).Series[0].Latency; l.Handshake != nil || l.Service == nil {
		t.Errorf("got %+v", l)
	}
}
