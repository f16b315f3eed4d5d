package analysis

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/hist"
	"github.com/tlslab/tlslab/results/metric"
)

// tallies are how handshakes ended, over all blocks. One line for each of [metric.Tallies].
var tallies = map[string]func(*handshake.ClientLedger) uint64{
	"began":       func(l *handshake.ClientLedger) uint64 { return l.Began },
	"connected":   func(l *handshake.ClientLedger) uint64 { return l.Connected },
	"confirmed":   func(l *handshake.ClientLedger) uint64 { return l.Confirmed },
	"unconfirmed": func(l *handshake.ClientLedger) uint64 { return l.Unconfirmed },
	"failed":      func(l *handshake.ClientLedger) uint64 { return l.Failed },
	"mismatched":  func(l *handshake.ClientLedger) uint64 { return l.Mismatched },
}

// distributions are in nanoseconds. One line for each of [metric.Times].
var distributions = map[string]func(*Series) *hist.Histogram{
	"handshake": func(s *Series) *hist.Histogram { return &s.Handshake },
	"service":   func(s *Series) *hist.Histogram { return &s.Service },
	"response":  func(s *Series) *hist.Histogram { return &s.Response },
	"lateness":  func(s *Series) *hist.Histogram { return &s.Lateness },
}

// read is a term in one series. The error says why there is no number.
func (p place) read(t metric.Term) (float64, error) {
	if tally, ok := tallies[t.Metric]; ok {
		return p.tally(t, tally(&p.Client))
	}
	if v, ok := p.counted(t.Metric); ok {
		return v, nil
	}
	if err := p.doubt(t); err != nil {
		return 0, err
	}
	if of, ok := distributions[t.Metric]; ok {
		return p.time(t, of(p.Series))
	}
	if v, ok := p.Values[t.Metric]; ok {
		return v, nil
	}
	return 0, p.absence(t.Metric)
}

func (p place) tally(t metric.Term, n uint64) (float64, error) {
	switch {
	case p.Client.Began == 0:
		return 0, errors.New("no handshake began")
	case t.Aggregate == "rate":
		return float64(n) / float64(p.Client.Began), nil
	}
	return float64(n), nil
}

func (p place) counted(metric string) (v float64, ok bool) {
	if p.counts == nil {
		return 0, false
	}
	v, ok = p.counts.Values()[metric]
	return v, ok
}

// doubt says why no timed metric of a series can be believed.
func (p place) doubt(t metric.Term) error {
	m, _ := metric.ByName(t.Metric)
	counted := slices.Contains(metric.Counted(), m)
	paced := t.Aggregate != "" || m.Family == metric.Rate || m.Family == metric.Latency
	switch {
	case counted:
		return errors.New("not counted: see the gaps")
	case p.Valid == 0:
		return fmt.Errorf("no valid block among %d", p.Blocks)
	case paced && p.ClientBound:
		return errors.New("client-bound: the pace is the generator's, give it more CPUs")
	}
	return nil
}

// time is in seconds.
func (p place) time(t metric.Term, h *hist.Histogram) (float64, error) {
	need := uint64(1)
	if t.Aggregate == "p" || t.Aggregate == "med" {
		need = max(support(t.Quantile), support(1-t.Quantile))
	}
	switch {
	case h.Count() == 0:
		return 0, errNoHandshakes
	case h.Count() < need:
		return 0, &thin{need, h.Count()}
	case t.Aggregate == "avg":
		return h.Mean() / 1e9, nil
	}
	return float64(h.Quantile(t.Quantile)) / 1e9, nil
}

// absence says why a series has no value.
func (p place) absence(metric string) error {
	_, err := measureOf(metric, &results.Block{
		Client: loadgen.Result{Ledger: p.Client, Handshake: p.Handshake, Service: p.Service, Response: p.Response},
		Server: server.Report{Ledger: p.Server},
	})
	return cmp.Or(err, errNotMeasured)
}
