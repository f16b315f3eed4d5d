package analysis

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/profile"
)

const (
	// Where code has at least half of a primitive's time, of twenty samples two or fewer fall into it with a chance of
	// 0.0002.
	tellingSamples = 20
	hardlyAny      = 0.1
)

// codesOf puts the code that each primitive of each series should run beside the code that its CPU profiles show; nil
// where nobody knows what the CPU can do.
func codesOf(m results.Manifest, series []Series) []Code {
	if len(m.Environment.Features) == 0 {
		return nil
	}
	expected := map[string][]accel.Path{}
	for _, v := range m.Variants {
		expected[v.Name] = accel.Paths(m.Environment.Features, buildOf(m, v))
	}
	var all []Code
	for _, s := range series {
		used := usedBy(expected[s.Variant], specOf(m, s.Cell), s)
		for _, p := range used {
			all = append(all, codeOf(p, used, s))
		}
	}
	return all
}

// buildOf is what decides, beside the CPU, which code a variant runs. Its server knows best.
func buildOf(m results.Manifest, v results.Variant) accel.Build {
	h := v.Hello
	return accel.Build{
		Go:      cmp.Or(h.Go, v.SBOM.Go),
		GOOS:    cmp.Or(h.OS, m.Environment.OS),
		GOARCH:  cmp.Or(h.Arch, m.Environment.Arch),
		GOAMD64: cmp.Or(v.SBOM.Settings["GOAMD64"], v.Build.GOAMD64),
		Backend: string(v.Build.Backend),
		FIPS:    h.FIPS140,
		GODEBUG: cmp.Or(h.GODEBUG, v.Env["GODEBUG"]),
		Tags:    v.Build.Tags,
		Accel:   cmp.Or(v.Accel, h.Signer),
	}
}

// specOf is what a handshake of a cell does. A call over a live connection exchanges no key, and nobody signs.
func specOf(m results.Manifest, cell string) handshake.Spec {
	at := slices.IndexFunc(m.Cells, func(c results.Cell) bool { return c.Name == cell })
	spec := m.Cells[at].Spec
	if spec.Kind == handshake.Live {
		spec.Group, spec.Signature = 0, 0
	}
	return spec
}

// use is a primitive of a handshake, and the primitive whose functions show its code.
type use struct {
	accel.Path
	shown accel.Primitive
}

// usedBy is the primitives that a series' server runs in a handshake. HKDF runs the code of the suite's hash.
func usedBy(paths []accel.Path, spec handshake.Spec, s Series) []use {
	var all []use
	used := accel.Used(spec, suiteOf(spec, s))
	for _, primitive := range used {
		shown := primitive
		if primitive == accel.HKDF {
			shown = accel.SHA256
			if slices.Contains(used, accel.SHA384) {
				shown = accel.SHA384
			}
		}
		at := slices.IndexFunc(paths, func(p accel.Path) bool { return p.Primitive == shown })
		if at < 0 {
			continue
		}
		u := use{paths[at], shown}
		if u.Primitive = primitive; primitive != shown {
			u.Code, u.Unused = "HMAC over "+strings.ToUpper(string(shown))+": "+u.Code, nil
		}
		all = append(all, u)
	}
	return all
}

// suiteOf is the suite that was asked for, else the one that most handshakes got; zero where there were none.
func suiteOf(spec handshake.Spec, s Series) handshake.Suite {
	if spec.Suite != 0 {
		return spec.Suite
	}
	var suite handshake.Suite
	most := uint64(0)
	for name, n := range s.Server.Shape.Suites {
		var this handshake.Suite
		if this.UnmarshalText([]byte(name)) == nil && (n > most || n == most && this < suite) {
			suite, most = this, n
		}
	}
	return suite
}

// codeOf looks for a primitive's code in the CPU profiles of a series. Functions that other primitives are expected to
// run are no evidence against this one.
func codeOf(expected use, used []use, s Series) Code {
	c := Code{Cell: s.Cell, Variant: s.Variant, Path: expected.Path}
	if s.CPU == nil {
		c.Agreement, c.Detail = Blind, "nothing was profiled: instruments: {pprof: true}"
		return c
	}
	var e evidence
	for _, f := range s.CPU.All {
		kind, ok := expected.shown.SeenAs(f.Name)
		if !ok {
			continue
		}
		is := expected.expects(f.Name)
		shared := !is && slices.ContainsFunc(used, func(u use) bool { return u.expects(f.Name) })
		c.see(Sighting{kind, f.CPU, f.Name, shared})
		switch {
		case is:
			e.expected += f.CPU
		case !shared:
			e.add(kind, f)
		}
	}
	slices.SortStableFunc(c.Seen, func(x, y Sighting) int { return cmp.Compare(y.CPU, x.CPU) })
	c.judge(e, s.CPU)
	return c
}

