package analysis

import (
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/results"
)

func some(v float64) *float64 { return &v }

func TestDecide(t *testing.T) {
	ends := func(low, value, high float64) proof { return proof{value: value, low: &low, high: &high} }
	counted := func(v float64) proof { return proof{value: v, certain: true} }
	alone := func(v float64) proof { return proof{value: v} }
	for _, tt := range []struct {
		proof proof
		op    results.Operator
		bound float64
		want  ClaimState
	}{
		{ends(1, 2, 3), results.Less, 3, Unclear},
		{ends(1, 2, 3), results.Less, 3.1, Holding},
		{ends(1, 2, 3), results.Less, 1, Failing},
		{ends(1, 2, 3), results.AtMost, 3, Holding},
		{ends(1, 2, 3), results.AtMost, 1, Unclear},
		{ends(1, 2, 3), results.AtLeast, 1, Holding},
		{ends(1, 2, 3), results.AtLeast, 3.1, Failing},
		{ends(1, 2, 3), results.More, 1, Unclear},
		{ends(1, 2, 3), results.More, 3, Failing},
		{ends(1, 2, 3), results.Equals, 2, Unclear},
		{ends(1, 2, 3), results.Equals, 4, Failing},
		{ends(2, 2, 2), results.Equals, 2, Holding},
		{ends(1, 5, 3), results.AtMost, 4, Unclear}, // the value lies outside
		{counted(0), results.Equals, 0, Holding},
		{counted(7), results.Equals, 0, Failing},
		{counted(7), results.More, 0, Holding},
		{counted(99), results.AtLeast, 100, Failing},
		{alone(0), results.Equals, 0, Holding},
		{alone(2), results.More, 0, Holding},
		{alone(2), results.Less, 100, Unclear},
		{counted(7), "", 7, Failing},
	} {
		if got := tt.proof.decide(tt.op, tt.bound); got != tt.want {
			t.Errorf("%+v %s %v: got %s, want %s", tt.proof, tt.op, tt.bound, got, tt.want)
		}
	}
}

func push() experiment.Result {
	return experiment.Result{Name: "push", Title: "push", Doc: "push", Arms: []experiment.Arm{
		{Name: "agent", Measures: []experiment.Measure{
			experiment.Count("failed_rpcs", "rpcs", uint64(0), 386), experiment.Seconds("once", 3*time.Second),
			{Name: "push_p99", Unit: "s", Value: 0.004, Low: some(0.003), High: some(0.006), Of: 100}, {Name: "push_max", Unit: "s", Value: 0.009, Of: 100},
		}},
		{Name: "absent", Skipped: "takes root"},
	}}
}

func on(name, arm, measure string, op results.Operator, bound float64) results.Claim {
	return results.Claim{Claim: measure, Experiment: &results.OfMeasure{Name: name, Arm: arm, Measure: measure}, Operator: op, Bound: bound}
}

func ofSeries(metric, variant string, op results.Operator, bound float64) (ratio, value results.Claim) {
	of := &results.OfSeries{Metric: metric, Variant: variant, Cell: map[string]string{"kind": "full"}}
	return results.Claim{Claim: metric, Ratio: of, Operator: op, Bound: bound}, results.Claim{Claim: metric, Value: of, Operator: op, Bound: bound}
}

func TestClaimsOnExperiments(t *testing.T) {
	for _, tt := range []struct {
		claim  results.Claim
		want   ClaimState
		detail string
	}{
		{on("push", "agent", "failed_rpcs", results.Equals, 0), Holding, "failed_rpcs of push, agent; of 386"},
		{on("push", "agent", "push_p99", results.AtMost, 0.010), Holding, "of 100"},
		{on("push", "agent", "push_p99", results.AtMost, 0.005), Unclear, ""},
		{on("push", "agent", "once", results.Less, 2), Failing, "one measurement"},
		{on("push", "agent", "push_max", results.Less, 1), Holding, "of 100, no interval"},
		{on("push", "agent", "other", results.Less, 2), Unmeasured, "push, agent did not measure other"},
		{on("push", "other", "once", results.Less, 2), Unmeasured, "push has no arm other"},
		{on("push", "absent", "once", results.Less, 2), Unmeasured, "push, absent was not made: takes root"},
		{on("storm", "agent", "once", results.Less, 2), Unmeasured, "the experiment storm was not made"},
		{on("outage", "3.5s", "recovery", results.Less, 2), Unmeasured, "the experiment outage was not made: no sockets"},
		{results.Claim{Claim: "x", Untestable: "there is no ARMv7 here"}, Untestable, "there is no ARMv7 here"},
	} {
		a := &Analysis{Experiments: []experiment.Result{push(), {Name: "outage", Skipped: "no sockets"}}}
		if got := a.test(tt.claim, nil); got.State != tt.want || !strings.Contains(got.Detail, tt.detail) {
			t.Errorf("%+v: got %s %q, want %s %q", tt.claim, got.State, got.Detail, tt.want, tt.detail)
		}
	}
}

