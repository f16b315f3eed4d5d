package reports_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// outputs are the formats for CI.
func outputs(d *reports.Document) map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"junit.xml":   d.WriteJUnit,
		"summary.md":  d.WriteSummary,
		"github.txt":  func(w io.Writer) error { return d.WriteAnnotations(w, reports.GitHub, "ci/gate,1:%.yaml") },
		"gitlab.json": func(w io.Writer) error { return d.WriteAnnotations(w, reports.GitLab, "./ci/gate.yaml") },
	}
}

func every(a *analysis.Analysis) map[string]func(io.Writer) error {
	d := reports.New(a, reports.Standard()...)
	all := writers(d)
	maps.Copy(all, outputs(d))
	return all
}

func TestGatingGolden(t *testing.T) {
	all := every(gated())
	for _, name := range []string{"report.html", "report.json", "report.md", "report.txt", "narrow.txt", "junit.xml", "summary.md", "github.txt", "gitlab.json"} {
		t.Run(name, func(t *testing.T) { golden(t, "gating-"+name, render(t, all[name])) })
	}
}

func TestGatingSameBytes(t *testing.T) {
	again := every(gated())
	for name, write := range every(gated()) {
		if !bytes.Equal(render(t, write), render(t, again[name])) {
			t.Errorf("%s: rendered twice, the bytes differ", name)
		}
	}
}

func TestGatingWriteErrorsAreReported(t *testing.T) {
	for name, write := range outputs(reports.New(gated())) {
		if err := write(full{}); !errors.Is(err, errFull) {
			t.Errorf("%s: got error %v, want %v", name, err, errFull)
		}
	}
	if err := reports.New(gated()).WriteAnnotations(io.Discard, "bitbucket", "x"); err == nil {
		t.Error("a style that nobody knows is written")
	}
}

