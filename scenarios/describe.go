package scenarios

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// Describe writes the plan for people: variants and their builds, cells, experiments, claims, blocks, time, what the
// defaults are, what is skipped and why. The error is the writer's.
func (p *Plan) Describe(w io.Writer) error {
	t := &page{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.line("scenario %s, seed %d", p.Scenario.Name, p.Seed)
	for line := range strings.Lines(strings.TrimSpace(p.Scenario.Doc)) {
		t.line("  %s", strings.TrimRight(line, "\n"))
	}
	p.describeVariants(t)
	p.describeCells(t)
	p.describeGates(t)
	p.describeScorecard(t)
	p.describeExperiments(t)
	p.describeClaims(t)
	p.describeBlocks(t)
	t.skips(p.Skips)
	t.list("defaults in effect", settingLines(p.Defaults))
	t.list("warnings", p.Warnings)
	return t.Flush()
}

// page is text in aligned columns.
type page struct{ *tabwriter.Writer }

func (t *page) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *page) list(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	t.line("\n%s", title)
	for _, l := range lines {
		t.line("  %s", l)
	}
}

func (t *page) skips(all []results.Skip) {
	var lines []string
	for _, s := range all {
		what := strings.TrimSpace(s.Variant + " " + s.Cell)
		lines = append(lines, what+":\t"+s.Reason)
	}
	t.list(fmt.Sprintf("skipped (%d)", len(all)), lines)
}

func settingLines(all []Setting) []string {
	lines := make([]string, len(all))
	for i, s := range all {
		lines[i] = s.Key + ":\t" + s.Value
	}
	return lines
}

func (p *Plan) describeVariants(t *page) {
	var lines []string
	for _, v := range p.Variants {
		role := "candidate"
		if v.Baseline {
			role = "baseline"
		}
		words := []string{v.Name, role, buildWords(v.Build), envWords(v)}
		words = append(words, appWords(v)...)
		if v.Server.Accel != "" {
			words = append(words, "accel "+v.Server.Accel)
		}
		if v.Server.Plant != nil {
			words = append(words, "plant "+plantOr(v.Server.Plant, ""))
		}
		if v.Server.Reload != nil {
			words = append(words, "reload "+reloadOr(v.Server.Reload, ""), or(disturbWords(v.Disturb), "not disturbed"))
		}
		lines = append(lines, strings.Join(words, "\t"))
	}
	if p.Null != nil {
		lines = append(lines, strings.Join([]string{p.Null.Name, "the baseline again", buildWords(p.Null.Build), envWords(*p.Null)}, "\t"))
	}
	t.list(fmt.Sprintf("variants (%d, of %s)", len(p.Variants), plural(p.builds(), "build")), lines)
}

// builds is how many different servers there are to build.
func (p *Plan) builds() int {
	all := slices.Clone(p.Variants)
	if p.Null != nil {
		all = append(all, *p.Null)
	}
	different := map[string]bool{}
	for _, v := range all {
		b := v.Build
		b.Backend = variant.Backend(or(string(b.Backend), string(variant.Std)))
		different[v.Server.App+fmt.Sprintf("%#v", b)] = true
	}
	return len(different)
}

func buildWords(b variant.Build) string {
	words := []string{or(string(b.Backend), string(variant.Std))}
	for _, w := range []struct{ key, value string }{
		{"toolchain", b.Toolchain}, {"gofips140", b.GOFIPS140}, {"goamd64", b.GOAMD64}, {"pgo", b.PGO},
		{"tags", strings.Join(b.Tags, ",")}, {"experiment", strings.Join(b.Experiment, ",")}, {"source", b.Source.Path}, {"ref", b.Source.Ref},
		{"layout", layoutWords(b.Layout)},
	} {
		if w.value != "" {
			words = append(words, w.key+"="+w.value)
		}
	}
	return strings.Join(words, " ")
}

func layoutWords(seed uint64) string {
	if seed == 0 {
		return ""
	}
	return fmt.Sprint(seed)
}

func envWords(v Variant) string {
	var words []string
	for _, key := range slices.Sorted(maps.Keys(v.Env)) {
		words = append(words, key+"="+v.Env[key])
	}
	return strings.Join(words, " ")
}

func (p *Plan) describeCells(t *page) {
	var cells, loads []string
	for _, c := range p.Cells {
		cells = append(cells, c.Name+"\t"+strings.Join(c.Variants, ", "))
		if words := strings.TrimSpace(c.Load.Name + "\t" + loadWords(c.Load)); !slices.Contains(loads, words) {
			loads = append(loads, words)
		}
	}
	t.list(fmt.Sprintf("cells (%d)", len(p.Cells)), cells)
	t.list(fmt.Sprintf("load (%d)", len(loads)), loads)
}

func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}

func loadWords(l loadgen.Load) string {
	words := []string{string(l.Loop) + " loop", plural(l.Workers, "worker")}
	if l.Handshakes > 0 {
		words = append(words, fmt.Sprintf("%d handshakes", l.Handshakes))
	}
	if l.Length > 0 {
		words = append(words, l.Length.String())
	}
	if l.Loop == loadgen.Open {
		words = append(words, string(l.Process))
	}
	for _, phase := range l.Phases {
		words = append(words, strings.TrimSpace(fmt.Sprintf("%s %s at %g/s", phase.Name, phase.Length, phase.Rate)))
	}
	return strings.Join(words, ", ")
}
