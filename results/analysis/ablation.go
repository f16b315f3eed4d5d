package analysis

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// Ablation is a candidate that differs from the baseline in CPU options of GODEBUG only: what it costs is what the
// features that it switches off, or on, are worth.
type Ablation struct {
	Variant string
	Options []string // cpu.aes=off
	Changes []Change // by cell, of the primitives whose expected code differs; nil: none does
}

// Change is a primitive that should run other code than the baseline's.
type Change struct {
	Cell     string
	From, To Code     // of the baseline, of the candidate
	Showing  Showing  // whether the profiles show it
	Timed    []string // names of the operations of Analysis.Primitives that are about this primitive
	Silent   bool     // the profiles, or else the times, deny the change that must be there
}

// Showing is whether CPU profiles show that other code runs.
type Showing string

// What profiles show.
const (
	Changed   Showing = "changed"
	Unchanged Showing = "unchanged" // not the code that is expected of the candidate
	Untold    Showing = "not told"  // too little was seen, or one function holds both codes
)

// Ablations lists the candidates that differ from the baseline in CPU options only, in the manifest's order.
func (a *Analysis) Ablations() []Ablation {
	var all []Ablation
	at := slices.IndexFunc(a.Manifest.Variants, func(v results.Variant) bool { return v.Baseline })
	if at < 0 {
		return nil
	}
	base := a.Manifest.Variants[at]
	for _, v := range a.Manifest.Variants {
		if options := ablated(base, v); len(options) > 0 {
			all = append(all, Ablation{v.Name, options, a.changes(base.Name, v.Name)})
		}
	}
	return all
}

// ablated is the CPU options that a variant has beyond those of the baseline; nil where it differs in anything else.
func ablated(base, v results.Variant) []string {
	was, now := cpuOptions(base.Env), cpuOptions(v.Env)
	if len(now) == 0 || base.Accel != v.Accel || !reflect.DeepEqual(base.Build, v.Build) || !maps.Equal(otherSettings(base.Env), otherSettings(v.Env)) {
		return nil
	}
	return slices.DeleteFunc(now, func(option string) bool { return slices.Contains(was, option) })
}

func cpuOptions(env map[string]string) []string {
	return slices.DeleteFunc(godebug(env), func(s string) bool { return !strings.HasPrefix(s, "cpu.") })
}

func godebug(env map[string]string) []string {
	return strings.FieldsFunc(env["GODEBUG"], func(r rune) bool { return r == ',' || r == ' ' })
}

// otherSettings is an environment without CPU options.
func otherSettings(env map[string]string) map[string]string {
	others := maps.Clone(env)
	rest := slices.DeleteFunc(godebug(env), func(s string) bool { return strings.HasPrefix(s, "cpu.") })
	delete(others, "GODEBUG")
	if len(rest) > 0 {
		others["GODEBUG"] = strings.Join(rest, ",")
	}
	return others
}

// changes are the primitives that should run other code in a candidate than in the baseline, cell by cell.
func (a *Analysis) changes(baseline, candidate string) []Change {
	var all []Change
	for _, to := range a.Codes {
		if to.Variant != candidate {
			continue
		}
		from, ok := a.code(to.Cell, baseline, to.Primitive)
		if !ok || from.Code == to.Code {
			continue
		}
		c := Change{Cell: to.Cell, From: from, To: to, Showing: showing(from, to), Timed: a.operationsOf(to.Primitive)}
		c.Silent = c.Showing == Unchanged || c.Showing == Untold && a.timedAlike(candidate, c.Timed)
		all = append(all, c)
	}
	return all
}

func (a *Analysis) code(cell, variant string, primitive accel.Primitive) (Code, bool) {
	at := slices.IndexFunc(a.Codes, func(c Code) bool { return c.Cell == cell && c.Variant == variant && c.Primitive == primitive })
	if at < 0 {
		return Code{}, false
	}
	return a.Codes[at], true
}

// showing compares what was seen. Where functions do not tell codes of one kind apart, one of them holds both.
func showing(from, to Code) Showing {
	switch {
	case to.Agreement == Disagrees:
		return Unchanged
	case to.Agreement != Agrees:
		return Untold
	case from.Expected != to.Expected, from.Agreement == Agrees && from.function() != to.function():
		return Changed
	}
	return Untold
}

// operationsOf names the timed operations that are about a primitive: of several amounts the largest, in which the
// code itself takes nearly all the time.
func (a *Analysis) operationsOf(primitive accel.Primitive) []string {
	most := 0
	for _, p := range a.Primitives {
		if About(p.Name, primitive) {
			most = max(most, p.Bytes)
		}
	}
	var all []string
	for _, p := range a.Primitives {
		if About(p.Name, primitive) && p.Bytes == most && !strings.Contains(p.Name, by) && !slices.Contains(all, p.Name) {
			all = append(all, p.Name)
		}
	}
	return all
}

// timedAlike says whether a candidate was found to take the same time for all of some operations.
func (a *Analysis) timedAlike(candidate string, operations []string) bool {
	same := false
	for _, p := range a.Primitives {
		if p.Variant != candidate || !slices.Contains(operations, p.Name) {
			continue
		}
		if p.Verdict != effect.Same {
			return false
		}
		same = true
	}
	return same
}

// function is the one with the most time among those of the expected kind.
func (c *Code) function() string {
	for _, s := range c.Seen {
		if s.Kind == c.Expected {
			return s.Function
		}
	}
	return ""
}

// Warnings are a sentence for each primitive that should run other code, and does not.
func (ab Ablation) Warnings() []string {
	var said []string
	for _, p := range ab.silent() {
		var codes []Code
		did := "takes the same time"
		for _, c := range ab.Changes {
			if !c.Silent || c.To.Primitive != p {
				continue
			}
			codes = append(codes, c.To)
			if c.Showing == Unchanged {
				did = "does not: " + c.To.Detail
			}
		}
		said = append(said, fmt.Sprintf("with %s, %s should run %s, but it %s (%s)",
			strings.Join(ab.Options, ", "), p, codes[0].Path.Code, did, cellOrCells(codes)))
	}
	return said
}

// silent lists the primitives that have a silent change, each once.
func (ab Ablation) silent() []accel.Primitive {
	var all []accel.Primitive
	for _, c := range ab.Changes {
		if c.Silent && !slices.Contains(all, c.To.Primitive) {
			all = append(all, c.To.Primitive)
		}
	}
	return all
}
