package scenarios

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// moving is the begin of a file whose variants have certificates that may change.
const moving = "server: {reload: {strategy: poll-described, interval: 100ms, slow_stat: 50ms}}\nload: {loop: open, length: 5s, arrival: {rate: 100/s}}\n"

func TestReloadSettings(t *testing.T) {
	for _, tt := range []struct {
		variant string
		want    reload.Settings
	}{
		{"", reload.Settings{Strategy: "poll-described", Interval: 100 * time.Millisecond, SlowStat: 50 * time.Millisecond}},
		{"interval: 10s", reload.Settings{Strategy: "poll-described", Interval: 10 * time.Second, SlowStat: 50 * time.Millisecond}},
		{"strategy: reference", reload.Settings{Strategy: "reference", Interval: 100 * time.Millisecond, SlowStat: 50 * time.Millisecond}},
		{"strategy: reference, debounce: 5ms", reload.Settings{
			Strategy: "reference", Interval: 100 * time.Millisecond, Debounce: 5 * time.Millisecond, SlowStat: 50 * time.Millisecond}},
		{"strategy: notify-shipped", reload.Settings{Strategy: "notify-shipped", SlowStat: 50 * time.Millisecond}},
		{"strategy: static", reload.Settings{Strategy: "static"}},
	} {
		s := parsed(t, moving+"variants: [{name: a, server: {reload: {"+tt.variant+"}}}, {name: b, extends: a}, {name: c}]")
		if got := *s.Variants[0].Server.Reload; got != tt.want {
			t.Errorf("{%s}: got %+v, want %+v", tt.variant, got, tt.want)
		}
		if got := *s.Variants[1].Server.Reload; got != tt.want {
			t.Errorf("{%s}: the variant that extends it has %+v, want %+v", tt.variant, got, tt.want)
		}
		if got := s.Variants[2].Server.Reload; *got != *s.Server.Reload {
			t.Errorf("{%s}: another variant has %+v, want %+v", tt.variant, got, s.Server.Reload)
		}
	}
}

func TestDisturb(t *testing.T) {
	scenarios := []rotation.Disturbance{{Every: 100 * time.Millisecond, By: rotation.Rename}}
	for _, tt := range []struct {
		variant string
		want    []rotation.Disturbance
	}{
		{"", scenarios},
		{", disturb: []", nil},
		{", disturb: [{inject: rename, at: 0s}]", []rotation.Disturbance{{Inject: "rename"}}},
		{", disturb: [{rotate: {every: 1s, by: hard-link}}]", []rotation.Disturbance{{Every: time.Second, By: rotation.HardLink}}},
	} {
		s := parsed(t, moving+"disturb: [{rotate: {every: 100ms}}]\nvariants: [{name: a"+tt.variant+"}, {name: b, extends: a}, {name: c}]")
		for i, want := range [][]rotation.Disturbance{tt.want, tt.want, scenarios} {
			if got := s.Variants[i].Disturb; len(got)+len(want) > 0 && !reflect.DeepEqual(got, want) {
				t.Errorf("{%s}: %s has %+v, want %+v", tt.variant, s.Variants[i].Name, got, want)
			}
		}
	}
}

// What the scenario says reaches variants only where there is something to adopt it.
func TestDisturbWithoutReload(t *testing.T) {
	s := parsed(t, "variants: [{name: a}, {name: b, server: {reload: {strategy: static}}}]\nload: {}\ndisturb: [{rotate: {every: 100ms}}]")
	if a, b := s.Variants[0].Disturb, s.Variants[1].Disturb; len(a) != 0 || len(b) != 1 {
		t.Errorf("got %+v and %+v, want none and one", a, b)
	}
}

func TestClosedLoopDoubt(t *testing.T) {
	const text = "variants: [{name: a}]\nserver: {reload: {strategy: reference}}\ndisturb: [{rotate: {every: 100ms}}]\n"
	for _, tt := range []struct {
		load  string
		doubt bool
	}{
		{"load: {length: 1s}", true},
		{"load: {loop: open, length: 1s, arrival: {rate: 100/s}}", false},
	} {
		p := planned(t, text+tt.load, linux())
		if got := strings.Contains(strings.Join(p.Warnings, "\n"), "certificates of a change under a closed loop"); got != tt.doubt {
			t.Errorf("%s: got warnings %q", tt.load, p.Warnings)
		}
	}
}

