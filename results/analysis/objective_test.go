package analysis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

// atWork is a manifest of a full and a resumed cell, and a series of each variant in each: std has a response time of
// 5 ms and a server CPU of 600 us in the full cell, branch of 7 ms and 660 us; resumption takes a tenth.
func atWork() (results.Manifest, []Series) {
	full := handshake.Spec{Kind: handshake.Full, Group: handshake.X25519, Signature: handshake.ECDSAP256}
	resumed := handshake.Spec{Kind: handshake.Resumed, Group: handshake.X25519, Signature: handshake.ECDSAP256, Mutual: true,
		ALPN: "h2", Suite: handshake.AES128GCM}
	m := results.Manifest{Cells: []results.Cell{
		{Name: "full", Spec: full, Load: loadgen.Load{Name: "steady"}, Variants: []string{"std", "branch"}},
		{Name: "resumed", Spec: resumed, Load: loadgen.Load{Name: "steady"}, Variants: []string{"std", "branch"}},
	}}
	return m, []Series{
		served("full", "std", 5*time.Millisecond, 600e-6), served("full", "branch", 7*time.Millisecond, 660e-6),
		served("resumed", "std", 500*time.Microsecond, 60e-6), served("resumed", "branch", 700*time.Microsecond, 66e-6),
	}
}

// served is a series of 1,000 handshakes, of which one failed.
func served(cell, variant string, response time.Duration, cpu float64) Series {
	s := Series{Cell: cell, Variant: variant, Blocks: 4, Valid: 4,
		Client: handshake.ClientLedger{Began: 1000, Connected: 1000, Confirmed: 999, Failed: 1},
		Values: map[string]float64{"server_cpu": cpu, "handshake_rate": 400, "response_p99": response.Seconds()},
	}
	for range 998 {
		s.Response.Record(int64(response))
		s.Service.Record(int64(response) / 2)
		s.Handshake.Record(int64(response) / 4)
		s.Lateness.Record(20e3)
	}
	s.Response.Record(int64(2 * response))
	return s
}

func checked(t *testing.T, m results.Manifest, series []Series, text string, counts ...exact.Counts) Objective {
	t.Helper()
	m.Objectives = []results.Objective{{Text: text, Line: 7}}
	all := objectivesOf(m, series, counts...)
	if len(all) != 1 || all[0].Text != text || all[0].Line != 7 {
		t.Fatalf("%s: got %+v", text, all)
	}
	return all[0]
}