// Names of strangers stay text, whatever a format is read by.
func TestForeignNamesAreHarmless(t *testing.T) {
	all := every(gated())
	checkPage(t, render(t, all["report.html"]))
	for name, write := range all {
		text := render(t, write)
		if bytes.ContainsAny(text, "\x00") || name != "report.html" && name != "color.txt" && bytes.ContainsRune(text, '\x1b') {
			t.Errorf("%s has a control code", name)
		}
		if markup := bytes.Contains(text, []byte("</script>")); markup && !strings.HasSuffix(name, ".txt") {
			t.Errorf("%s has markup of a stranger", name)
		}
		if name == "report.html" {
			continue // nobody prints the page into a job's log
		}
		commands := 0
		for line := range strings.Lines(string(text)) {
			if strings.HasPrefix(strings.TrimSpace(line), "::") || strings.Contains(line, "##[") && strings.HasSuffix(name, ".txt") {
				commands++
			}
		}
		if want := map[string]int{"github.txt": 10}[name]; commands != want {
			t.Errorf("%s has %d lines that are commands to a CI job, want %d", name, commands, want)
		}
	}
	in := xml.NewDecoder(bytes.NewReader(render(t, all["junit.xml"])))
	for {
		if _, err := in.Token(); err == io.EOF {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

func TestGatingTextFitsItsWidth(t *testing.T) {
	for _, width := range []int{80, 100, 120} {
		d := reports.New(gated(), reports.Standard()...)
		text := render(t, func(w io.Writer) error { return d.WriteText(w, reports.Options{Width: width}) })
		for line := range strings.Lines(string(text)) {
			if n := len([]rune(strings.TrimRight(line, "\n"))); n > width {
				t.Errorf("at width %d a line has %d columns: %s", width, n, line)
			}
		}
	}
}

func TestGitHubEscapes(t *testing.T) {
	text := string(render(t, outputs(reports.New(gated()))["github.txt"]))
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "::") || !strings.Contains(line, " file=ci/gate%2C1%3A%25.yaml,") {
			t.Errorf("no workflow command: %s", line)
		}
	}
	few := gated()
	few.Objectives, few.Null = nil, nil // so that there is room for a notice
	text += string(render(t, outputs(reports.New(few))["github.txt"]))
	for _, want := range []string{
		"::error file=ci/gate%2C1%3A%25.yaml,line=11,title=instructions.crypto of branch%3A failed::worse: ",
		"line=18,title=objective missed::", "::warning ", "::notice ", "%250A",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
}

func TestGitLabFingerprints(t *testing.T) {
	read := func(a *analysis.Analysis) (all []string) {
		var entries []struct {
			Fingerprint, Severity, Description string
			Location                           struct {
				Path  string
				Lines struct{ Begin int }
			}
		}
		if err := json.Unmarshal(render(t, outputs(reports.New(a))["gitlab.json"]), &entries); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Location.Path != "ci/gate.yaml" || e.Location.Lines.Begin < 1 || e.Description == "" || e.Severity == "" {
				t.Errorf("got %+v", e)
			}
			all = append(all, e.Fingerprint)
		}
		return all
	}
	got := read(gated())
	if once := slices.Compact(slices.Sorted(slices.Values(got))); len(once) != len(got) {
		t.Errorf("two entries have the same fingerprint: %v", got)
	}
	other := gated()
	for i := range other.Effects {
		if r := other.Effects[i].Judged; r != nil && r.Ratio != nil {
			r.Ratio = &effect.Ratio{Point: r.Ratio.Point * 1.0001, Lo: r.Ratio.Lo, Hi: r.Ratio.Hi}
		}
	}
	if again := read(other); !slices.Equal(again, got) {
		t.Errorf("another estimate has other fingerprints: %v, %v", again, got)
	}
}

// Four hundred failing cells of names that grow sixfold when they are escaped.
func TestCrowd(t *testing.T) {
	a := crowd(400)
	all := every(a)
	summary := render(t, all["summary.md"])
	if len(summary) >= 60_000 || !bytes.Contains(summary, []byte("rows left out")) || !bytes.Contains(summary, []byte("</details>")) || !bytes.Contains(summary, []byte("tlslab run")) {
		t.Errorf("the summary has %d bytes and ends with %q", len(summary), summary[len(summary)-200:])
	}
	if got := bytes.Count(summary, []byte("\n| ◆ worse")); got < 10 {
		t.Errorf("the summary has %d rows, want 10 at least", got)
	}
	github := string(render(t, all["github.txt"]))
	if got := strings.Count(github, "\n"); got != 10 || strings.Count("\n"+github, "\n::error ") != 10 || !strings.HasSuffix(github, "::391 more in the summary\n") {
		t.Errorf("400 gates failed, got %d annotations:\n%s", got, github)
	}
	var gitlab []any
	if err := json.Unmarshal(render(t, all["gitlab.json"]), &gitlab); err != nil || len(gitlab) != 10 {
		t.Errorf("got %d entries of code quality, %v", len(gitlab), err)
	}
	page := render(t, all["report.html"])
	if got := bytes.Count(page, []byte("gate failed")); got < 400 {
		t.Errorf("the page has %d failed gates", got)
	}
	var cases suites
	if err := xml.Unmarshal(render(t, all["junit.xml"]), &cases); err != nil || cases.Failures != 400 {
		t.Errorf("got %d failures, %v", cases.Failures, err)
	}
}

// Ten annotations are shown, eleven are nine and a remark.
func TestAnnotationsAtMost(t *testing.T) {
	for n, want := range map[int]int{0: 0, 1: 1, 9: 9, 10: 10, 11: 10, 12: 10} {
		text := string(render(t, outputs(reports.New(crowd(n)))["github.txt"]))
		if got := strings.Count(text, "\n"); got != want {
			t.Errorf("%d failed gates: got %d annotations, want %d", n, got, want)
		}
		if more := fmt.Sprintf("::%d more in the summary\n", n-9); strings.HasSuffix(text, more) != (n > 10) {
			t.Errorf("%d failed gates: the last annotation is %q", n, text[max(0, len(text)-60):])
		}
	}
}

// However long the names are, a summary is short and whole.
func TestSummaryOfLongNames(t *testing.T) {
	a := gated()
	long := strings.Repeat("@", 70_000)
	a.Summary.Sentence, a.Manifest.Scenario.Name, a.Manifest.Environment.CPUModel, a.Manifest.Tool = long, long, long, long
	for i := range a.Effects {
		a.Effects[i].Cell, a.Effects[i].Candidate.Variant = fmt.Sprint(i, long), long
	}
	for range 100 {
		a.Objectives = append(a.Objectives, analysis.Objective{Objective: results.Objective{Text: long}, State: analysis.Missed, Detail: long})
		a.Null = append(a.Null, analysis.NullControl{Metric: long})
	}
	summary := render(t, reports.New(a).WriteSummary)
	if len(summary) >= 60_000 || !bytes.HasSuffix(summary, []byte("-o DIR`\n")) {
		t.Errorf("the summary has %d bytes and ends with %q", len(summary), summary[max(0, len(summary)-100):])
	}
	if opened, closed := bytes.Count(summary, []byte("<details>")), bytes.Count(summary, []byte("</details>")); opened != closed {
		t.Errorf("%d folds are opened, %d closed", opened, closed)
	}
}

func TestQuietSummaryIsOneLine(t *testing.T) {
	cell := calm().Series[0].Cell
	for _, c := range []struct {
		name   string
		change func(*analysis.Analysis)
		quiet  bool
	}{
		{"all the same", func(*analysis.Analysis) {}, true},
		{"an effect without a gate is worse", func(a *analysis.Analysis) { a.Effects[1].Verdict = effect.Worse }, true},
		{"better", func(a *analysis.Analysis) { gate(a, cell, "branch", "server_cpu", 3, effect.Better) }, false},
		{"an expected regression", func(a *analysis.Analysis) {
			gate(a, cell, "branch", "server_cpu", 3, effect.Worse).Failed = false
		}, false},
		{"undecided, and passed by order", func(a *analysis.Analysis) { gate(a, cell, "branch", "server_cpu", 3, effect.Inconclusive) }, false},
		{"an objective that nobody checked", func(a *analysis.Analysis) { a.Objectives[0].State = analysis.Unchecked }, false},
		{"another exit code", func(a *analysis.Analysis) { a.Summary.Exit = 3 }, false},
		{"a null control fired", func(a *analysis.Analysis) { a.Null = []analysis.NullControl{{Fired: true}} }, false},
		{"no gate, and something differs", func(a *analysis.Analysis) {
			a.Manifest.Gates, a.Effects[0].Gated = nil, false
			a.Effects[0].Verdict = effect.Worse
		}, false},
	} {
		a := calm()
		c.change(a)
		text := render(t, reports.New(a).WriteSummary)
		if lines := bytes.Count(text, []byte("\n")); (lines == 1) != c.quiet {
			t.Errorf("%s: got %d lines", c.name, lines)
		}
	}
}

// What speaks for a slower code path, and what does not.
func TestCorroboration(t *testing.T) {
	section := func(a *analysis.Analysis) string {
		return string(render(t, func(w io.Writer) error {
			return reports.New(a, reports.Gates).WriteText(w, reports.Options{Width: 1000})
		}))
	}
	text := section(gated())
	full, resumed := "full/P-384/ecdsa-p384/server-auth", "resumed/P-384/ecdsa-p384/server-auth"
	for _, want := range []string{
		"server_cpu of branch in " + full + ": worse too: instructions.crypto, most in crypto/mlkem (+65,300)",
		"server_cpu of branch in " + resumed + ": timing only: layout, frequency or memory\n",
		"instructions.crypto of branch in " + full + ": most of it in crypto/mlkem (+65,300)",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	a := gated()
	a.Effects = slices.DeleteFunc(a.Effects, func(e analysis.Effect) bool { return e.Exact })
	if text := section(a); !strings.Contains(text, "timing only: layout, frequency or memory (instructions were not counted)") {
		t.Errorf("nothing was counted:\n%s", text)
	}
}

func TestGatesAreInOrder(t *testing.T) {
	text := string(render(t, func(w io.Writer) error {
		return reports.New(gated(), reports.Gates).WriteText(w, reports.Options{Width: 1000})
	}))
	at := -1
	for _, metric := range []string{"instructions.crypto", "server_cpu", "handshake_rate", "service_p99"} {
		next := strings.Index(text, " "+metric+", ")
		if next <= at {
			t.Errorf("%s is out of place:\n%s", metric, text)
		}
		at = next
	}
}

func TestGatingSentences(t *testing.T) {
	for _, c := range []struct {
		name string
		g    analysis.Gating
		want []string
	}{
		{"looks", *gated().Gating, []string{"after 10, 20 and 40 groups per cell, 2 of 3 looks taken", "level of 2.2 %", "4 cpu, 1 rate, 3 latency", "at most 7.5 % of all runs; in at most 0.19 % after"}},
		{"one look", analysis.Gating{Looks: []int{20}, Taken: 1, Level: 0.05, Once: 0.025, Confirmed: 0.025}, []string{"once, after 20 groups per cell, at a level of 5 %", "2.5 % of all runs; failed gates are not measured again"}},
		{"exact only", analysis.Gating{Level: 0.05}, []string{"once, at the end", "does not depend on chance"}},
	} {
		a := gated()
		a.Gating = &c.g
		text := string(render(t, func(w io.Writer) error {
			return reports.New(a, reports.Gates).WriteText(w, reports.Options{Width: 1000})
		}))
		for _, want := range c.want {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", c.name, want, text)
			}
		}
	}
}

// A counter that knows no packages gives totals, and what was not counted has no value.
func TestCountedTotals(t *testing.T) {
	a := gated()
	a.Effects = nil
	for i := range a.Exact {
		a.Exact[i].Key.Counter, a.Exact[i].Key.Seeded = "perf_event", false
		a.Exact[i].Server.Instructions, a.Exact[i].Client.Instructions = map[string]float64{"": 9e6}, nil
	}
	a.Exact[1].Server.Instructions = nil
	text := string(render(t, func(w io.Writer) error { return reports.New(a, reports.Counted).WriteText(w, reports.Options{}) }))
	for _, want := range []string{"By perf_event, unseeded, from 10 to 110 handshakes.\n", " 9,000,000 ", "no value", "419.5", "3,192 B"} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, text)
		}
	}
	for _, not := range []string{"cryptography", "allgrind", "Packages"} {
		if strings.Contains(text, not) {
			t.Errorf("has %q:\n%s", not, text)
		}
	}
}