// One server is put through the catalogue once, whatever disturbs its blocks.
func TestCarded(t *testing.T) {
	const text = `
server: {reload: {strategy: reference}}
disturb: [{rotate: {every: 100ms}}]
load: {loop: open, length: 1s, arrival: {rate: 100/s}}
variants:
  - {name: calm, disturb: []}
  - {name: slow, server: {reload: {slow_stat: 50ms}}}
  - {name: secret, build: {experiment: runtimesecret}}
  - {name: polling, server: {reload: {strategy: poll-shipped}}}
  - {name: storm}
`
	for _, tt := range []struct {
		scorecard string
		want      string
		says      []string
	}{
		{"", "", nil},
		{"scorecard: {injections: rename, rotations: 1000, crash: true, at_once: 2}", "slow secret polling storm", []string{
			"scorecard of 4 variants",
			"1 injection:     into a fresh process each, 2 side by side",
			"1000 rotations:  in a row",
			"112 crashes:     slow, secret, storm",
			"no crash:        polling, whose",
		}},
	} {
		p := planned(t, text+tt.scorecard, linux())
		var names []string
		for _, v := range p.Carded() {
			names = append(names, v.Name)
		}
		if got := strings.Join(names, " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.scorecard, got, tt.want)
		}
		var out strings.Builder
		if err := p.Describe(&out); err != nil {
			t.Fatal(err)
		}
		for _, want := range tt.says {
			if !strings.Contains(out.String(), want) {
				t.Errorf("no %q in\n%s", want, out.String())
			}
		}
		if strings.Contains(out.String(), "scorecard of") != (tt.want != "") {
			t.Errorf("a scorecard that nobody asked for:\n%s", out.String())
		}
	}
}

func TestScorecardTime(t *testing.T) {
	const text = "variants: [{name: a, server: {reload: {strategy: poll-shipped}}}, {name: b, server: {reload: {strategy: STRATEGY}}}]\nload: {}\n"
	for _, tt := range []struct {
		strategy, scorecard string
		want                time.Duration
	}{
		{"command-boot", "injections: [rename, in-place], at_once: 1", 12 * time.Second},
		{"command-boot", "injections: [rename, in-place], at_once: 2", 6 * time.Second},
		{"command-boot", "injections: rename, at_once: 1, rotations: 1000", 16 * time.Second},
		{"command-boot", "injections: rename, at_once: 1, crash: true", 6*time.Second + 44800*time.Millisecond}, // of one of them
		{"reference", "injections: rename, at_once: 1, rotations: 1000", 36040 * time.Millisecond},
		{"notify-described", "injections: rename, at_once: 1, rotations: 1000", 52100 * time.Millisecond}, // 80 of them, or so
		{"notify-described, debounce: 20ms", "injections: rename, at_once: 1, rotations: 10", 6340 * time.Millisecond},
		{"notify-shipped", "injections: rename, at_once: 1, rotations: 10", 31300 * time.Millisecond},
		{"poll-described, interval: 10s", "injections: rename, at_once: 1", 16 * time.Second},
		{"static", "injections: rename, at_once: 1", 18 * time.Second},
	} {
		text := strings.Replace(text, "STRATEGY", tt.strategy, 1)
		with, without := planned(t, text+"scorecard: {"+tt.scorecard+"}", linux()), planned(t, text, linux())
		if got := with.Estimate() - without.Estimate(); got != tt.want {
			t.Errorf("%s, {%s}: takes %s, want %s", tt.strategy, tt.scorecard, got, tt.want)
		}
	}
}

// What a trial is said to take is what the catalogue asks for, on average: its moves are watched, and a process is
// started and looked at.
func TestTrialTime(t *testing.T) {
	authority, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256, "a.test")
	if err != nil {
		t.Fatal(err)
	}
	var watched time.Duration
	for _, i := range rotation.Catalogue() {
		moves, err := i.Moves(rotation.Place{Dir: t.TempDir(), Method: i.Place}, authority)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range moves {
			watched += m.Hold
		}
	}
	if mean := watched / time.Duration(len(injections())); mean < trialTime/2 || mean > trialTime {
		t.Errorf("moves are watched for %s, a trial is said to take %s", mean, trialTime)
	}
}