func TestObjectives(t *testing.T) {
	for _, tt := range []struct {
		text   string
		state  ObjectiveState
		detail string
	}{
		{"p(99)(response{variant=std}) < 6ms", Met, "worst of 2 series: 5.001ms < 6ms (std in full)"},
		{"p(99)(response) < 6ms", Missed, "missed in 1 of 4 series, worst: 7ms, not < 6ms (branch in full)"},
		{"p(99)(response) > 600us", Missed, "missed in 1 of 4 series, worst: 500.2us, not > 600us (std in resumed)"},
		{"p(99)(response) < 1us", Missed, "missed in all 4 series, worst: 7ms, not < 1us (branch in full)"},
		{"max(response{kind=full, variant=std}) <= 10ms", Met, "10ms <= 10ms (std in full)"},
		{"min(response{kind=full, variant=std}) == 5ms", Met, "5ms == 5ms (std in full)"},
		{"med(service{cell=resumed, variant=branch}) < 1ms", Met, "350us < 1ms (branch in resumed)"},
		{"avg(handshake{mutual=true, alpn=h2, suite=TLS_AES_128_GCM_SHA256, variant=std}) < 125us", Missed, "125us, not < 125us (std in resumed)"},
		{"max(lateness{alpn=none, suite=any, load=steady, variant=std}) < 1ms", Met, "20us < 1ms (std in full)"},
		{"rate(failed) < 1%", Met, "worst of 4 series: 0.1% < 1% (std in full)"},
		{"rate(failed) == 0", Missed, "missed in all 4 series, worst: 0.001, not == 0 (std in full)"},
		{"count(confirmed{variant=std, kind=full}) / count(began{variant=std, kind=full}) >= 99.9%", Met, "99.9% >= 99.9% (std in full)"},
		{"handshake_rate >= 500/s", Missed, "missed in all 4 series, worst: 400/s, not >= 500/s (std in full)"},

		// Two selections: within each cell, within each variant, or across what both name.
		{"server_cpu{variant=branch} / server_cpu{variant=std} < 1.05", Missed, "missed in both series, worst: 1.1, not < 1.05 (branch in full, std in full)"},
		{"server_cpu{variant=branch} - server_cpu{variant=std} < 61us", Met, "worst of 2 series: 60us < 61us (branch in full, std in full)"},
		{"server_cpu{cell=resumed} * 9 < server_cpu{cell=full}", Met, "worst of 2 series: 540us < 600us (std in resumed, std in full)"},
		{"server_cpu{variant=branch, cell=full} < 2 * server_cpu{variant=std, cell=resumed}", Missed, "660us, not < 120us (branch in full, std in resumed)"},
		{"p(99)(response) - med(response{}) < 1ms", Met, "worst of 4 series: 0s < 1ms (std in full)"},
		{"server_cpu{kind=full} / server_cpu{kind=resumed} < 5", Unchecked, "server_cpu{kind=resumed} chooses no series to go with std in full"},

		{"rate(failed) < 1% and p(99)(response) < 6ms", Missed, "p(99)(response) < 6ms: missed in 1 of 4 series, worst: 7ms, not < 6ms (branch in full)"},
		{"rate(failed) < 1% and count(mismatched{variant=std, kind=full}) == 0", Met,
			"rate(failed) < 1%: worst of 4 series: 0.1% < 1% (std in full); count(mismatched{variant=std, kind=full}) == 0: 0 == 0 (std in full)"},
		{"rate(failed) < 1% and server_cpu{variant=other} < 1s", Unchecked, "server_cpu{variant=other} < 1s: server_cpu{variant=other} chooses no series"},
		{"rate(failed) == 0 and server_cpu{variant=other} < 1s", Missed, "rate(failed) == 0: missed in all 4 series, worst: 0.001, not == 0 (std in full)"},

		{"p(99.9)(response{cell=full, variant=std}) < 1s", Unchecked, "std in full: p(99.9)(response{cell=full, variant=std}): needs 3688 handshakes, had 999"},
		{"p(0.1)(response) < 1s", Unchecked, "std in full: p(0.1)(response): needs 3688 handshakes, had 999; and 3 more"},
		{"wire_bytes{cell=full, variant=std} < 4KiB", Unchecked, "std in full: wire_bytes{cell=full, variant=std}: not measured"},
		{"instructions.crypto{cell=full} < 1", Unchecked, "std in full: instructions.crypto{cell=full}: not counted: see the gaps; and 1 more"},
		{"server_cpu{kind=full, kind=resumed} < 1s", Unchecked, "server_cpu{kind=full, kind=resumed} chooses no series"},
		{"server_cpu{load=other} < 1s", Unchecked, "server_cpu{load=other} chooses no series"},
		{"p(99)(respones) < 1s", Unchecked, `column 7: unknown metric "respones"`},
	} {
		m, series := atWork()
		if got := checked(t, m, series, tt.text); got.State != tt.state || got.Detail != tt.detail {
			t.Errorf("%s\ngot  %s %q\nwant %s %q", tt.text, got.State, got.Detail, tt.state, tt.detail)
		}
	}
}

