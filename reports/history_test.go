package reports_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/history"
)

// nights are n nightly runs of one machine in so many cells: the candidate costs 5 % more from the 30th on, and every
// 17th run is invalid.
func nights(n, cells int) []history.Point {
	var points []history.Point
	for night := range n {
		p := history.Point{
			When: time.Date(2026, 3, 1+night, 2, 0, 0, 0, time.UTC), Scenario: "nightly", Commit: fmt.Sprintf("c0ffee%02d", night),
			Host:     history.Host{CPU: "Example CPU 9000", Kernel: "6.8.0", Go: "go1.26.8"},
			Baseline: "std", Values: history.Values{}, Effects: history.Effects{},
		}
		r := 1 + 0.001*float64(night*7%5)
		if night >= 30 {
			r *= 1.05
		}
		if night%17 == 16 {
			p.Exit, r = 3, 9
		}
		for c := range cells {
			name := fmt.Sprintf("full/X25519MLKEM768/ecdsa-p256/server-auth/%d", c)
			p.Values[name] = map[string]map[string]float64{
				"std": {"server_cpu": 0.0006, "instructions.crypto": 6_231_225},
				"pr":  {"server_cpu": 0.0006 * r, "instructions.crypto": 6_231_225},
			}
			p.Effects[name] = map[string]map[string]history.Effect{"pr": {
				"server_cpu":     {Ratio: r, Lo: r * 0.99, Hi: r * 1.01, Margin: 0.02, Gated: true},
				"counted.allocs": {Ratio: 1, Lo: 1, Hi: 1, Margin: 0.005, Gated: true},
				"service_p99":    {Ratio: 1.01, Lo: 0.8, Hi: 1.2, Margin: 0.1},
			}}
		}
		points = append(points, p)
	}
	return points
}

// elsewhere are two runs on another machine, with the names of a stranger.
func elsewhere() []history.Point {
	points := nights(2, 1)
	for i := range points {
		p := &points[i]
		p.Host.CPU, p.Commit = hostile, ""
		p.Values = nil
		p.Effects = history.Effects{hostile: {hostile: {"server_cpu": {Ratio: 1, Lo: 0.9, Hi: 1.1}}}}
	}
	return points
}

func historyOf(points []history.Point) *reports.Document {
	return reports.New(&analysis.Analysis{}, reports.History(points))
}

func TestHistory(t *testing.T) {
	d := historyOf(append(elsewhere(), nights(60, 1)...))
	golden(t, "history.txt", render(t, func(w io.Writer) error { return d.WriteText(w, reports.Options{}) }))
	golden(t, "history.md", render(t, d.WriteMarkdown))
}

func TestHistoryPage(t *testing.T) {
	points := append(elsewhere(), nights(60, 1)...)
	d := reports.New(sample(), append(reports.Standard(), reports.History(points))...)
	page := render(t, d.WriteHTML)
	checkPage(t, page)
	if again := render(t, d.WriteHTML); !bytes.Equal(page, again) {
		t.Error("rendered twice, the bytes differ")
	}
	for _, want := range []string{
		`id="history-1-title"`, `y="12.0">1</text>`, "1: 1.002x\u00a0→\u00a01.052x", "2026-04-29 <small>c0ffee59",
	} {
		if !bytes.Contains(page, []byte(want)) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if bytes.Contains(page, []byte("service_p99 of")) {
		t.Error("the page follows a metric that is neither gated nor server CPU")
	}
}

func TestHistoryFitsItsWidth(t *testing.T) {
	text := render(t, func(w io.Writer) error { return historyOf(nights(60, 2)).WriteText(w, reports.Options{Width: 80}) })
	for line := range strings.Lines(string(text)) {
		if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > 80 {
			t.Errorf("a line has %d columns: %s", n, line)
		}
	}
}

func TestHistoryOfNothing(t *testing.T) {
	if d := historyOf(nil); len(d.Sections) != 0 {
		t.Errorf("got %d sections without a run", len(d.Sections))
	}
	invalid := nights(17, 1)[16:]
	if d := historyOf(invalid); len(d.Sections) != 1 || len(d.Sections[0].Items) != 1 {
		t.Errorf("got %+v of an invalid run, want its number alone", d.Sections)
	}
}

func TestHistoryOfManyMachines(t *testing.T) {
	points := nights(6, 1)
	for i := range points {
		points[i].Host.Kernel = fmt.Sprintf("6.%d", i)
	}
	text := string(render(t, func(w io.Writer) error { return historyOf(points).WriteText(w, reports.Options{}) }))
	for _, want := range []string{"kernel 6.5", "kernel 6.2", "older runs that are not shown: 2"} {
		if !strings.Contains(text, want) {
			t.Errorf("the text lacks %q", want)
		}
	}
	if strings.Contains(text, "kernel 6.1") || strings.Index(text, "kernel 6.5") > strings.Index(text, "kernel 6.4") {
		t.Errorf("the latest machines do not come first:\n%s", text)
	}
}

// Series that differ from nothing, or are nothing, have an axis too.
func TestHistoryOfConstants(t *testing.T) {
	points := nights(3, 1)
	for i := range points {
		for _, variants := range points[i].Values {
			variants["std"]["syscalls"] = 0
			variants["std"]["instructions.runtime"] = -3
		}
	}
	page := render(t, historyOf(points).WriteHTML)
	checkPage(t, page)
	for _, not := range []string{"NaN", "Inf"} {
		if bytes.Contains(page, []byte(not)) {
			t.Errorf("the page has %s", not)
		}
	}
}

// What a long history adds to the page of a large matrix.
func TestHistorySize(t *testing.T) {
	points := nights(100, 40)
	with, without := len(render(t, historyOf(points).WriteHTML)), len(render(t, historyOf(nil).WriteHTML))
	t.Logf("100 runs of 40 cells add %d bytes", with-without)
	if most := 1_000_000; with-without > most {
		t.Errorf("100 runs of 40 cells add %d bytes, want at most %d", with-without, most)
	}
}
