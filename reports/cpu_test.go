package reports

import (
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/profile"
)

func profiledSeries(cpu float64, shares ...profile.Share) analysis.Series {
	return analysis.Series{
		Cell: "p384", Variant: "std", Values: map[string]float64{headline: cpu},
		CPU: &analysis.CPU{Samples: 400, Packages: shares},
	}
}

func TestPackagesOf(t *testing.T) {
	std := profiledSeries(1e-3, profile.Share{Name: "fiat", Fraction: 0.6}, profile.Share{Name: "runtime", Fraction: 0.385},
		profile.Share{Name: "net", Fraction: 0.015})
	boring := profiledSeries(4e-3, profile.Share{Name: "boringcrypto (cgo)", Fraction: 0.9}, profile.Share{Name: "runtime", Fraction: 0.1})
	if got, want := packagesOf([]analysis.Series{std, boring}), []string{"boringcrypto (cgo)", "fiat", "runtime"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	a := &analysis.Analysis{Series: []analysis.Series{std, boring, {Cell: "p384"}}}
	a.Manifest.Cells = append(a.Manifest.Cells, results.Cell{Name: "p384"}, results.Cell{Name: "elsewhere"})
	for name, want := range map[string]int{"boringcrypto (cgo)": 1, "fiat": 2, "runtime": 3, "net": 0} {
		if got := packageKeys(a)[name]; got != want {
			t.Errorf("%s has number %d, want %d", name, got, want)
		}
	}
}

func TestSegmentsFillTheBar(t *testing.T) {
	s := profiledSeries(1e-3, profile.Share{Name: "fiat", Fraction: 0.6}, profile.Share{Name: "runtime", Fraction: 0.38},
		profile.Share{Name: "net", Fraction: 0.02})
	got := segments(s, []string{"boringcrypto (cgo)", "fiat", "runtime"}, map[string]int{"fiat": 2, "runtime": 3}, 50)
	var told []string
	for _, g := range got {
		told = append(told, g.At+"+"+g.Width+" "+g.Description)
	}
	want := "0.0%+30.0% fiat, 600 µs, 60 %|30.0%+19.0% runtime, 380 µs, 38 %|49.0%+1.0% other, 20.0 µs, 2 %"
	if strings.Join(told, "|") != want {
		t.Errorf("got  %s\nwant %s", strings.Join(told, "|"), want)
	}
	if got[0].Key != 2 || !got[0].Labelled || got[2].Key != 0 || got[2].Labelled {
		t.Errorf("got %+v", got)
	}
}

// Without server CPU per handshake there are shares, but no times and no bars.
func TestSharesWithoutServerCPU(t *testing.T) {
	s := profiledSeries(0, profile.Share{Name: "fiat", Fraction: 1})
	s.Values = nil
	series := []analysis.Series{s}
	if b := stacked(&analysis.Analysis{}, series, packagesOf(series), nil); b != nil {
		t.Errorf("got bars %+v", b)
	}
	table := packageTable("p384", series, packagesOf(series), nil)
	if got := table.Rows[0].Cells[1]; got.Text != noValue || got.Note != "100 %" {
		t.Errorf("got %+v", got)
	}
}

func TestRoughShares(t *testing.T) {
	fine := profiledSeries(1e-3)
	rough := profiledSeries(1e-3)
	rough.CPU.Warnings = []string{"44 samples"}
	for _, c := range []struct {
		series []analysis.Series
		want   string
	}{
		{nil, ""},
		{[]analysis.Series{fine, {}}, ""},
		{[]analysis.Series{fine, rough}, "std, p384: 44 samples"},
		{[]analysis.Series{rough, fine, rough, {}}, "std, p384: 44 samples; likewise 1 more of 4 series"},
	} {
		if got := roughShares(c.series); got != c.want {
			t.Errorf("got %q, want %q", got, c.want)
		}
	}
}

func TestGeneric(t *testing.T) {
	for name, want := range map[string]string{
		"runtime.memmove": "runtime.memmove",
		"crypto/internal/fips140/hmac.New[go.shape.interface { Sum([]uint8) []uint8 }]": "crypto/internal/fips140/hmac.New[...]",
		"slices.Sort[int].func1": "slices.Sort[...].func1",
		"[libc.so.6]":            "[libc.so.6]",
	} {
		if got := generic(name); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestValidSentence(t *testing.T) {
	for valid, want := range map[string]string{
		"y": "The only block is valid.", "n": "The only block is not valid.", "yy": "Both blocks are valid.", "yyy": "All 3 blocks are valid.",
		"nn": "None of 2 blocks is valid.", "yny": "2 of 3 blocks are valid.",
	} {
		var blocks []analysis.Block
		for _, v := range valid {
			blocks = append(blocks, analysis.Block{Valid: v == 'y'})
		}
		if got := validSentence(blocks); got != want {
			t.Errorf("%s: got %q, want %q", valid, got, want)
		}
	}
}