// What was measured badly, or not at all, is never met.
func TestObjectivesWithoutMeasurement(t *testing.T) {
	for _, tt := range []struct {
		name   string
		edit   func(*Series)
		text   string
		state  ObjectiveState
		detail string // how it begins
	}{
		{"client-bound latency", func(s *Series) { s.ClientBound = true }, "p(99)(response) < 1s", Unchecked, "branch in full: p(99)(response): client-bound: "},
		{"client-bound rate", func(s *Series) { s.ClientBound = true }, "handshake_rate > 1/s", Unchecked, "branch in full: handshake_rate: client-bound: "},
		{"client-bound percentile", func(s *Series) { s.ClientBound = true }, "response_p99 < 1s", Unchecked, "branch in full: response_p99: client-bound: "},
		{"client-bound CPU", func(s *Series) { s.ClientBound = true }, "server_cpu < 1s", Met, "worst of 2 series"},
		{"invalid", func(s *Series) { s.Valid = 0 }, "server_cpu < 1s", Unchecked, "branch in full: server_cpu: no valid block among 4"},
		{"invalid, failures", func(s *Series) { s.Valid = 0 }, "rate(failed) < 1%", Met, "worst of 2 series"},
		{"nothing began", func(s *Series) { s.Client = handshake.ClientLedger{} }, "count(failed) <= 1", Unchecked, "branch in full: count(failed): no handshake began"},
		{"nothing confirmed", func(s *Series) { s.Response = Series{}.Response }, "max(response) < 1s", Unchecked, "branch in full: max(response): no handshake was confirmed"},
		{"thin percentile", func(s *Series) {
			delete(s.Values, "response_p99")
			s.Response = Series{}.Response
			s.Response.Record(1)
		}, "response_p99 < 1s", Unchecked, "branch in full: response_p99: needs 368 handshakes, had 1"},
	} {
		m, series := atWork()
		m.Cells, series = m.Cells[:1], series[:2]
		tt.edit(&series[1])
		if got := checked(t, m, series, tt.text); got.State != tt.state || !strings.HasPrefix(got.Detail, tt.detail) {
			t.Errorf("%s: got %s %q, want %s %q", tt.name, got.State, got.Detail, tt.state, tt.detail)
		}
	}
}

func TestObjectiveOnCounts(t *testing.T) {
	m, series := atWork()
	counts := []exact.Counts{
		{Cell: "full", Variant: "std", Server: exact.Side{Allocs: 800}},
		{Cell: "full", Variant: "branch", Server: exact.Side{Allocs: 900}},
	}
	got := checked(t, m, series, "counted.allocs{cell=full} <= 850", counts...)
	if want := "missed in 1 of 2 series, worst: 900, not <= 850 (branch in full)"; got.State != Missed || got.Detail != want {
		t.Errorf("got %s %q, want %q", got.State, got.Detail, want)
	}
	got = checked(t, m, series, "counted.allocs <= 1000", counts...)
	if want := "std in resumed: counted.allocs: not counted: see the gaps; and 1 more"; got.State != Unchecked || got.Detail != want {
		t.Errorf("got %s %q, want %q", got.State, got.Detail, want)
	}
}

// Whatever the grammar can name, a series can be asked for.
func TestEveryTermIsRead(t *testing.T) {
	m, series := atWork()
	for _, name := range metric.Times() {
		if got := checked(t, m, series, "max("+name+") < 1s"); got.State != Met {
			t.Errorf("%s: got %s %q", name, got.State, got.Detail)
		}
	}
	for _, name := range metric.Tallies() {
		if got := checked(t, m, series, "count("+name+") < 1001"); got.State != Met {
			t.Errorf("%s: got %s %q", name, got.State, got.Detail)
		}
	}
	for _, p := range placesOf(m, series, nil) {
		for _, d := range metric.Dimensions() {
			if p.dimensions[d] == "" {
				t.Errorf("%s has no %s", p, d)
			}
		}
	}
}

func TestObjectivesOfBundle(t *testing.T) {
	b := standard().bundle()
	b.Manifest.Objectives = []results.Objective{{Text: "p(99)(service) < 10ms"}, {Text: "server_cpu < 1ms"}, {Text: "max(response) < 1us"}}
	var got []ObjectiveState
	for _, o := range analyse(t, b).Objectives {
		got = append(got, o.State)
	}
	// A handshake of the synthetic machine takes 600 us of CPU and from 0.6 to 1.3 ms.
	if want := []ObjectiveState{Met, Met, Missed}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}
