package reports_test

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

func some(v float64) *float64 { return &v }

// claiming is an analysis with claims in every state, and experiments of both parts.
func claiming() *analysis.Analysis {
	a := build([]handshake.Spec{{Kind: handshake.Full, Group: handshake.X25519, Signature: handshake.ECDSAP256}}, []string{"std", "boringcrypto"}, 7)
	m := &a.Manifest
	m.Scenario.Name, m.Scenario.Text = "claims", "name: claims\nclaims:\n  - one\n  - two\n"
	m.Variants[0].App, m.Variants[0].ALPN, m.Variants[0].Offer = "gateway", []string{"h2", "http/1.1"}, []string{}
	m.Variants[0].Gateway = &server.Gateway{Config: "clone", Prefer: "health", Health: []server.Backend{{Protocol: "h2", URL: "http://127.0.0.1:1"}}, Every: 100 * time.Millisecond, Handshakes: 64}
	m.Variants[1].App, m.Variants[1].Offer = "spiffegrpc", []string{"h2"}
	m.Variants[1].SPIFFE = &handshake.SPIFFE{Domain: "lab.example", TTL: 30 * time.Minute, Resumption: "epoch", MaxAge: time.Hour, Expiry: true, Policy: "function", Tracing: "otel"}
	a.Claims = claims()
	for _, c := range a.Claims {
		m.Claims = append(m.Claims, c.Asked)
	}
	a.Experiments = experiments()
	a.Summary.Exit, a.Summary.Sentence = 5, analysis.TallyOf(a.Claims)
	tally(a)
	return a
}

func claims() []analysis.Claim {
	of := &results.OfSeries{Metric: "handshake_rate", Variant: "boringcrypto"}
	on := func(measure string) *results.OfMeasure {
		return &results.OfMeasure{Name: "push", Arm: "agent", Measure: measure}
	}
	return []analysis.Claim{
		{
			Asked: results.Claim{Claim: "throughput +44.9 %", From: "the paper", Ratio: of, Holds: ">= 1.449", Operator: results.AtLeast, Bound: 1.449, Expect: results.Fails, Line: 3},
			State: analysis.Failing, Value: some(0.71), Low: some(0.70), High: some(0.72), Unit: "ratio", Detail: "handshake_rate of boringcrypto / std; 7 groups",
		},
		{
			Asked: results.Claim{Claim: "no call fails", From: hostile, Experiment: on("failed_rpcs"), Holds: "== 0", Operator: results.Equals, Expect: results.Holds, Line: 4},
			State: analysis.Failing, Value: some(7), Unit: "rpcs", Detail: "failed_rpcs of push, agent; of 386", Surprise: true,
		},
		{
			Asked: results.Claim{Claim: "pushed within 10 ms", Experiment: on("push_p99"), Holds: "<= 10 ms", Operator: results.AtMost, Bound: 0.010, Expect: results.Holds, Line: 99},
			State: analysis.Holding, Value: some(0.0041), Low: some(0.0033), High: some(0.0062), Unit: "s", Detail: "push_p99 of push, agent; of 100",
		},
		{
			Asked: results.Claim{Claim: "instructions fall", Ratio: &results.OfSeries{Metric: "instructions", Variant: "boringcrypto"}, Holds: "< 1", Operator: results.Less, Bound: 1},
			State: analysis.Failing, Value: some(1.0123), Unit: "ratio", Detail: "counted",
		},
		{
			Asked: results.Claim{Claim: "TLS share of CPU 31 %", Value: &results.OfSeries{Metric: "tls_share", Variant: "std"}, Holds: "<= 31 %", Operator: results.AtMost, Bound: 0.31},
			State: analysis.Unclear, Value: some(0.312), Low: some(0.30), High: some(0.33), Unit: "share", Detail: "tls_share of std; interval over 7 groups",
		},
		{
			Asked: results.Claim{Claim: "lock wait", Value: &results.OfSeries{Metric: "lock_wait", Variant: "std"}, Holds: "< 1 us", Operator: results.Less, Bound: 1e-6, Expect: results.Holds},
			State: analysis.Unclear, Value: some(0), Unit: "s/handshake", Detail: "no interval: block 3 has zero, which has no logarithm",
		},
		{
			Asked: results.Claim{Claim: "back after an outage", Experiment: &results.OfMeasure{Name: "outage", Arm: "20s", Measure: "recovery"}, Holds: "<= 1 s", Operator: results.AtMost, Bound: 1, Expect: results.Holds},
			State: analysis.Unmeasured, Detail: "the experiment outage was not made: no sockets",
		},
		{
			Asked: results.Claim{Claim: "half the time on ARMv7", From: "the paper", Untestable: "there is no such machine"},
			State: analysis.Untestable, Detail: "there is no such machine",
		},
	}
}