func TestClaimsOnSeries(t *testing.T) {
	ratio := func(metric string, op results.Operator, bound float64) results.Claim {
		c, _ := ofSeries(metric, "boringcrypto", op, bound)
		return c
	}
	value := func(metric string, op results.Operator, bound float64) results.Claim {
		_, c := ofSeries(metric, "boringcrypto", op, bound)
		return c
	}
	nothing := func(*results.Bundle) {}
	few := func(b *results.Bundle) { b.Blocks = b.Blocks[:8] }
	broken := func(b *results.Bundle) { blocksFor(b, "boringcrypto")[0].Client.NoPort = 1 }
	bound := func(b *results.Bundle) {
		for _, block := range blocksFor(b, "std") {
			block.Client.CPU.User = block.Client.Wall * 98 / 100
		}
	}
	waitless := func(b *results.Bundle) {
		for i := range b.Blocks {
			b.Blocks[i].Server.Runtime.MutexWait = 0
		}
	}
	elsewhere := ratio("server_cpu", results.AtLeast, 2)
	elsewhere.Ratio.Cell = map[string]string{"kind": "resumed"}
	nobody := ratio("server_cpu", results.AtLeast, 2)
	nobody.Ratio.Variant, nobody.Ratio.Cell = "openssl", nil
	for name, tt := range map[string]struct {
		claim  results.Claim
		edit   func(*results.Bundle)
		want   ClaimState
		detail string
	}{
		"ratio holds":              {ratio("server_cpu", results.AtLeast, 2), nothing, Holding, "server_cpu of boringcrypto / std in full/P-384/ecdsa-p384/server-auth; 8 groups"},
		"ratio fails":              {ratio("server_cpu", results.AtMost, 1.1), nothing, Failing, ""},
		"ratio at the bound":       {ratio("server_cpu", results.AtMost, 2.3), nothing, Unclear, ""},
		"ratio of few groups":      {ratio("server_cpu", results.AtLeast, 2), few, Unmeasured, "interval from 2 groups, it takes 6"},
		"ratio of invalid blocks":  {ratio("server_cpu", results.AtLeast, 2), broken, Unmeasured, "ports violated in 1 of 16 blocks"},
		"ratio of the generator":   {ratio("handshake_rate", results.AtLeast, 1.449), bound, Unmeasured, "client-bound"},
		"ratio that is not judged": {ratio("response_p99", results.AtMost, 3), nothing, Holding, ""},
		"ratio of no profile":      {ratio("tls_share", results.AtMost, 0.5), nothing, Unmeasured, "no CPU profile"},
		"ratio elsewhere":          {elsewhere, nothing, Unmeasured, "no cell of boringcrypto fits"},
		"ratio of nobody":          {nobody, func(b *results.Bundle) { b.Manifest.Skips = []results.Skip{{Variant: "openssl", Reason: "not here"}} }, Unmeasured, "skipped: not here"},
		"value holds":              {value("server_cpu", results.AtMost, 0.0015), nothing, Holding, "server_cpu of boringcrypto in full/P-384/ecdsa-p384/server-auth; interval over 8 groups"},
		"value fails":              {value("server_cpu", results.Less, 0.0012), nothing, Failing, ""},
		"value of few groups":      {value("server_cpu", results.Less, 1), few, Unclear, "no interval from 2 groups, it takes 6"},
		"value of invalid blocks":  {value("server_cpu", results.Less, 1), broken, Unmeasured, "ports violated"},
		"value of no profile":      {value("tls_share", results.Less, 1), nothing, Unmeasured, "no CPU profile"},
		"a zero":                   {value("lock_wait", results.Equals, 0), waitless, Holding, "smallest to largest of 8 groups, as a block has zero"},
		"a zero within a bound":    {value("lock_wait", results.Less, 1), waitless, Holding, "smallest to largest"},
		"a zero of few groups":     {value("lock_wait", results.Less, 1), func(b *results.Bundle) { waitless(b); few(b) }, Unclear, "no interval from 2 groups"},
	} {
		m := standard()
		m.cost["boringcrypto"] = 2.3
		b := m.bundle()
		b.Manifest.Claims = []results.Claim{tt.claim}
		tt.edit(b)
		if got := analyse(t, b).Claims[0]; got.State != tt.want || !strings.Contains(got.Detail, tt.detail) {
			t.Errorf("%s: got %s, %v %v [%v, %v], want %s %q", name, got.State, got.Detail, got.Value, got.Low, got.High, tt.want, tt.detail)
		}
	}
}