// instructions are what functions are named after that use them.
var instructions = map[string]string{"SHANI": "sha_ni", "AVX2": "avx2"}

// expects says whether a function is of the code that is expected: of its kind, and not named after instructions that
// the code does not use.
func (u use) expects(function string) bool {
	kind, ok := u.shown.SeenAs(function)
	if !ok || kind != u.Expected {
		return false
	}
	for word, feature := range instructions {
		if strings.HasSuffix(function, word) && !slices.Contains(u.Uses, feature) {
			return false
		}
	}
	return true
}

// see counts a function; functions come with the largest first.
func (c *Code) see(f Sighting) {
	at := slices.IndexFunc(c.Seen, func(s Sighting) bool { return s.Kind == f.Kind && s.Shared == f.Shared })
	if at < 0 {
		c.Seen = append(c.Seen, f)
		return
	}
	c.Seen[at].CPU += f.CPU
}

// evidence is the time of a primitive in the code that is expected, and in other code that nothing else explains.
type evidence struct {
	expected, other time.Duration
	kind            accel.Kind // of the other code's largest function
	function        string
}

func (e *evidence) add(kind accel.Kind, f profile.Share) {
	if e.other == 0 {
		e.kind, e.function = kind, f.Name
	}
	e.other += f.CPU
}

// judge compares what is expected with what was seen.
func (c *Code) judge(e evidence, cpu *CPU) {
	whole := e.expected + e.other
	samples := float64(whole) / float64(max(cpu.Sampled, 1)) * float64(cpu.Samples)
	share := float64(e.expected) / float64(max(whole, 1))
	switch {
	case whole == 0 && len(c.Seen) > 0:
		c.Agreement, c.Detail = Unseen, "what was seen of it is expected of other primitives, too"
	case whole == 0:
		c.Agreement, c.Detail = Unseen, fmt.Sprintf("none of %s fell into it", plural(int(cpu.Samples), "sample"))
	case share >= 0.5:
		c.Agreement = Agrees
	case samples < tellingSamples-0.5:
		c.Agreement, c.Detail = Unseen, fmt.Sprintf("%s: it takes %d to say", plural(int(samples+0.5), "sample"), tellingSamples)
	case share <= hardlyAny:
		c.Agreement, c.Detail = Disagrees, fmt.Sprintf("%s (%s) and the like have %s of its time", e.function, e.kind, percent(1-share))
	default:
		c.Agreement, c.Detail = Agrees, fmt.Sprintf("it has only %s of the primitive's time", percent(share))
	}
}

// codeDoubts names the primitives that ran other code than expected, once for each variant, and those whose code a CPU
// option should have changed.
func codeDoubts(a *Analysis) []string {
	said := disagreements(a.Codes)
	for _, ablation := range a.Ablations() {
		// what profiles deny has been said
		ablation.Changes = slices.DeleteFunc(ablation.Changes, func(c Change) bool { return c.Showing == Unchanged })
		said = append(said, ablation.Warnings()...)
	}
	return said
}

func disagreements(codes []Code) []string {
	type subject struct {
		variant   string
		primitive accel.Primitive
	}
	found := map[subject][]Code{}
	var order []subject
	for _, c := range codes {
		if c.Agreement != Disagrees {
			continue
		}
		of := subject{c.Variant, c.Primitive}
		if found[of] == nil {
			order = append(order, of)
		}
		found[of] = append(found[of], c)
	}
	var said []string
	for _, of := range order {
		c := found[of][0]
		said = append(said, fmt.Sprintf("%s of %s did not run the code that was expected (%s: %s), in %s: %s",
			c.Primitive, c.Variant, c.Expected, c.Path.Code, cellOrCells(found[of]), c.Detail))
	}
	return said
}

// cellOrCells is the only cell, or how many there are.
func cellOrCells(codes []Code) string {
	if len(codes) == 1 {
		return codes[0].Cell
	}
	return plural(len(codes), "cell")
}
