package results

import (
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
)

// reloading is the draft with a reload strategy in its candidate, and a null control.
func reloading() Manifest {
	m := draft()
	m.Variants[1].Reload = &reload.Settings{Strategy: reload.Reference, Debounce: 20 * time.Millisecond}
	m.Variants[1].Disturb = []rotation.Disturbance{{Every: 100 * time.Millisecond, By: rotation.Rename}}
	m.Variants, m.Null = append(m.Variants, Variant{Name: "again", Reload: m.Variants[1].Reload}), "again"
	return m
}

func carded() Scorecard {
	ms := time.Millisecond
	return Scorecard{Cards: []scorecard.Card{{
		Target: "fips140",
		Trials: []scorecard.Trial{{
			Injection: "key-later", Handshakes: 900, Failed: map[string]uint64{"tls: bad certificate": 3}, Held: 4, Dropped: 1,
			Moves: []scorecard.Moved{
				{Name: "certificate", Generation: 2, Want: rotation.Keep, At: ms, Patience: 3 * time.Second, Published: -1},
				{Name: "key", Generation: 2, Want: rotation.Adopt, At: 4 * ms, Adopted: true, After: 22 * ms, Patience: 30 * time.Second, Published: 20 * ms},
			},
			Timeline: []scorecard.Point{{At: ms, Generation: 1, Took: ms}, {At: 2 * ms, Took: ms}},
			Defects:  []string{"3 handshakes failed"},
		}},
		Soak: &scorecard.Soak{Rotations: 10, Adopted: 9, After: []time.Duration{1, 2, 3, 4, 5}, Handshakes: 100, Failed: 1, Held: 2},
		Crash: []scorecard.Crash{
			{Point: "read", How: "kill", Files: "good", Before: 2, Allowed: []uint64{2}, After: 2},
			{Point: "read", How: "kill", Files: "torn", Before: 2, Allowed: []uint64{2}, Why: "does not start"},
			{Point: "read", How: "exit", Files: "torn", Before: 2, Allowed: []uint64{2}, After: 1, Defects: []string{"regressed"}},
		},
		Kills:  &scorecard.Kills{Kills: 3, Mute: 1, Handshakes: 9, Failed: 4, Down: []time.Duration{1, 2, 3, 4, 5}},
		Memory: &scorecard.Memory{Rotations: 10, Retired: 9, Found: 2, Copies: map[string]int{"scalar": 2}, Scanned: 1 << 20},
	}}}
}

