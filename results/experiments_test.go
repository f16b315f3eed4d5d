package results

import (
	"errors"
	"math"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake/experiment"
)

func tried() Experiments {
	low, high := 0.001, 0.003
	return Experiments{Results: []experiment.Result{{
		Name: "push", Title: "from a pushed identity to the first handshake with it", Doc: "rotations", Took: 1e9,
		Arms: []experiment.Arm{
			{Name: "agent", Role: experiment.Reference, Measures: []experiment.Measure{
				{Name: "push_p99", Unit: "s", Value: 0.002, Low: &low, High: &high, Of: 100},
				{Name: "failed_rpcs", Unit: "rpcs", Of: 9000},
			}, Notes: []string{"open tls.crt: no such file"}},
			{Name: "external", Skipped: "no agent was named"},
		},
	}, {Name: "storm", Skipped: "not on this system"}}}
}

func TestExperiments(t *testing.T) {
	kept := tried()
	kept.Results[0].Arms[0].Notes = []string{"open /home/somebody/tls.crt: no such file"}
	dir := writtenWith(t, draft(), func(w *Writer) error {
		before := w.HasExperiments()
		if err := w.Experiments(kept); err != nil || before || !w.HasExperiments() {
			t.Errorf("kept %v, then %v, %v", before, w.HasExperiments(), err)
		}
		return nil
	})
	b := must[*Bundle](t)(Open(os.DirFS(dir)))
	if got := must[*Experiments](t)(b.Experiments()); !reflect.DeepEqual(*got, tried()) {
		t.Errorf("got %+v, want %+v", *got, tried())
	}
	none := must[*Bundle](t)(Open(os.DirFS(written(t))))
	if got, err := none.Experiments(); got != nil || err != nil {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
}

func TestExperimentsRefuses(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*experiment.Result)
	}{
		{`experiment "": name empty`, func(r *experiment.Result) { r.Name = "" }},
		{`experiment "storm": name empty or used twice`, func(r *experiment.Result) { r.Name = "storm" }},
		{"0 arms, skipped", func(r *experiment.Result) { r.Arms = nil }},
		{"2 arms, skipped", func(r *experiment.Result) { r.Skipped = "why" }},
		{`arm "agent": name empty or used twice`, func(r *experiment.Result) { r.Arms[1].Name = "agent" }},
		{"0 measures, skipped", func(r *experiment.Result) { r.Arms[1].Skipped = "" }},
		{`measure "push_p99": name empty or used twice`, func(r *experiment.Result) { r.Arms[0].Measures[1].Name = "push_p99" }},
		{"no unit", func(r *experiment.Result) { r.Arms[0].Measures[0].Unit = "" }},
		{"NaN", func(r *experiment.Result) { r.Arms[0].Measures[0].Value = math.NaN() }},
		{"half an interval", func(r *experiment.Result) { r.Arms[0].Measures[0].Low = nil }},
		{"1 is not between", func(r *experiment.Result) { r.Arms[0].Measures[0].Value = 1 }},
	} {
		e := tried()
		c.change(&e.Results[0])
		m := draft()
		if err := m.checkExperiments(e); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %s", err, c.says)
		}
	}
}

func TestExperimentsCorrupt(t *testing.T) {
	dir := writtenWith(t, draft(), func(w *Writer) error { return w.Experiments(tried()) })
	files := clone(filesOf(t, dir))
	replace(files, experimentsName, `"name":"storm"`, `"name":"push"`)
	change(t, files, func(*Manifest) {}, experimentsName)
	b := must[*Bundle](t)(Open(files))
	if _, err := b.Experiments(); !errors.Is(err, ErrCorrupt) {
		t.Errorf("got %v, want a corrupt member", err)
	}
}

func TestClaimsRefuses(t *testing.T) {
	series := &OfSeries{Metric: "server_cpu", Variant: "fips140"}
	for _, c := range []struct {
		says  string
		claim Claim
	}{
		{"", Claim{Claim: "x", Ratio: series}},
		{"", Claim{Claim: "x", Untestable: "no such machine"}},
		{"has 0 tests", Claim{Claim: "x"}},
		{"has 2 tests", Claim{Claim: "x", Ratio: series, Value: series}},
		{`unknown variant "y"`, Claim{Claim: "x", Value: &OfSeries{Metric: "server_cpu", Variant: "y"}}},
	} {
		m := draft()
		m.Claims = []Claim{c.claim}
		err := m.checkClaims()
		if (err == nil) != (c.says == "") || err != nil && !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
}
