package reports_test

import (
	"bytes"
	"encoding/json"
	"io"
	"math"
	"reflect"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

func decode(t *testing.T, a *analysis.Analysis) reports.Data {
	t.Helper()
	in := json.NewDecoder(bytes.NewReader(render(t, reports.New(a).WriteJSON)))
	in.DisallowUnknownFields()
	var d reports.Data
	if err := in.Decode(&d); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Token(); err != io.EOF {
		t.Errorf("more than one value, or %v", err)
	}
	return d
}

func TestJSONRoundTrip(t *testing.T) {
	for name, a := range map[string]*analysis.Analysis{"sample": sample(), "empty": {}, "explained": explained(), "process": process()} {
		if got, want := decode(t, a), reports.DataOf(a); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: what was read is not what was written", name)
		}
	}
}

// Absence is null or no key, and arrays are arrays: walk all values of both reports.
func TestJSONSaysWhatIsAbsent(t *testing.T) {
	arrays := map[string]bool{
		"effects": true, "blocks": true, "series": true, "gaps": true, "skips": true, "variants": true, "findings": true,
		"trust": true, "warnings": true, "guards": true, "modules": true, "features": true, "go_features": true, "values": true,
		"explanations": true, "identity": true, "phases": true, "windows": true, "correlations": true, "episodes": true, "exemplars": true,
		"raised": true, "syscalls": true, "operations": true, "audit": true, "probes": true, "classes": true,
	}
	for _, a := range []*analysis.Analysis{sample(), {}, explained()} {
		var all any
		if err := json.Unmarshal(render(t, reports.New(a).WriteJSON), &all); err != nil {
			t.Fatal(err)
		}
		walk(all, "", func(path, key string, v any) {
			if arrays[key] && v == nil {
				t.Errorf("%s is null", path)
			}
		})
	}
}

func walk(v any, path string, see func(path, key string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for k, of := range v {
			see(path+"."+k, k, of)
			walk(of, path+"."+k, see)
		}
	case []any:
		for _, of := range v {
			walk(of, path+"[]", see)
		}
	}
}

func TestJSONEffects(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range decode(t, sample()).Effects {
		seen[e.Metric] = true
		switch e.Metric {
		case "wire_bytes":
			if e.Ratio != nil || e.Verdict != effect.Invalid || len(e.Warnings) != 1 {
				t.Errorf("refused comparison: got ratio %v, verdict %s, warnings %q", e.Ratio, e.Verdict, e.Warnings)
			}
		case "handshake_max":
			if e.Ratio == nil || e.Ratio.Lo != nil || e.Ratio.Hi != nil {
				t.Errorf("a ratio without interval: got %+v", e.Ratio)
			}
		case "response_p99":
			if e.Candidate.Value != nil || e.Baseline.Value == nil {
				t.Errorf("got candidate %v, baseline %v; only the baseline has a value", e.Candidate.Value, e.Baseline.Value)
			}
		case "server_cpu":
			if !e.Gated || e.Unit != "s/handshake" || e.Ratio == nil || *e.Ratio.Lo >= *e.Ratio.Hi {
				t.Errorf("got %+v", e)
			}
		}
	}
	if len(seen) != 20 {
		t.Errorf("got effects of %d metrics, want 20", len(seen))
	}
}

func TestJSONHasCPUByPackage(t *testing.T) {
	d := decode(t, sample())
	s := d.Series[0]
	sum, cpu := 0.0, 0.0
	for _, p := range s.CPU {
		sum += p.Share
		cpu += *p.Seconds
	}
	if want := s.Values["server_cpu_seconds_per_handshake"]; s.CPU[0].Package == "" || math.Abs(sum-1) > 1e-9 || math.Abs(cpu/want-1) > 1e-9 {
		t.Errorf("packages make %v of the CPU time, %v of %v s: %+v", sum, cpu, want, s.CPU)
	}
	if s.CPUSamples != 200 || s.CPUSampled != 2 || s.CPUSpent != 2.2 || len(s.CPUFunctions) != 2 {
		t.Errorf("got %d samples of %v s in %v s, functions %v", s.CPUSamples, s.CPUSampled, s.CPUSpent, s.CPUFunctions)
	}
	if last := d.Series[len(d.Series)-1]; last.CPU != nil || last.CPUSamples != 0 {
		t.Errorf("a series without profiles has %+v", last.CPU)
	}
	if text := render(t, reports.New(sample()).WriteJSON); bytes.Count(text, []byte(`"cpu": [`)) != len(d.Series)-1 {
		t.Error("the key cpu is there without profiles")
	}
}

func TestJSONKeysHaveUnits(t *testing.T) {
	d := decode(t, sample())
	want := []string{
		"server_cpu_seconds_per_handshake", "client_cpu_seconds_per_handshake", "server_allocs_per_handshake",
		"server_alloc_bytes_per_handshake", "wire_bytes_per_handshake", "handshake_rate_per_second",
		"handshake_p50_seconds", "service_p99_seconds", "response_max_seconds",
	}
	for _, k := range want {
		if _, ok := d.Series[0].Values[k]; !ok {
			t.Errorf("series have no %s", k)
		}
		if _, ok := d.Blocks[0].Values[k]; !ok {
			t.Errorf("blocks have no %s", k)
		}
	}
	for k := range d.Series[0].Values {
		if !strings.HasSuffix(k, "_seconds") && !strings.Contains(k, "_per_") && !strings.HasSuffix(k, "_share") {
			t.Errorf("%s has no unit", k)
		}
	}
}

func TestJSONLatencyIsThatOfThePage(t *testing.T) {
	a := sample()
	got := decode(t, a).Series[0].Latency.Handshake
	h := &a.Series[0].Handshake
	if got.Count != h.Count() || got.MaxSeconds != float64(h.Max())/1e9 {
		t.Errorf("got %d values up to %v s", got.Count, got.MaxSeconds)
	}
	supported := map[float64]bool{50: true, 90: true, 99: true, 99.9: true}
	if len(got.Percentiles) != len(supported) {
		t.Errorf("7,000 values give %d percentiles, want those up to 99.9", len(got.Percentiles))
	}
	for _, q := range got.Percentiles {
		if q.Supported != supported[q.Percentile] {
			t.Errorf("p%v: supported is %v", q.Percentile, q.Supported)
		}
	}
}