func experiments() []experiment.Result {
	return []experiment.Result{
		{Name: "push", Title: "from a pushed identity to the first handshake with it", Doc: "An agent pushes a new identity a hundred times.", Took: 12 * time.Second, Arms: []experiment.Arm{
			{Name: "agent", Role: experiment.Reference, Doc: "the lab's own agent", Notes: []string{"rpc error: " + hostile}, Measures: []experiment.Measure{
				experiment.Count("rotations", "rotations", uint64(100), 100), experiment.Count("failed_rpcs", "rpcs", uint64(7), 386),
				{Name: "push_p50", Unit: "s", Value: 0.0021, Low: some(0.0019), High: some(0.0024), Of: 100},
				{Name: "push_p99", Unit: "s", Value: 0.0041, Low: some(0.0033), High: some(0.0062), Of: 100},
				{Name: "push_max", Unit: "s", Value: 0.0062, Of: 100}, {Name: "spread", Unit: "share", Value: 0.1},
			}},
			{Name: "external", Skipped: "no agent is named"},
		}},
		{Name: "resumption", Title: "a withdrawn identity and resumption", Doc: "The bundle is withdrawn.", Took: time.Second, Arms: []experiment.Arm{
			{Name: "default", Role: experiment.Published, Measures: []experiment.Measure{
				experiment.Count("stale_accepts", "handshakes", uint64(8), 8), {Name: "last_stale", Unit: "s", Value: 3.5},
				{Name: "age_full_max", Unit: "s", Value: 0.002}, {Name: "age_resumed_max", Unit: "s", Value: 3.6},
			}},
			{Name: "epoch", Role: experiment.Reference, Measures: []experiment.Measure{
				experiment.Count("stale_accepts", "handshakes", uint64(0), 8), {Name: "age_full_max", Unit: "s", Value: 0.002},
			}},
		}},
		{Name: "live", Title: "expired identities on live connections", Doc: "Connections outlive identities.", Took: 30 * time.Second, Arms: []experiment.Arm{
			{Name: "no-limit", Role: experiment.Control, Measures: []experiment.Measure{experiment.Count("expired_rpcs", "rpcs", uint64(310), 400), {Name: "age_live_max", Unit: "s", Value: 29.5}, {Name: "age_full_max", Unit: "s", Value: 0}}},
			{Name: "half-ttl", Measures: []experiment.Measure{experiment.Count("expired_rpcs", "rpcs", uint64(0), 400), {Name: "age_live_max", Unit: "s", Value: 5.1}}},
		}},
		{Name: "outage", Title: "the agent is away", Doc: "The socket is gone.", Skipped: "no sockets"},
		{Name: "parity", Title: "three protocols of one port", Doc: "Certificates rotate.", Took: 8 * time.Second, Arms: []experiment.Arm{
			{Name: "gateway", Role: experiment.Reference, Measures: []experiment.Measure{{Name: "h3_p99", Unit: "s", Value: 0.0031, Low: some(0.002), High: some(0.004), Of: 100}, {Name: "staple_bytes", Unit: "B", Value: 1536}}},
		}},
	}
}
