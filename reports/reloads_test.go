package reports_test

import (
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/analysis"
)

func TestReloadsGolden(t *testing.T) {
	d := reports.New(reloading(), reports.Reloads)
	all := writers(d)
	for _, name := range []string{"report.html", "report.json", "report.md", "report.txt", "narrow.txt"} {
		t.Run(name, func(t *testing.T) { golden(t, "reloads-"+name, render(t, all[name])) })
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

func TestNoReloadsWithoutData(t *testing.T) {
	for name, a := range map[string]*analysis.Analysis{"empty": {}, "measured": sample()} {
		if d := reports.New(a, reports.Reloads); len(d.Sections) > 0 {
			t.Errorf("%s: got %d sections", name, len(d.Sections))
		}
	}
}

func TestReloadsSay(t *testing.T) {
	text := strings.ReplaceAll(string(render(t, func(w io.Writer) error {
		return reports.New(reloading(), reports.Reloads).WriteText(w, reports.Options{Width: 100_000})
	})), "\u00a0", " ")
	for _, want := range []string{
		"◆ 2.10 s", "◆ never", "● kept", "◆ adopted!", "◆ died (never)", "● 22.0 ms",
		"◆ 2.10 s (3 failed, 1 regressed, 1 dropped)",
		"Without a defect in any strategy: torn-key.",
		"Not made here: wrong-owner (takes root).",
		"handshakes failed in 3 of 7 blocks: guards refuse such blocks",
		"7 rotations not adopted when the block ended",
		"9 scalar", "56 of 57",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q", want)
		}
	}
}

func TestJSONHasReloads(t *testing.T) {
	if got, want := decode(t, reloading()), reports.DataOf(reloading()); !reflect.DeepEqual(got, want) {
		t.Error("what was read is not what was written")
	}
	d := decode(t, reloading())
	if r := d.Reloads[1]; r.Adopted != 40 || r.After.P90 == nil || r.After.P99 != nil || r.After.Count != 40 || r.Timeline.Valid || len(r.Timeline.Slots) != 396 {
		t.Errorf("got %+v", r)
	}
	if c := d.Scorecard[0]; c.Never != 2 || c.Wrong != 1 || c.Skipped != 1 || c.Soak.After.P99 != nil || c.Soak.Before.Goroutines != nil || c.Crashes[2].After != nil {
		t.Errorf("got %+v", c)
	}
	if c := d.Scorecard[2]; c.Defects != 0 || *c.Soak.After.P999 != 0.027 || *c.Trials[0].Moves[0].After != 0.022 || c.Trials[0].Moves[0].Published != nil {
		t.Errorf("got %+v", c)
	}
	if d.Variants[3].Reload != "reference" {
		t.Errorf("got the variant %+v", d.Variants[3])
	}
}
