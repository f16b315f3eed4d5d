package analysis

import (
	"errors"
	"fmt"
	"math"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/hist"
	"github.com/tlslab/tlslab/results/metric"
)

// measure reads one metric off a block, in the metric's unit. The error says why there is no number.
type measure func(*results.Block) (float64, error)

// One line for each metric of package metric.
var measures = map[string]measure{
	"server_cpu":         perCompleted(func(b *results.Block) float64 { return seconds(b.Server.CPU) }),
	"client_cpu":         perConfirmed(func(b *results.Block) float64 { return seconds(b.Client.CPU) }),
	"server_allocs":      perCompleted(func(b *results.Block) float64 { return float64(b.Server.Runtime.AllocObjects) }),
	"server_alloc_bytes": perCompleted(func(b *results.Block) float64 { return float64(b.Server.Runtime.AllocBytes) }),
	"wire_bytes":         perConfirmed(func(b *results.Block) float64 { return float64(b.Client.BytesIn + b.Client.BytesOut) }),
	"handshake_rate":     handshakeRate,
	"handshake_p50":      quantile(0.50, handshakeTimes),
	"handshake_p90":      quantile(0.90, handshakeTimes),
	"handshake_p99":      quantile(0.99, handshakeTimes),
	"handshake_max":      quantile(1, handshakeTimes),
	"service_p50":        quantile(0.50, serviceTimes),
	"service_p90":        quantile(0.90, serviceTimes),
	"service_p99":        quantile(0.99, serviceTimes),
	"service_max":        quantile(1, serviceTimes),
	"response_p50":       quantile(0.50, responseTimes),
	"response_p90":       quantile(0.90, responseTimes),
	"response_p99":       quantile(0.99, responseTimes),
	"response_max":       quantile(1, responseTimes),
	"lock_wait":          lockWait,
	"tls_share":          func(*results.Block) (float64, error) { return 0, errNotProfiled }, // a profile is no part of a block: see [judged.measure]
}

// Metrics that are not like the others.
const (
	lockWaits = "lock_wait" // may be zero
	tlsShare  = "tls_share" // is read off a profile
)

var (
	errNoHandshakes = errors.New("no handshake was confirmed")
	errNotMeasured  = errors.New("not measured")
	errNotProfiled  = fmt.Errorf("%w: no CPU profile: instruments: {pprof: true}", errNotMeasured)
	errNoHandshake  = fmt.Errorf("%w: these are calls over live connections, not handshakes", errNotMeasured)
)

// thin is the error of a percentile that the sample does not support.
type thin struct{ need, had uint64 }

func (t *thin) Error() string { return fmt.Sprintf("needs %d handshakes, had %d", t.need, t.had) }

// valuesOf are the metrics that a block supports.
func valuesOf(b *results.Block) map[string]float64 {
	values := map[string]float64{}
	for _, m := range metric.All() {
		if v, err := measureOf(m.Name, b); err == nil {
			values[m.Name] = v
		}
	}
	return values
}

func measureOf(name string, b *results.Block) (float64, error) {
	of, ok := measures[name]
	if !ok {
		return 0, errNotMeasured
	}
	return of(b)
}

// measure is measureOf of a block that may have a profile.
func (j judged) measure(name string) (float64, error) {
	if share, ok := j.time.TLSShare(); ok && name == tlsShare {
		return share, nil
	}
	return measureOf(name, j.raw)
}

// lockWait may be zero: nobody waited. A server that read nothing of its runtime did not measure it.
func lockWait(b *results.Block) (float64, error) {
	switch r := b.Server.Runtime; {
	case b.Server.Ledger.Completed == 0:
		return 0, errNoHandshakes
	case r == server.Runtime{} || r.MutexWait < 0:
		return 0, errNotMeasured
	default:
		return r.MutexWait.Seconds() / float64(b.Server.Ledger.Completed), nil
	}
}

func seconds(c handshake.CPU) float64 { return c.Total().Seconds() }

func perCompleted(total func(*results.Block) float64) measure {
	return func(b *results.Block) (float64, error) { return ratio(total(b), b.Server.Ledger.Completed) }
}

func perConfirmed(total func(*results.Block) float64) measure {
	return func(b *results.Block) (float64, error) { return ratio(total(b), b.Client.Ledger.Confirmed) }
}

// A total of zero is a counter that was not read: no handshake is free.
func ratio(total float64, handshakes uint64) (float64, error) {
	if handshakes == 0 {
		return 0, errNoHandshakes
	}
	if total <= 0 {
		return 0, errNotMeasured
	}
	return total / float64(handshakes), nil
}

func handshakeRate(b *results.Block) (float64, error) {
	if b.Client.Ledger.Confirmed == 0 {
		return 0, errNoHandshakes
	}
	if b.Client.Wall <= 0 {
		return 0, errNotMeasured
	}
	return float64(b.Client.Ledger.Confirmed) / b.Client.Wall.Seconds(), nil
}

func handshakeTimes(r *loadgen.Result) *hist.Histogram { return &r.Handshake }
func serviceTimes(r *loadgen.Result) *hist.Histogram   { return &r.Service }
func responseTimes(r *loadgen.Result) *hist.Histogram  { return &r.Response }

// quantile is in seconds. Where the sample is too small for it, the error is a [*thin].
func quantile(q float64, of func(*loadgen.Result) *hist.Histogram) measure {
	need := support(q)
	return func(b *results.Block) (float64, error) {
		h := of(&b.Client)
		switch {
		case h.Count() == 0 && b.Client.Ledger.Confirmed > 0:
			return 0, errNoHandshake
		case h.Count() == 0:
			return 0, errNoHandshakes
		case h.Count() < need:
			return 0, &thin{need, h.Count()}
		}
		return float64(h.Quantile(q)) / 1e9, nil
	}
}

// support is the smallest sample whose largest value exceeds quantile q with 97.5 % confidence, so that the interval
// by order statistics is finite at 95 %: 6 for the median, 36 for p90, 368 for p99. The maximum takes one.
func support(q float64) uint64 {
	if q >= 1 {
		return 1
	}
	return uint64(math.Ceil(math.Log(0.025) / math.Log(q)))
}
