package reports_test

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

func TestExplainedGolden(t *testing.T) {
	all := writers(reports.New(explained(), reports.Standard()...))
	for _, name := range []string{"report.html", "report.json", "report.md", "report.txt"} {
		t.Run(name, func(t *testing.T) { golden(t, "explained-"+name, render(t, all[name])) })
	}
}

// A process without a scenario has no cell, no variant, no effect and no block, and is explained all the same.
func TestExplainingAProcess(t *testing.T) {
	d := reports.New(process(), reports.Explaining()...)
	var got []string
	for _, s := range d.Sections {
		got = append(got, s.ID)
	}
	if want := "time syscalls operations tail audit"; strings.Join(got, " ") != want {
		t.Errorf("got the sections %v, want %s", got, want)
	}
	text := render(t, func(w io.Writer) error { return d.WriteText(w, reports.Options{}) })
	golden(t, "process.txt", text)
	checkPage(t, render(t, d.WriteHTML))
}

func TestNothingIsExplainedWithoutObservation(t *testing.T) {
	for name, a := range map[string]*analysis.Analysis{"empty": {}, "measured": sample()} {
		if d := reports.New(a, reports.Explaining()...); len(d.Sections) > 0 {
			t.Errorf("%s: got %d sections", name, len(d.Sections))
		}
	}
}

// An explanation of nothing is possible: the observer attached, and no handshake came.
func TestExplanationWithoutHandshakes(t *testing.T) {
	a := &analysis.Analysis{Explanations: []analysis.Explanation{{Explained: &attribution.Explained{}}}}
	d := reports.New(a, reports.Explaining()...)
	for name, write := range writers(d) {
		if got := render(t, write); bytes.Contains(got, []byte("NaN")) || bytes.Contains(got, []byte("Inf")) {
			t.Errorf("%s has a number that is none", name)
		}
	}
	checkPage(t, render(t, d.WriteHTML))
}

// Where nobody watched the handshakes, nothing is told for each of them: what was not measured is no zero.
func TestSyscallsWithoutHandshakes(t *testing.T) {
	read := attribution.Syscall{Syscall: account.Syscall{Name: "read", Count: 1000, Time: account.Times{account.Kernel: time.Second}}}
	e := &attribution.Explained{Tier: account.Partial, Length: time.Second, Syscalls: []attribution.Syscall{read}}
	e.Identity.Rows = []attribution.Row{{Class: account.Network}}
	d := reports.New(&analysis.Analysis{Explanations: []analysis.Explanation{{Explained: e}}}, reports.Explaining()...)
	text := string(render(t, func(w io.Writer) error { return d.WriteText(w, reports.Options{}) }))
	if !strings.Contains(text, "no handshake was observed") || strings.Contains(text, "network") {
		t.Errorf("a time of handshakes is told: %s", text)
	}
	for line := range strings.Lines(text) {
		if f := strings.Fields(line); len(f) > 4 && f[0] == "read" && strings.Join(f[1:5], " ") != "no value no value" {
			t.Errorf("of no handshakes: %s", line)
		}
	}
}

func TestAlarmComesFirst(t *testing.T) {
	a := explained()
	if got := reports.New(a, reports.Standard()...).Sections[0].ID; got != "alarm" {
		t.Errorf("a failed check: the first section is %s", got)
	}
	a.Explanations = a.Explanations[:2]
	if got := reports.New(a, reports.Standard()...).Sections[0].ID; got != "alarm" {
		t.Errorf("a plant that was not found: the first section is %s", got)
	}
	a.Plants = a.Plants[:1]
	if got := reports.New(a, reports.Standard()...).Sections[0].ID; got != "verdict" {
		t.Errorf("no failed check: the first section is %s", got)
	}
}

func TestExplainedTextFitsItsWidth(t *testing.T) {
	for _, width := range []int{100, 120} {
		text := render(t, func(w io.Writer) error {
			return reports.New(explained(), reports.Standard()...).WriteText(w, reports.Options{Width: width})
		})
		for _, line := range strings.Split(string(text), "\n") {
			if n := len([]rune(line)); n > width {
				t.Errorf("at width %d a line has %d columns: %s", width, n, line)
			}
		}
	}
}

func TestExplainedPageIsWhole(t *testing.T) {
	checkPage(t, render(t, reports.New(explained(), reports.Standard()...).WriteHTML))
}

// Few cells are drawn in detail; many share the room.
func TestExplainedSize(t *testing.T) {
	for _, c := range []struct{ cells, limit int }{{2, 720_000}, {10, 2_500_000}} {
		got := len(render(t, reports.New(observed(c.cells, 600), reports.Standard()...).WriteHTML))
		if got > c.limit {
			t.Errorf("%d cells of 3 variants are %d bytes, want at most %d", c.cells, got, c.limit)
		} else {
			t.Logf("%d cells of 3 variants are %d bytes", c.cells, got)
		}
	}
}

// What adds up in the analysis adds up in JSON, and what is no number is null.
func TestJSONExplains(t *testing.T) {
	d := decode(t, explained())
	std := d.Explanations[0]
	wall, sum := *std.Wall.Mean.Value, 0.0
	for _, c := range std.Identity {
		sum += *c.Mean.Value
	}
	if math.Abs(sum/wall-1) > 1e-9 {
		t.Errorf("the classes make %v s of %v s", sum, wall)
	}
	sum = 0
	for _, p := range d.Differences[0].Parts {
		sum += *p.Value.Value
	}
	if wall := *d.Differences[0].Wall.Value; math.Abs(sum/wall-1) > 1e-9 {
		t.Errorf("the parts of the difference make %v s of %v s", sum, wall)
	}
	if rho := std.Correlations[3].Rho; rho.Value != nil {
		t.Errorf("a correlation that is none is %v", *rho.Value)
	}
	if few := d.Explanations[2]; few.Wall.Slow != nil || few.Tail != nil || few.Wall.Mean.Low != nil {
		t.Errorf("of too few handshakes there is a tail or an interval: %+v", few.Wall)
	}
	if got := len(std.Windows); got != 210 {
		t.Errorf("got %d windows, want all 210", got)
	}
	if r := d.Observer[1].Ratio; r == nil || r.Hi != nil {
		t.Errorf("a ratio without interval is %+v", r)
	}
}
