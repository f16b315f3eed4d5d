package scenarios

import (
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/results"
)

func TestExperimentsInOrder(t *testing.T) {
	for _, tt := range []struct{ asked, want string }{
		{"push", "push"},
		{"[reload, live, push]", "push live reload"},
		{"all", strings.Join(experimentNames(), " ")},
	} {
		s := parsed(t, valid+"experiments: "+tt.asked)
		if got := strings.Join(s.Experiments, " "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.asked, got, tt.want)
		}
	}
}

// The table is the vocabulary of claims: each word of it once, none without a unit.
func TestExperimentsTable(t *testing.T) {
	seen := map[string]bool{}
	for _, e := range Experiments() {
		if seen[e.Name] || e.Takes <= 0 || len(e.Arms) == 0 || len(e.Measures()) == 0 {
			t.Errorf("%+v: used twice, or lacks something", e)
		}
		seen[e.Name] = true
		for _, all := range [][]string{e.Arms, e.Measures()} {
			if sorted := slices.Compact(slices.Sorted(slices.Values(all))); len(sorted) != len(all) {
				t.Errorf("%s: %q has a word twice", e.Name, all)
			}
		}
	}
}

func TestExperimentsTime(t *testing.T) {
	push, _ := experiment("push")
	live, _ := experiment("live")
	with, without := planned(t, valid+"experiments: [push, live]", linux()), planned(t, valid, linux())
	if got, want := with.Estimate()-without.Estimate(), push.Takes+live.Takes; got != want {
		t.Errorf("experiments take %s, want %s", got, want)
	}
}

// A scenario of experiments alone has a plan without blocks.
func TestExperimentsAlone(t *testing.T) {
	p := planned(t, `
experiments: [push]
claims:
  - {claim: "identities  arrive", from: us, experiment: {name: push, arm: agent, measure: push_p99}, holds: "<= 10 ms", expect: holds}
  - {claim: elsewhere, untestable: there is none here}
`, linux())
	if len(p.Variants)+len(p.Cells)+len(p.Blocks)+len(p.Spares)+len(p.Skips)+len(p.Warnings)+len(p.Defaults) > 0 || p.Null != nil || p.Gating != nil {
		t.Errorf("got %+v", p)
	}
	push, _ := experiment("push")
	if got := p.Estimate(); got != push.Takes {
		t.Errorf("takes %s, want %s", got, push.Takes)
	}
	const want = `scenario f, seed 1

experiments (1)
  push:  about 1m50s  agent
  all:   about 1m50s  and nothing else

claims (2)
  H1:  identities arrive
       from us
       holds if push_p99 of the arm agent in push <= 10 ms; expected to hold
  H2:  elsewhere
       not tested here: there is none here
`
	if got := described(t, p); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestBounds(t *testing.T) {
	for _, tt := range []struct {
		text     string
		of       quantity
		operator results.Operator
		value    float64
	}{
		{"<= 10 ms", times, results.AtMost, 0.010},
		{"<10ms", times, results.Less, 0.010},
		{"> 2.5 µs", times, results.More, 0.0000025},
		{">= 1.449", numbers, results.AtLeast, 1.449},
		{" == 0 ", numbers, results.Equals, 0},
		{">= 67 %", shares, results.AtLeast, 0.67},
		{"<= 2 KiB", sizes, results.AtMost, 2048},
		{">= 400/s", rates, results.AtLeast, 400},
	} {
		got, err := readBound(tt.text, tt.of)
		if want := (bound{tt.operator, tt.value}); err != nil || got != want {
			t.Errorf("%q: got %v, %v, want %v", tt.text, got, err, want)
		}
	}
}

// Whatever is in a plan that claims can be about is said before the run.
func TestDescribeClaims(t *testing.T) {
	p := planned(t, `
server: {app: gateway}
variants:
  - {name: none}
  - {name: two, server: {gateway: {config: clone, handshakes: 8}}, offer: [spdy/3, h2]}
  - {name: three, server: {app: plain}}
load: {}
experiments: [nextproto]
claims:
  - {claim: a, ratio: {metric: handshake_rate, variant: two}, holds: ">= 1.449", expect: fails}
  - {claim: b, value: {metric: server_cpu, variant: none, cell: {kind: full, alpn: none}}, holds: "< 1 ms"}
`, linux())
	got := described(t, p)
	for _, want := range []string{
		"variants (3, of 2 builds)",
		"gateway config clone, handshakes 8  offers 2 protocols",
		"experiments (1)\n  nextproto:  about 1s  default, custom-map\n  all:        about 1s  before the first block\n",
		"holds if handshake_rate of two over the baseline >= 1.449; expected to fail\n",
		"holds if server_cpu of none in the cell of alpn none, kind full < 1 ms\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if c := p.Claims[0]; c.Operator != results.AtLeast || c.Bound != 1.449 || c.Line != 10 || c.Expect != results.Fails {
		t.Errorf("got %+v", c)
	}
}

// Blocks that confirm and the null control are of the same servers and clients.
func TestAgainKeepsApps(t *testing.T) {
	p := planned(t, "variants: [{name: a, server: {app: gateway}, offer: h2}, {name: b, server: {app: gateway}}]\nload: {}\nblocks: {null_control: on}", linux())
	if p.Null == nil || !slices.Equal(p.Null.Offer, []string{"h2"}) || p.Null.Server.App != "gateway" || len(p.Null.Server.ALPN) != 2 {
		t.Fatalf("got the null control %+v", p.Null)
	}
	if got := p.Again(map[string][]string{p.Cells[0].Name: {"b"}}, 2, len(p.Blocks)); len(got) != 8 {
		t.Errorf("got %d blocks to confirm, want 8", len(got))
	}
}

func described(t *testing.T, p *Plan) string {
	t.Helper()
	var out strings.Builder
	if err := p.Describe(&out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
