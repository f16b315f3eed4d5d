package scenarios

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

func parsed(t *testing.T, text string) *Scenario {
	t.Helper()
	s, err := Parse("f", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func planned(t *testing.T, text string, m Machine) *Plan {
	t.Helper()
	p, err := parsed(t, text).Plan(1, m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlanIsDeterministic(t *testing.T) {
	s := parsed(t, valid+"cells: {kind: [full, resumed], group: [X25519, P-256]}")
	plan := func(seed uint64) *Plan {
		p, err := s.Plan(seed, linux())
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if a, b := plan(7), plan(7); !reflect.DeepEqual(a, b) {
		t.Error("the same seed gave two plans")
	}
	a, b := plan(7), plan(8)
	if reflect.DeepEqual(a.Blocks, b.Blocks) {
		t.Error("two seeds gave the same blocks")
	}
}

// groupsOf collects the variants of each group of each cell in their order.
func groupsOf(p *Plan) map[[2]int][]Block {
	groups := map[[2]int][]Block{}
	for _, b := range p.Blocks {
		key := [2]int{b.Cell, b.Group}
		groups[key] = append(groups[key], b)
	}
	return groups
}

func TestABBA(t *testing.T) {
	p := planned(t, valid+"cells: {kind: [full, resumed]}\nblocks: {groups: 50}", linux())
	seen := map[string]int{}
	for key, blocks := range groupsOf(p) {
		var order []string
		for i, b := range blocks {
			order = append(order, b.Variant)
			if b.Order != i {
				t.Errorf("group %v: block %d has order %d", key, i, b.Order)
			}
			if b.Index != blocks[0].Index+i {
				t.Errorf("group %v is not next to each other in time", key)
			}
		}
		seen[strings.Join(order, " ")]++
		if blocks[0].Seed != blocks[1].Seed || blocks[2].Seed != blocks[3].Seed || blocks[0].Seed == blocks[2].Seed {
			t.Errorf("group %v: equal turns must share a seed, and others not", key)
		}
	}
	abba, baab := seen["std two two std"], seen["two std std two"]
	if abba+baab != 100 || abba < 30 || baab < 30 {
		t.Errorf("got orders %v, want about as many ABBA as BAAB", seen)
	}
}

// Spare rounds follow the planned ones and change nothing in them.
func TestSpares(t *testing.T) {
	with := planned(t, valid+"cells: {kind: [full, resumed]}\nblocks: {groups: 6, spare: 2}", linux())
	without := planned(t, valid+"cells: {kind: [full, resumed]}\nblocks: {groups: 6, spare: 0}", linux())
	if !slices.Equal(with.Blocks, without.Blocks) || len(without.Spares) != 0 || len(with.Spares) != 2*2*4 {
		t.Fatalf("got %d and %d blocks, %d spares", len(with.Blocks), len(without.Blocks), len(with.Spares))
	}
	for i, b := range with.Spares {
		if b.Index != len(with.Blocks)+i || b.Group < 6 || b.Group > 7 {
			t.Errorf("spare %d has index %d and group %d", i, b.Index, b.Group)
		}
	}
}

func TestMoreVariants(t *testing.T) {
	p := planned(t, "variants: [{name: a}, {name: b}, {name: c}]\nload: {}\nblocks: {groups: 40}", linux())
	orders := map[string]int{}
	for key, blocks := range groupsOf(p) {
		var order []string
		for _, b := range blocks {
			order = append(order, b.Variant)
		}
		orders[strings.Join(order, "")]++
		if slices.Sort(order); !slices.Equal(order, []string{"a", "b", "c"}) {
			t.Errorf("group %v has blocks of %v", key, order)
		}
	}
	if len(orders) != 6 {
		t.Errorf("40 groups show %d of 6 orders: %v", len(orders), orders)
	}
}

// Each round has one group of every cell, and rounds differ in the order of the cells.
func TestGroupsOutside(t *testing.T) {
	p := planned(t, "variants: [{name: std}]\nload: {}\nblocks: {groups: 20}\n"+
		"cells: {kind: [full, resumed], group: [X25519, P-256]}", linux())
	if len(p.Blocks) != 80 {
		t.Fatalf("got %d blocks, want 80", len(p.Blocks))
	}
	orders := map[[4]int]bool{}
	for round := range 20 {
		var cells [4]int
		for i, b := range p.Blocks[round*4 : round*4+4] {
			cells[i] = b.Cell
			if b.Group != round || b.Index != round*4+i {
				t.Errorf("round %d has block %+v", round, b)
			}
		}
		orders[cells] = true
		sorted := cells
		if slices.Sort(sorted[:]); sorted != [4]int{0, 1, 2, 3} {
			t.Errorf("round %d has cells %v", round, cells)
		}
	}
	if len(orders) < 5 {
		t.Errorf("20 rounds show %d orders of the cells", len(orders))
	}
}

func TestCellNames(t *testing.T) {
	p := planned(t, "variants: [{name: std}]\nload: [{workers: [1, 8], name: a}, {name: b, handshakes: 10}]\n", linux())
	var got []string
	for _, c := range p.Cells {
		got = append(got, c.Name)
	}
	spec := "full/X25519MLKEM768/ecdsa-p256/server-auth/"
	if want := []string{spec + "a-w1", spec + "a-w8", spec + "b"}; !slices.Equal(got, want) {
		t.Errorf("got cells %q, want %q", got, want)
	}
	p = planned(t, "variants: [{name: std}]\nload: {workers: [1, 8]}\n", linux())
	if got := p.Cells[1].Name; got != spec+"w8" {
		t.Errorf("got cell %q, want %q", got, spec+"w8")
	}
	p = planned(t, "variants: [{name: std}]\nload: {name: only}\n", linux())
	if got := p.Cells[0].Name; got+"/" != spec {
		t.Errorf("got cell %q, want it without the only load's name", got)
	}
}

func TestSkips(t *testing.T) {
	const fips = "variants: [{name: std}, {name: fips, build: {backend: fips140}}]\nload: {}\n"
	full := func(rest string) string { return "full/" + rest + "/ecdsa-p256/server-auth" }
	for _, tt := range []struct {
		name, text string
		machine    Machine
		want       []results.Skip
		cells      []string // variants of each
	}{
		{"FIPS and X25519", fips + "cells: {group: [X25519, P-256]}", linux(),
			[]results.Skip{{Variant: "fips", Cell: full("X25519"), Reason: "FIPS 140-3 mode refuses pure X25519"}},
			[]string{"std", "std fips"}},
		{"FIPS and ChaCha20", fips + "cells: {group: P-256, suite: TLS_CHACHA20_POLY1305_SHA256}", linux(),
			[]results.Skip{{Variant: "fips", Cell: full("P-256") + "/TLS_CHACHA20_POLY1305_SHA256", Reason: "FIPS 140-3 mode refuses ChaCha20-Poly1305"}},
			[]string{"std"}},
		{"FIPS by GODEBUG", "variants: [{name: std}, {name: on, env: {GODEBUG: fips140=only}}]\nload: {}\ncells: {group: X25519}", linux(),
			[]results.Skip{{Variant: "on", Cell: full("X25519"), Reason: "FIPS 140-3 mode refuses pure X25519"}},
			[]string{"std"}},
		{"FIPS build turned off", "variants: [{name: off, build: {backend: fips140}, env: {GODEBUG: fips140=off}}]\nload: {}\ncells: {group: X25519}",
			linux(), nil, []string{"off"}},
		{"FIPS baseline", "variants: [{name: fips, build: {backend: fips140}}, {name: std}]\nload: {}\ncells: {group: [X25519, P-256]}", linux(),
			[]results.Skip{{Cell: full("X25519"), Reason: `the baseline "fips" does not run it: FIPS 140-3 mode refuses pure X25519`}},
			[]string{"fips std"}},
		{"rule with a reason", valid + "cells: {group: [X25519, P-256, P-384], exclude: [{group: X25519, because: too fast}, {variant: two, group: P-256}]}", linux(),
			[]results.Skip{{Cell: full("X25519"), Reason: "too fast"}}, []string{"std", "std two"}},
		{"rule takes the baseline", valid + "cells: {group: [X25519, P-256], exclude: [{variant: std, group: P-256}]}", linux(),
			[]results.Skip{{Cell: full("P-256"), Reason: `the baseline "std" does not run it: a rule excludes it`}}, []string{"std two"}},
		{"no tickets", "variants: [{name: std}, {name: none, server: {tickets: {enabled: false}}}]\nload: {}\ncells: {kind: resumed, group: P-256}", linux(),
			[]results.Skip{{Variant: "none", Cell: "resumed/P-256/ecdsa-p256/server-auth", Reason: "its server issues no tickets, so nothing can be resumed"}},
			[]string{"std"}},
		{"tlsmlkem=0", "variants: [{name: std}, {name: old, env: {GODEBUG: tlsmlkem=0}}]\nload: {}", linux(),
			[]results.Skip{{Variant: "old", Cell: full("X25519MLKEM768"), Reason: "GODEBUG tlsmlkem=0 turns X25519MLKEM768 off"}},
			[]string{"std"}},
		{"ALPN", "variants: [{name: std, server: {alpn: h2}}, {name: none}]\nload: {}\ncells: {group: P-256, alpn: h2}", linux(),
			[]results.Skip{{Variant: "none", Cell: full("P-256") + "/alpn=h2", Reason: `its server does not offer the ALPN protocol "h2"`}},
			[]string{"std"}},
		{"no cgo", "variants: [{name: std}, {name: boring, build: {backend: boringcrypto}}]\nload: {}",
			Machine{GOOS: "linux", GOARCH: "arm64", CgoReason: "gcc is missing"},
			[]results.Skip{{Variant: "boring", Reason: "boringcrypto needs cgo: gcc is missing"}}, []string{"std"}},
		{"no boringcrypto", "variants: [{name: std}, {name: boring, build: {backend: boringcrypto}}]\nload: {}",
			Machine{GOOS: "darwin", GOARCH: "arm64", HasCgo: true},
			[]results.Skip{{Variant: "boring", Reason: "boringcrypto is built on linux/amd64 and linux/arm64 only, and this is darwin/arm64"}},
			[]string{"std"}},
		{"requires", "variants: [{name: std}, {name: b, requires: {cpu: [aes, vaes, sha_ni]}}]\nload: {}",
			Machine{GOOS: "linux", GOARCH: "amd64", Features: []string{"aes"}},
			[]results.Skip{{Variant: "b", Reason: "it requires CPU features that are missing here: vaes, sha_ni"}}, []string{"std"}},
		{"GOAMD64", "variants: [{name: std}, {name: b, build: {goamd64: v4}}, {name: c, build: {goamd64: v3}}]\nload: {}",
			Machine{GOOS: "linux", GOARCH: "amd64", Level: 3},
			[]results.Skip{{Variant: "b", Reason: "GOAMD64=v4 is above this CPU's v3"}}, []string{"std c"}},
		{"another architecture", "variants: [{name: std}, {name: b, env: {GODEBUG: cpu.adx=off}}, {name: c, build: {goamd64: v1}}]\nload: {}",
			Machine{GOOS: "linux", GOARCH: "arm64"},
			[]results.Skip{
				{Variant: "b", Reason: "GODEBUG cpu.adx is unknown to Go on arm64"},
				{Variant: "c", Reason: "GOAMD64=v1 is for amd64, and this is arm64"},
			}, []string{"std"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := planned(t, tt.text, tt.machine)
			if !slices.Equal(p.Skips, tt.want) {
				t.Errorf("got skips\n%+v\nwant\n%+v", p.Skips, tt.want)
			}
			var cells []string
			for _, c := range p.Cells {
				cells = append(cells, strings.Join(c.Variants, " "))
			}
			if !slices.Equal(cells, tt.cells) {
				t.Errorf("got cells of %q, want %q", cells, tt.cells)
			}
		})
	}
}

func TestInclude(t *testing.T) {
	p := planned(t, "variants: [{name: std}, {name: fips, build: {backend: fips140}}]\nload: {}\ncells:\n"+
		"  group: [P-256, P-384]\n"+
		"  exclude: [{variant: fips, group: P-256}]\n"+
		"  include: [{variant: std, group: X25519, suite: TLS_AES_256_GCM_SHA384}, {variant: fips, group: P-256}]\n", linux())
	var got []string
	for _, c := range p.Cells {
		got = append(got, c.Spec.String()+" "+strings.Join(c.Variants, ","))
	}
	want := []string{
		"full/P-256/ecdsa-p256/server-auth std,fips",
		"full/P-384/ecdsa-p256/server-auth std,fips",
		"full/X25519/ecdsa-p256/server-auth/TLS_AES_256_GCM_SHA384 std",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	if len(p.Skips) != 0 {
		t.Errorf("got skips %v", p.Skips)
	}
}

func TestPlanErrors(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		machine    Machine
		want       string
	}{
		{"baseline", "variants:\n  - {name: b, build: {backend: boringcrypto}}\n  - {name: std}\nload: {}\n", Machine{GOOS: "linux", GOARCH: "amd64"},
			"2:5: the baseline \"b\" cannot run here: boringcrypto needs cgo: there is none here\nhint: make another variant the baseline"},
		{"no cell", "variants: [{name: f, build: {backend: fips140}}]\nload: {}\ncells: {group: X25519}\n", linux(),
			`3:8: no cell is left to run: the baseline "f" does not run it: FIPS 140-3 mode refuses pure X25519`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parsed(t, tt.text).Plan(1, tt.machine)
			var all *Errors
			if !errors.As(err, &all) {
				t.Fatalf("got %v", err)
			}
			if got := listing(*all); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

func TestWarnings(t *testing.T) {
	none := Machine{GOOS: "linux", GOARCH: "amd64"}
	const boring = "variants: [{name: std}, {name: b, build: {backend: boringcrypto}}]\nload: {}\n"
	for _, tt := range []struct {
		name, text string
		machine    Machine
		want       []string
	}{
		{"few groups", valid + "blocks: {groups: 5}", linux(),
			[]string{"5 groups cannot reject at 5 %: the smallest attainable p is 0.0625; use 6 or more"}},
		{"enough groups", valid + "blocks: {groups: 6}", linux(), nil},
		{"nothing to compare", "variants: [{name: std}]\nload: {}\nblocks: {groups: 1}", linux(), nil},
		{"no candidate", boring + "gates: [{metric: server_cpu, candidate: b}]", none, []string{
			"no candidate runs in any cell: nothing is compared",
			"the gate on server_cpu of b cannot be judged: no cell runs b"}},
		{"no candidate in few groups", boring + "gates: [{metric: server_cpu, candidate: b}]\nblocks: {groups: 1}", none, []string{
			"no candidate runs in any cell: nothing is compared",
			"the gate on server_cpu of b cannot be judged: no cell runs b"}},
		{"advice that never comes", valid + "gates: [{metric: server_cpu, advisory: true}]\nblocks: {groups: 5}", linux(), []string{
			"the advisory gate on server_cpu (line 3) can never say worse: 5 groups give p >= 0.0625, and 0.05 is asked for; it takes 6 groups",
			"5 groups cannot reject at 5 %: the smallest attainable p is 0.0625; use 6 or more"}},
		{"thin advice", "variants: [{name: std}, {name: two}]\nload: {handshakes: 50}\ngates: [{metric: service_p99, advisory: true}]", linux(), []string{
			"the advisory gate on service_p99 (line 3) can never say worse: p99 needs 368 handshakes in each block, and the load asks for 50"}},
		{"arrivals by chance", "variants: [{name: std}, {name: two}]\nload: {loop: open, length: 1s, arrival: {rate: 400/s}}\ngates: [{metric: response_p99}]", linux(), []string{
			"the gate on response_p99 (line 3) needs 368 handshakes in each block: of 400 that arrive by chance, a block may have only 340"}},
		{"even arrivals", "variants: [{name: std}, {name: two}]\nload: {loop: open, length: 1s, arrival: {process: constant, rate: 400/s}}\ngates: [{metric: response_p99}]", linux(), nil},
		{"early look", valid + "gates: [{metric: server_cpu}]\nblocks: {groups: {looks: [4, 10]}}", linux(), []string{
			"nothing can be decided after 4 groups: they give p >= 0.125, and it takes 0.0283"}},
		{"early look without gates", valid + "blocks: {groups: {looks: [4, 10]}}", linux(), []string{
			"nothing can be decided after 4 groups: they give p >= 0.125, and it takes 0.0283"}},
		{"looks of few groups", valid + "blocks: {groups: {looks: [6]}}", linux(), nil},
		{"null control that cannot fire", valid + "gates: [{metric: server_cpu}]\nblocks: {groups: 6}", linux(), []string{
			"the null control can never fire: 6 pairs give p >= 0.0312, and each of 1 metric has 0.01; it takes 8"}},
		{"null control of nothing", valid + "blocks: {null_control: 'on'}", linux(), []string{
			"the null control is measured, but no gate decides on what is measured by it"}},
		{"null control without a candidate", "variants: [{name: std}]\nload: {}\nblocks: {null_control: 'on'}", linux(), []string{
			"there is no null control, since nothing is compared"}},
		{"shared CPUs", valid + "server: {cpus: 0-2}\nclient: {cpus: '1,2'}", linux(), []string{
			"the server of std and the load generator share CPUs [1 2]",
			"the server of two and the load generator share CPUs [1 2]"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := planned(t, tt.text, tt.machine).Warnings; !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestEstimate(t *testing.T) {
	for _, tt := range []struct {
		load string
		want time.Duration // of one block
	}{
		{"{length: 2s}", 2 * time.Second},
		{"{handshakes: 1000}", 1500 * time.Millisecond},
		{"{loop: open, arrival: {rate: 5/s}, phases: [{length: 1s}, {length: 2s}]}", 3 * time.Second},
	} {
		p := planned(t, "variants: [{name: std}]\nblocks: {groups: 1, warmup: 1s}\nload: "+tt.load, linux())
		if got, want := p.Estimate(), tt.want+1150*time.Millisecond; got != want {
			t.Errorf("%s: got %s, want %s", tt.load, got, want)
		}
	}
	centuries := &Plan{Cells: []Cell{{Load: loadgen.Load{Length: 1 << 62}}}, Blocks: make([]Block, 9)}
	if got := centuries.Estimate(); got <= 0 {
		t.Errorf("got %s for centuries", got)
	}
}

func TestMinimumP(t *testing.T) {
	for groups, want := range map[int]float64{1: 1, 2: 0.5, 5: 0.0625, 6: 0.03125, 10: 2.0 / 1024} {
		if got := (&Plan{Groups: groups}).MinimumP(); got != want {
			t.Errorf("%d groups: got %g, want %g", groups, got, want)
		}
	}
}

func TestPlanJSON(t *testing.T) {
	b, err := json.Marshal(builtinPlan(t, "quickstart", linux()))
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Schema   int     `json:"schema"`
		Seed     uint64  `json:"seed"`
		Blocks   []Block `json:"blocks"`
		Estimate float64 `json:"estimate_seconds"`
		MinimumP float64 `json:"minimum_p"`
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	if got.Schema != 1 || got.Seed != 1 || len(got.Blocks) != 96 || got.Estimate != 76.8 || got.MinimumP != 0.0078125 {
		t.Errorf("got schema %d, seed %d, %d blocks, %g s, p %g", got.Schema, got.Seed, len(got.Blocks), got.Estimate, got.MinimumP)
	}
}

func TestDescribe(t *testing.T) {
	m := linux()
	m.HasCgo, m.CgoReason = false, "no C compiler"
	var got bytes.Buffer
	if err := builtinPlan(t, "quickstart", m).Describe(&got); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"scenario quickstart, seed 1\n",
		"variants (2, of 2 builds)\n  std      baseline   std",
		"cells (4)\n  full/P-256/ecdsa-p256/server-auth     std, fips140\n",
		"128 blocks:     8 groups of each cell, 150ms warm-up each\n",
		"about 1m42s:",
		"up to 16 more:  spare groups",
		"p >= 0.00781:",
		"skipped (1)\n  boringcrypto:  boringcrypto needs cgo: no C compiler\n",
		"client.close:            rst\n",
	} {
		if !strings.Contains(got.String(), want) {
			t.Errorf("no %q in\n%s", want, got.String())
		}
	}
}

// A setting that this Go knows must not look like a slip of one in the list.
func TestDebugNames(t *testing.T) {
	table, err := os.ReadFile(filepath.Join(build.Default.GOROOT, "src/internal/godebugs/table.go"))
	if err != nil {
		t.Skip("no Go sources here:", err)
	}
	for _, m := range regexp.MustCompile(`Name: "([a-z0-9]+)"`).FindAllSubmatch(table, -1) {
		if name := string(m[1]); !slices.Contains(debugNames(), name) && nearest(name, debugNames()) != "" {
			t.Errorf("%s would be refused: %s", name, didYouMean(name, debugNames()))
		}
	}
}

// A plan depends on its arguments alone: no clock, no process, no network, no environment.
func TestPure(t *testing.T) {
	sources, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sources {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if slices.Contains([]string{`"os"`, `"os/exec"`, `"net"`, `"runtime"`, `"log"`, `"flag"`}, i.Path.Value) {
				t.Errorf("%s imports %s", name, i.Path.Value)
			}
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("time.Now")) {
			t.Errorf("%s reads the clock", name)
		}
	}
}

func TestTwins(t *testing.T) {
	p := planned(t, "variants: [{name: std}, {name: fips140, build: {backend: fips140}}]\nload: {length: 1s}\ninstruments: {observe: auto}", linux())
	first := 0
	for at, group := range groupsOf(p) {
		if len(group) != 8 {
			t.Fatalf("group %v has %d blocks, want ABBA twice over: 8", at, len(group))
		}
		for i := 0; i < len(group); i += 2 {
			a, b := group[i], group[i+1]
			if a.Variant != b.Variant || a.Seed != b.Seed || a.Observed == b.Observed {
				t.Errorf("group %v: %+v and %+v are no twins", at, a, b)
			}
			if i > 0 && a.Observed == group[i-2].Observed {
				t.Errorf("group %v: the observed twin is first, or second, twice running", at)
			}
		}
		if group[0].Observed {
			first++
		}
	}
	if first == 0 || first == len(groupsOf(p)) {
		t.Errorf("in %d of %d groups the observed twin comes first", first, len(groupsOf(p)))
	}
}