func TestScorecard(t *testing.T) {
	want := carded()
	dir := writtenWith(t, reloading(), func(w *Writer) error {
		before := w.HasScorecard()
		if err := w.Scorecard(want); err != nil || before || !w.HasScorecard() {
			t.Errorf("kept %v, then %v, %v", before, w.HasScorecard(), err)
		}
		return nil
	})
	b := must[*Bundle](t)(Open(os.DirFS(dir)))
	if got := must[*Scorecard](t)(b.Scorecard()); !reflect.DeepEqual(*got, want) {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	if !reflect.DeepEqual(b.Variants[1].Reload, reloading().Variants[1].Reload) || len(b.Variants[1].Disturb) != 1 {
		t.Errorf("got the variant %+v", b.Variants[1])
	}
}

func TestScorecardOfNothing(t *testing.T) {
	b := must[*Bundle](t)(Open(os.DirFS(written(t))))
	if got, err := b.Scorecard(); got != nil || err != nil {
		t.Errorf("got %v, %v, want nothing", got, err)
	}
	if got, err := (&Bundle{Manifest: draft()}).Scorecard(); got != nil || err != nil {
		t.Errorf("a bundle put together by hand: got %v, %v", got, err)
	}
}

func TestScorecardRefuses(t *testing.T) {
	for _, c := range []struct {
		says   string
		change func(*scorecard.Card)
	}{
		{`"x" is no variant with a reload strategy`, func(c *scorecard.Card) { c.Target = "x" }},
		{`"std" is no variant with a reload strategy`, func(c *scorecard.Card) { c.Target = "std" }},
		{`"again" is no variant with a reload strategy`, func(c *scorecard.Card) { c.Target = "again" }},
		{`injection "": name empty`, func(c *scorecard.Card) { c.Trials[0].Injection = "" }},
		{"used twice", func(c *scorecard.Card) { c.Trials = append(c.Trials, c.Trials[0]) }},
		{"3 of 2 handshakes failed", func(c *scorecard.Card) { c.Trials[0].Handshakes = 2 }},
		{"5 of 4 held", func(c *scorecard.Card) { c.Trials[0].Dropped = 5 }},
		{"shorter than nothing", func(c *scorecard.Card) { c.Trials[0].Mixed = -1 }},
		{"not in order", func(c *scorecard.Card) { c.Trials[0].Timeline[1].At = 0 }},
		{"generation 1 after 2", func(c *scorecard.Card) { c.Trials[0].Moves[1].Generation = 1 }},
		{`wants "applause"`, func(c *scorecard.Card) { c.Trials[0].Moves[0].Want = "applause" }},
		{"adopted true, after -1ns", func(c *scorecard.Card) { c.Trials[0].Moves[1].After = -1 }},
		{"adopted false, after 22ms", func(c *scorecard.Card) { c.Trials[0].Moves[1].Adopted = false }},
		{"below zero", func(c *scorecard.Card) { c.Trials[0].Moves[0].Published = -2 }},
		{"11 of 10 rotations adopted", func(c *scorecard.Card) { c.Soak.Adopted = 11 }},
		{"101 of 100 handshakes failed", func(c *scorecard.Card) { c.Soak.Failed = 101 }},
		{"3 of 2 held", func(c *scorecard.Card) { c.Soak.Dropped = 3 }},
		{"must be 5 in order", func(c *scorecard.Card) { c.Soak.After[0] = 9 }},
		{"must be 5 in order", func(c *scorecard.Card) { c.Soak.Published = []time.Duration{1} }},
		{"3 of 2 held", func(c *scorecard.Card) { c.Command = &scorecard.Soak{Held: 2, Dropped: 3} }},
		{"2 regressed and 1 mute of 2", func(c *scorecard.Card) { c.Kills = &scorecard.Kills{Kills: 2, Regressed: 2, Mute: 1} }},
		{"down for [2ns 1ns]", func(c *scorecard.Card) { c.Kills = &scorecard.Kills{Down: []time.Duration{2, 1}} }},
		{"is there twice", func(c *scorecard.Card) { c.Crash[2] = c.Crash[1] }},
		{"3 of 4 cells", func(c *scorecard.Card) { c.Crash[2].Point = "published" }},
		{"10 of 9 retired keys", func(c *scorecard.Card) { c.Memory.Found = 10 }},
	} {
		w := must[*Writer](t)(Create(t.TempDir(), reloading()))
		s := carded()
		c.change(&s.Cards[0])
		if err := w.Scorecard(s); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
		w.Close()
	}
}

func TestOneCardForATarget(t *testing.T) {
	m := reloading()
	twice := Scorecard{Cards: append(carded().Cards, carded().Cards...)}
	if err := m.checkScorecard(twice); err == nil || !strings.Contains(err.Error(), "has two cards") {
		t.Errorf("got %v", err)
	}
}

func TestScorecardIsReadStrictly(t *testing.T) {
	dir := writtenWith(t, reloading(), func(w *Writer) error { return w.Scorecard(carded()) })
	whole := filesOf(t, dir)
	for _, c := range []struct{ says, old, by string }{
		{`unknown field "mood"`, `"target"`, `"mood": 1, "target"`},
		{"11 of 10 rotations adopted", `"adopted":9`, `"adopted":11`},
	} {
		files := clone(whole)
		replace(files, scorecardName, c.old, c.by)
		change(t, files, func(*Manifest) {}, scorecardName)
		b := must[*Bundle](t)(Open(files))
		if _, err := b.Scorecard(); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("got %v, want %q", err, c.says)
		}
	}
}

// What the machine calls its directories stays out of the bundle, whoever says it.
func TestReloadingLeaksNothing(t *testing.T) {
	m := reloading()
	m.Variants[1].Reload.Files = reload.Files{Certificate: "/home/alice/tls.crt", Key: "/home/alice/tls.key"}
	m.Variants[1].Reload.State = "/home/alice/state"
	s := carded()
	c := &s.Cards[0]
	c.Trials[0].Died = "panic: open /home/alice/tls.crt: no such file"
	c.Trials[0].Moves[0].Refused = "ERR '/home/alice/tls.key': permission denied"
	c.Trials[0].Failed = map[string]uint64{"dial unix /home/alice/a.sock": 1, "dial unix /home/alice/b/a.sock": 2}
	c.Trials[0].Defects = []string{"never adopted: open /home/alice/tls.key: permission denied"}
	c.Soak.Died, c.Soak.Leaks = "exit status 2: /home/alice/tls.crt", []string{"/home/alice/tls.crt is watched"}
	c.Crash[1].Why = "exec /home/alice/bin/server: killed"
	dir := writtenWith(t, m, func(w *Writer) error { return w.Scorecard(s) })
	if found := must[[]string](t)(Leaks(os.DirFS(dir), "alice")); found != nil {
		t.Errorf("found %q", found)
	}
	got := must[*Scorecard](t)(must[*Bundle](t)(Open(os.DirFS(dir))).Scorecard()).Cards[0]
	if got.Trials[0].Died != "panic: open tls.crt: no such file" || got.Trials[0].Failed["dial unix a.sock"] != 3 || got.Crash[1].Why != "exec server: killed" {
		t.Errorf("got %+v", got)
	}
	if m.Variants[1].Reload.State == "" || c.Crash[1].Why != "exec /home/alice/bin/server: killed" {
		t.Error("the run's own settings and cards were changed")
	}
}

func TestManifestNamesNoFilesOfAStrategy(t *testing.T) {
	files := filesOf(t, writtenWith(t, reloading(), func(*Writer) error { return nil }))
	replace(files, manifestName, `"strategy": "reference"`, `"strategy": "reference", "state": "/home/alice"`)
	if _, err := Open(files); !errors.Is(err, ErrCorrupt) || !strings.Contains(err.Error(), "names files of the machine") {
		t.Errorf("got %v", err)
	}
}
