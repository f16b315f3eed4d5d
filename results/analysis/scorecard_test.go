package analysis

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/results"
)

func TestScorecardOf(t *testing.T) {
	if got := ScorecardOf(nil); got != nil {
		t.Errorf("of nothing: got %v", got)
	}
	card := scorecard.Card{
		Target: "lab",
		Trials: []scorecard.Trial{
			{Injection: "rename", Handshakes: 100, Held: 4, Stale: 22 * ms, Mixed: ms, Moves: []scorecard.Moved{{Want: rotation.Adopt, Adopted: true, After: 22 * ms}}},
			{Injection: "ca-replace", Skipped: "it reads no authorities"},
			{Injection: "same-content", Moves: []scorecard.Moved{{Want: rotation.Keep, Generation: 1, Adopted: true}, {Want: rotation.Keep, Generation: 2, Adopted: true}}},
			{Injection: "hard-link", Handshakes: 100, Held: 4, Dropped: 1, Stale: time.Second, Mixed: 2 * ms, Regressed: 1, Died: "signal: killed",
				Failed: map[string]uint64{"reset": 2, "timeout": 1}, Defects: []string{"never adopted"},
				Moves: []scorecard.Moved{{Want: rotation.Keep}, {Want: rotation.Adopt}, {Want: rotation.Any, Adopted: true, After: ms}}},
		},
		Crash: []scorecard.Crash{{Before: 2, After: 2}, {Before: 2, After: 1, Defects: []string{"regressed"}}, {Before: 2, Defects: []string{"serves nothing"}}},
	}
	got := ScorecardOf(&results.Scorecard{Cards: []scorecard.Card{card}})[0]
	want := Scored{
		Card: card, Passed: 2, Skipped: 1, Wrong: 1, Awaited: 2, Never: 1, After: Delays{22 * ms}, Handshakes: 200, Failed: 3, Regressed: 1,
		Stale: 1022 * ms, Mixed: 2 * ms, Held: 8, Dropped: 1, Died: 1, Crashes: Crashes{Cells: 3, Defects: 2, Regressed: 1, Silent: 1},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got.Defects() != 3 {
		t.Errorf("got %d defects, want 3", got.Defects())
	}
	got.Soak = &scorecard.Soak{Rotations: 10, Adopted: 10, Leaks: []string{"descriptors"}}
	got.Command = &scorecard.Soak{Rotations: 10, Adopted: 10}
	got.Kills = &scorecard.Kills{Kills: 200, Regressed: 1}
	if got.Defects() != 5 {
		t.Errorf("with a leak and a regression: got %d defects, want 5", got.Defects())
	}
}

func TestSummaryTellsScorecards(t *testing.T) {
	good := ScorecardOf(&results.Scorecard{Cards: []scorecard.Card{{Target: "lab", Trials: []scorecard.Trial{{}}}, {Target: "shipped", Trials: []scorecard.Trial{{Defects: []string{"late"}}}}}})
	s := summarize(&Analysis{Scorecard: good}, nil)
	if want := "scorecard: 1 of 2 strategies without a defect: lab"; s.Sentence != want {
		t.Errorf("got %q, want %q", s.Sentence, want)
	}
	if found := strings.Join(s.Findings, "; "); !strings.Contains(found, "scorecard of shipped: 0 of 1 injections without a defect") {
		t.Errorf("got the findings %q", found)
	}
}