// A scenario of experiments only has no variants, cells or blocks; its claims are its verdict.
func TestExperimentsOnly(t *testing.T) {
	claims := []results.Claim{on("push", "agent", "failed_rpcs", results.Equals, 0), on("push", "agent", "once", results.Less, 2), {Claim: "ARMv7", Untestable: "no such machine"}}
	for _, tt := range []struct {
		first, second results.Expectation
		exit          int
		want          string
	}{
		{"", "", 0, "1 of 3 claims holds, 1 fails, 1 untestable"},
		{results.Holds, results.Fails, 0, "1 of 3 claims holds, 1 fails, 1 untestable"},
		{results.Fails, results.Holds, 5, "1 of 3 claims holds, 1 fails, 1 untestable; 2 against expectation"},
	} {
		claims[0].Expect, claims[1].Expect, claims[1].Holds = tt.first, tt.second, "< 2 s"
		a := analyse(t, experimentsOnly(t, claims))
		if a.Summary.Exit != tt.exit || a.Summary.Sentence != tt.want || len(a.Experiments) != 1 {
			t.Errorf("got exit %d, %q, %d experiments, want %d, %q", a.Summary.Exit, a.Summary.Sentence, len(a.Experiments), tt.exit, tt.want)
		}
		if tt.exit == 5 && (len(a.Summary.Findings) != 2 || a.Summary.Findings[1] != `against expectation: "once" fails: measured 3 s, claimed < 2 s (once of push, agent; one measurement)`) {
			t.Errorf("got %q", a.Summary.Findings)
		}
	}
	if got := analyse(t, experimentsOnly(t, nil)).Summary; got.Exit != 0 || got.Sentence != "1 experiment, no claim about it" {
		t.Errorf("got %+v", got)
	}
}

func experimentsOnly(t *testing.T, claims []results.Claim) *results.Bundle {
	t.Helper()
	m := results.Manifest{Schema: results.Schema, Scenario: results.Scenario{Name: "experiments"}, Claims: claims}
	w, err := results.Create(t.TempDir(), m)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	if err := w.Experiments(results.Experiments{Results: []experiment.Result{push()}}); err != nil {
		t.Fatal(err)
	}
	b, err := w.Finish(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// A regression is told before a surprise, and a surprise before the rest.
func TestSurprisesBesideGates(t *testing.T) {
	for _, tt := range []struct {
		worse float64
		exit  int
		want  string
	}{{0.02, 1, "regression: "}, {9, 5, "against expectation: "}} {
		m := standard()
		m.cost["boringcrypto"], m.gates = 2, []results.Gate{{Metric: "server_cpu", Worse: tt.worse}}
		b := m.bundle()
		c, _ := ofSeries("server_cpu", "boringcrypto", results.AtLeast, 1.5)
		c.Expect = results.Fails
		b.Manifest.Claims = []results.Claim{c}
		if s := analyse(t, b).Summary; s.Exit != tt.exit || !strings.HasPrefix(s.Sentence, tt.want) {
			t.Errorf("got exit %d %q, want %d %q", s.Exit, s.Sentence, tt.exit, tt.want)
		}
	}
}

func TestAmount(t *testing.T) {
	got := ""
	for _, v := range []struct {
		v    float64
		unit string
	}{{1.449, ratioUnit}, {0.0183, "s"}, {2.5e-7, "s/handshake"}, {12, "s"}, {0, "s"}, {0.31, "share"}, {7, "handshakes"}, {1536, "B"}} {
		got += amount(v.v, v.unit) + ", "
	}
	if want := "1.45x, 18.3 ms, 250 ns, 12 s, 0 ns, 31 %, 7 handshakes, 1536 B, "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
