package scenarios

import (
	"reflect"
	"strings"
	"testing"
	"time"

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
	const text = "variants: [{name: a}, {name: b, server: {reload: {strategy: poll-shipped}}}]\n" +
		"server: {reload: {strategy: reference}}\nload: {}\n"
	without := planned(t, text, linux())
	for _, tt := range []struct {
		scorecard string
		want      time.Duration
	}{
		{"{injections: [rename, in-place], at_once: 1}", 2 * 2 * trialTime},
		{"{injections: [rename, in-place], at_once: 2}", 2 * trialTime},
		{"{injections: [rename, in-place], at_once: 2, rotations: 1000}", 2*trialTime + 24*time.Second},
		{"{injections: [rename, in-place], at_once: 2, crash: true}", 2*trialTime + 22400*time.Millisecond}, // of reference alone
	} {
		p := planned(t, text+"scorecard: "+tt.scorecard, linux())
		if got := p.Estimate() - without.Estimate(); got != tt.want {
			t.Errorf("%s: takes %s more, want %s", tt.scorecard, got, tt.want)
		}
	}
}
