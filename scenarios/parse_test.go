package scenarios

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// mistakes is what Parse says of a file: its problems with their hints, one a line.
func mistakes(t *testing.T, text string) string {
	t.Helper()
	_, err := Parse("f", []byte(text))
	if err == nil {
		return ""
	}
	var all *Errors
	if !errors.As(err, &all) {
		t.Fatalf("got a %T, want *Errors", err)
	}
	return listing(*all)
}

func listing(all Errors) string {
	var lines []string
	for _, p := range all {
		lines = append(lines, strings.TrimPrefix(p.String(), "f:"))
		if p.Hint != "" {
			lines = append(lines, "hint: "+p.Hint)
		}
	}
	return strings.Join(lines, "\n")
}

// valid is a whole file but for what a test adds.
const valid = "variants: [{name: std}, {name: two}]\nload: {}\n"

// TestMistakes reads testdata/mistakes.txt: cases, each a file, a line "---" and what Parse must say of it. A case
// that begins with "+" is added to a valid file of two lines.
func TestMistakes(t *testing.T) {
	text, err := os.ReadFile("testdata/mistakes.txt")
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range strings.Split(string(text), "===\n")[1:] {
		file, want, ok := strings.Cut(c, "---\n")
		if !ok {
			t.Fatalf("case %d has no ---", i)
		}
		if rest, ok := strings.CutPrefix(file, "+"); ok {
			file = valid + rest
		}
		if got := mistakes(t, file); got != strings.TrimSpace(want) {
			t.Errorf("%s\ngot\n%s\nwant\n%s", file, got, want)
		}
	}
}

func TestNotYAML(t *testing.T) {
	for _, tt := range []struct{ name, text, want string }{
		{"empty", "", "1:1: the file is empty\nhint: a scenario needs at least \"variants\" and \"load\""},
		{"comment", "# nothing\n", "1:1: the file is empty\nhint: a scenario needs at least \"variants\" and \"load\""},
		{"null", "~", "1:1: the scenario must be a mapping, not nothing"},
		{"scalar", "hello", `1:1: the scenario must be a mapping, not "hello"`},
		{"list", "- a", "1:1: the scenario must be a mapping, not a list"},
		{"two documents", valid + "---\n" + valid, "3:1: a second document begins here\nhint: keep one scenario per file"},
		{"not UTF-8", "name: é\xff", "1:8: byte 0xff is not UTF-8\nhint: save the file as UTF-8"},
		{"control character", "doc: a\nname: \x01", "2:7: not YAML: control characters are not allowed (value: 1)"},
		{"open list", "variants: [", "2:1: not YAML: did not find expected node content while parsing a flow node"},
		{"tab", "variants:\n\t- name: std\n", "2:1: not YAML: found character that cannot start any token while scanning for the next token\nhint: indent with spaces, not tabs"},
		{"unknown alias", "variants: *a\n", "1:11: not YAML: unknown anchor 'a' referenced"},
		{"deep", strings.Repeat("[", 20_000), "1:10001: not YAML: exceeded max depth of 10000 while increasing flow level"},
		{"alias of itself", "variants: &a [*a]\nload: {}\n", "1:11: variants must be one list, not lists in a list"},
		{"long list", valid + "cells: {alpn: [" + strings.Repeat("a, ", 101) + "]}",
			"3:15: the list of alpn has 101 entries, more than the 100 allowed"},
		{"multiplied variables", "vars: {a: " + strings.Repeat("x", 1000) + "}\nname: " + strings.Repeat("${a}", 5) + "\n" + valid,
			"2:7: \"${a}${a}${a}${a}${a}\" is longer than 4096 bytes with its variables"},
		{"large", "#" + strings.Repeat("x", mostBytes), "1:1: the file has 1048577 bytes, more than the 1048576 that a scenario may have"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := mistakes(t, tt.text); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
		})
	}
}

// A bomb multiplies itself by aliases of aliases. Nothing in the format is deep enough to expand it.
func TestAliasBomb(t *testing.T) {
	text := "vars: {a: &a0 [x]}\n"
	for i := range 30 {
		text += fmt.Sprintf("k%d: &a%d [%s*a%d]\n", i, i+1, strings.Repeat(fmt.Sprintf("*a%d, ", i), 9), i)
	}
	text += "variants: *a30\nload: *a30\n"
	if got := mistakes(t, text); strings.Count(got, "\n") > 2*mostProblems+1 {
		t.Errorf("got %d lines of mistakes", strings.Count(got, "\n"))
	}
}

func TestManyMistakes(t *testing.T) {
	_, err := Parse("f", []byte(valid+strings.Repeat("x: 1\n", 80)))
	var all *Errors
	if !errors.As(err, &all) || len(*all) != mostProblems+1 {
		t.Fatalf("got %v", err)
	}
	if last := (*all)[mostProblems].Message; last != "and 30 more problems" {
		t.Errorf("got %q last", last)
	}
}