// What was counted is drawn as a point, with nothing to either side.
func TestCountedEffectsHaveNoWhisker(t *testing.T) {
	a := gated()
	a.Effects = slices.DeleteFunc(a.Effects, func(e analysis.Effect) bool { return !e.Exact || e.Ratio == nil })
	d := reports.New(a, reports.Effects)
	rows := 0
	for _, i := range d.Sections[0].Items {
		if i.Forest == nil {
			continue
		}
		for _, r := range i.Forest.Rows {
			rows++
			if r.Strip == nil || r.Strip.Lo != "" || r.Strip.Hi != "" || r.Strip.Point == "" || strings.Contains(r.Ratio, "[") {
				t.Errorf("got %s, %+v", r.Ratio, r.Strip)
			}
		}
	}
	if rows != len(a.Effects) {
		t.Errorf("got %d rows of %d effects", rows, len(a.Effects))
	}
	if page := render(t, d.WriteHTML); bytes.Contains(page, []byte(`class="ci"`)) {
		t.Error("the page draws an interval")
	}
}

func TestJSONGating(t *testing.T) {
	d := decode(t, gated())
	if g := d.Gating; g == nil || g.Taken != 2 || len(g.Looks) != 3 || len(g.Families) != 4 || g.Confirmed >= g.Once {
		t.Errorf("got %+v", d.Gating)
	}
	if len(d.Null) != 3 || d.Null[2].Ratio != nil || !d.Null[1].Fired || len(d.Objectives) != 3 || len(d.Exact) != 5 {
		t.Errorf("got %+v, %+v, %d counts", d.Null, d.Objectives, len(d.Exact))
	}
	standings := map[string]int{}
	for _, e := range d.Effects {
		switch j := e.Judged; {
		case e.Gated != (j != nil):
			t.Errorf("%s in %s: gated %v, judged %+v", e.Metric, e.Cell, e.Gated, j)
		case j != nil:
			standings[j.Standing]++
			if e.Exact != (j.Level == nil) || j.Line == 0 {
				t.Errorf("%s in %s: exact %v, judged %+v", e.Metric, e.Cell, e.Exact, j)
			}
		}
	}
	want := map[string]int{"failed": 3, "invalid": 2, "not confirmed": 1, "inconclusive": 2, "expected": 1, "advisory": 1, "passed": 3}
	if !maps.Equal(standings, want) {
		t.Errorf("got %v, want %v", standings, want)
	}
	if text := render(t, reports.New(sample()).WriteJSON); bytes.Contains(text, []byte(`"gating"`)) || bytes.Contains(text, []byte(`"exact": [`)) {
		t.Error("a run without gating has keys of it")
	}
}
