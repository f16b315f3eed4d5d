package reports_test

import (
	"encoding/json"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/analysis"
)

func TestClaimsGolden(t *testing.T) {
	d := reports.New(claiming(), reports.Verdict, reports.Claims, reports.Identity, reports.Gateway, reports.Environment, reports.Reproduce)
	all := writers(d)
	all["junit.xml"], all["summary.md"] = d.WriteJUnit, d.WriteSummary
	all["github.txt"] = func(w io.Writer) error { return d.WriteAnnotations(w, reports.GitHub, "scenarios/claims.yaml") }
	for _, name := range []string{"report.html", "report.json", "report.md", "report.txt", "narrow.txt", "junit.xml", "summary.md", "github.txt"} {
		t.Run(name, func(t *testing.T) { golden(t, "claims-"+name, render(t, all[name])) })
	}
	checkPage(t, render(t, d.WriteHTML))
	for _, width := range []int{80, 100, 120} {
		text := render(t, func(w io.Writer) error { return d.WriteText(w, reports.Options{Width: width}) })
		for line := range strings.Lines(string(text)) {
			if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
				t.Errorf("width %d: a line has %d columns: %s", width, n, line)
			}
		}
	}
}

func TestClaimsInTheWholeReport(t *testing.T) {
	checkPage(t, render(t, reports.New(claiming(), reports.Standard()...).WriteHTML))
	for name, a := range map[string]*analysis.Analysis{"empty": {}, "measured": sample()} {
		if d := reports.New(a, reports.Claims, reports.Identity, reports.Gateway); len(d.Sections) > 0 {
			t.Errorf("%s: got %d sections", name, len(d.Sections))
		}
	}
}

// A claim of a line that the scenario has can be followed to it.
func TestClaimsLinkToTheirLines(t *testing.T) {
	page := string(render(t, reports.New(claiming(), reports.Standard()...).WriteHTML))
	for text, want := range map[string]bool{`<a href="#line-3">line 3</a>`: true, `<span id="line-3">  - one`: true, `href="#line-99"`: false, "<small>line 99</small>": true} {
		if strings.Contains(page, text) != want {
			t.Errorf("%q on the page: got %v, want %v", text, !want, want)
		}
	}
}

func TestClaimsSay(t *testing.T) {
	text := strings.ReplaceAll(string(render(t, func(w io.Writer) error {
		return reports.New(claiming(), reports.Claims, reports.Identity).WriteText(w, reports.Options{Width: 100_000})
	})), "\u00a0", " ")
	for _, want := range []string{
		"1 of 8 claims holds, 3 fail, 2 unclear, 1 unmeasured, 1 untestable; 1 against expectation.",
		"ratio >= 1.449", "0.710x [0.700, 0.720]", "◆ fails, off by 2.04x (as expected)", "◆ fails (against expectation)",
		"4.10 ms [3.30 ms, 6.20 ms]", "● holds (as expected)", "0 ns [no interval]", "○ unclear (expected: holds)", "31.2 % [30 %, 33 %]",
		"half the time on ARMv7: untestable: there is no such machine",
		"7 of 386 rpcs", "Not made here: no sockets", "external was not tried here: no agent is named", "3.60 s", "no value",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q", want)
		}
	}
}

func TestJSONHasClaims(t *testing.T) {
	if got, want := decode(t, claiming()), reports.DataOf(claiming()); !reflect.DeepEqual(got, want) {
		t.Error("what was read is not what was written")
	}
	d := decode(t, claiming())
	if c := d.Claims[0]; c.State != analysis.Failing || *c.Measured != 0.71 || *c.Bound != 1.449 || c.Surprise {
		t.Errorf("got %+v", c)
	}
	if c := d.Claims[7]; c.Measured != nil || c.Bound != nil || c.State != analysis.Untestable {
		t.Errorf("got %+v", c)
	}
	if e := d.Experiments[0]; e.Took != 12 || *e.Arms[0].Measures[3].Low != 0.0033 || e.Arms[0].Measures[4].Low != nil || e.Arms[1].Measures == nil {
		t.Errorf("got %+v", e)
	}
	if v := d.Variants; v[0].Offer == nil || len(v[0].Offer) != 0 || v[1].SPIFFE.Resumption != "epoch" || v[0].Gateway.Handshakes != 64 {
		t.Errorf("got %+v", v)
	}
	var all any
	if err := json.Unmarshal(render(t, reports.New(claiming()).WriteJSON), &all); err != nil {
		t.Fatal(err)
	}
	walk(all, "", func(path, key string, v any) {
		if (key == "measures" || key == "notes" || key == "arms") && v == nil {
			t.Errorf("%s is null", path)
		}
	})
}

// A report of experiments only has no cells, no costs, no effects.
func TestExperimentsOnly(t *testing.T) {
	full := claiming()
	a := &analysis.Analysis{Claims: full.Claims, Experiments: full.Experiments}
	a.Manifest.Claims = full.Manifest.Claims
	var got []string
	for _, s := range reports.New(a, reports.Standard()...).Sections {
		got = append(got, s.ID)
	}
	if want := "verdict claims identity gateway"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
}