func TestAnchors(t *testing.T) {
	s, err := Parse("f", []byte("variants:\n  - {name: a, build: &b {goamd64: v2}}\n  - {name: b, build: *b}\nload: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Variants[1].Build.GOAMD64; got != "v2" {
		t.Errorf("got goamd64 %q, want v2", got)
	}
}

func TestDefaults(t *testing.T) {
	s, err := Parse("folder/edge.yaml", []byte("variants: [{name: std}]\nload: {}\n"))
	if err != nil {
		t.Fatal(err)
	}
	if s.Name != "edge" || !s.Variants[0].Baseline || s.Groups != 10 || s.Seed != nil {
		t.Errorf("got name %q, baseline %v, groups %d, seed %v", s.Name, s.Variants[0].Baseline, s.Groups, s.Seed)
	}
	want := loadgen.Load{Loop: loadgen.Closed, Workers: 1, Length: time.Second}
	if got := s.Loads[0]; got.Loop != want.Loop || got.Workers != want.Workers || got.Length != want.Length {
		t.Errorf("got load %+v, want %+v", got, want)
	}
	spec := handshake.Spec{Group: handshake.X25519MLKEM768, Signature: handshake.ECDSAP256}
	if len(s.points) != 1 || s.points[0].spec != spec {
		t.Errorf("got points %v, want %v", s.points, spec)
	}
	if got, all := len(s.Defaults()), len(s.settings()); got != all {
		t.Errorf("%d of %d settings have their default, want all", got, all)
	}
}

func TestFull(t *testing.T) {
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := Parse("full.yaml", text)
	if err != nil {
		t.Fatal(err)
	}
	certified := s.Variants[1]
	if certified.Baseline || certified.Build.Backend != variant.FIPS140 || certified.Build.Toolchain != "go1.26.8" ||
		certified.Env["GOGC"] != "200" || certified.Server.GOMAXPROCS != 2 || certified.Build.Source.Ref != "" {
		t.Errorf("extends: got %+v", certified)
	}
	if s.Warmup != 200*time.Millisecond || *s.Seed != 7 || s.Gates[0].Worse != 0.02 || s.Limits.Steal != 0.01 {
		t.Errorf("got warm-up %s, seed %d, gate %g, steal %g", s.Warmup, *s.Seed, s.Gates[0].Worse, s.Limits.Steal)
	}
	if !slices.Equal(s.Looks, []int{10, 20}) || s.Groups != 20 || s.Confirm || s.Null != "off" || s.Exact != "auto" || s.Variants[0].Build.Layout != 7 {
		t.Errorf("got looks %v of %d groups, confirm %v, null control %s, exact %s, layout %d",
			s.Looks, s.Groups, s.Confirm, s.Null, s.Exact, s.Variants[0].Build.Layout)
	}
	plant := server.Plant{Component: "burn", Count: 100}
	if got := certified.Server.Plant; got == nil || *got != plant {
		t.Errorf("got the plant %+v, want %+v", got, plant)
	}
	if want := (results.Objective{Text: "p(99)(response{kind=full, load=arrivals}) < 6ms", Line: 73}); len(s.Objectives) != 2 || s.Objectives[0] != want {
		t.Errorf("got the objectives %+v, want %+v first", s.Objectives, want)
	}
	expected := results.Expected{
		Metric: "server_cpu", Candidate: "certified", Until: "2026-12-31", Because: "a check that FIPS mode needs", Line: 76,
		Cell: map[string]string{
			"kind": "full", "group": "P-384", "signature": "ecdsa-p256", "mutual": "false", "alpn": "none",
			"suite": "TLS_AES_128_GCM_SHA256", "load": "counted",
		},
	}
	if len(s.Expected) != 1 || !reflect.DeepEqual(s.Expected[0], expected) {
		t.Errorf("got expected regressions\n%+v\nwant\n%+v", s.Expected, expected)
	}
	var loads []string
	for _, l := range s.Loads {
		loads = append(loads, fmt.Sprintf("%s:%d", l.Name, l.Workers))
	}
	if got, want := strings.Join(loads, " "), "capacity-w1:1 capacity-w8:8 counted:1 arrivals:64"; got != want {
		t.Errorf("got loads %q, want %q", got, want)
	}
	if got, want := s.Loads[3].Phases[0].Rate, 400.0; got != want {
		t.Errorf("got rate %g in the first phase, want %g", got, want)
	}
}

// FuzzParse checks that any file gives either a scenario that can be planned or problems with places.
func FuzzParse(f *testing.F) {
	for _, name := range Names() {
		text, err := files.ReadFile(name + ".yaml")
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	full, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(full)
	f.Add([]byte(withGate + "blocks: {groups: {looks: [5, 9]}}\nobjectives: ['p(99)(response{variant=two}) < 6ms']\n" +
		"expected_regressions: [{gate: server_cpu, cell: {kind: full}, until: 2026-12-31, because: why}]"))
	f.Add([]byte(valid + "cells: {include: [{variant: two, kind: full}], alpn: [a, b]}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Parse("f", text)
		if err == nil {
			if len(s.points)*len(s.Loads)*s.Groups < 10_000 {
				_, err = s.Plan(1, linux())
			}
		}
		var all *Errors
		if err != nil && (!errors.As(err, &all) || len(*all) == 0) {
			t.Fatalf("got %T %v", err, err)
		}
		for _, p := range orNoErrors(all) {
			if p.Line < 1 || p.Column < 1 || p.Message == "" || strings.ContainsAny(p.Message, "\n\x00") {
				t.Errorf("bad problem %+v", p)
			}
		}
	})
}

func orNoErrors(e *Errors) Errors {
	if e == nil {
		return nil
	}
	return *e
}
