package scenarios

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// Describe writes the plan for people: variants and their builds, cells, blocks, time, what the defaults are, what
// is skipped and why. The error is the writer's.
func (p *Plan) Describe(w io.Writer) error {
	t := &page{tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)}
	t.line("scenario %s, seed %d", p.Scenario.Name, p.Seed)
	for line := range strings.Lines(strings.TrimSpace(p.Scenario.Doc)) {
		t.line("  %s", strings.TrimRight(line, "\n"))
	}
	p.describeVariants(t)
	p.describeCells(t)
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
		lines = append(lines, strings.Join([]string{v.Name, role, buildWords(v.Build), envWords(v)}, "\t"))
	}
	t.list(fmt.Sprintf("variants (%d, of %s)", len(p.Variants), plural(p.builds(), "build")), lines)
}

// builds is how many different servers there are to build.
func (p *Plan) builds() int {
	different := map[string]bool{}
	for _, v := range p.Variants {
		b := v.Build
		b.Backend = variant.Backend(or(string(b.Backend), string(variant.Std)))
		different[fmt.Sprintf("%#v", b)] = true
	}
	return len(different)
}

func buildWords(b variant.Build) string {
	words := []string{or(string(b.Backend), string(variant.Std))}
	for _, w := range []struct{ key, value string }{
		{"toolchain", b.Toolchain}, {"gofips140", b.GOFIPS140}, {"goamd64", b.GOAMD64}, {"pgo", b.PGO},
		{"tags", strings.Join(b.Tags, ",")}, {"source", b.Source.Path}, {"ref", b.Source.Ref},
	} {
		if w.value != "" {
			words = append(words, w.key+"="+w.value)
		}
	}
	return strings.Join(words, " ")
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

func (p *Plan) describeBlocks(t *page) {
	gates := make([]string, len(p.Gates))
	for i, g := range p.Gates {
		gates[i] = fmt.Sprintf("%s of %s: at most %s worse", g.Metric, or(g.Candidate, "every candidate"), percent(g.Worse))
		if g.Advisory {
			gates[i] += " (advisory)"
		}
	}
	t.list("gates", gates)
	observed := ""
	if p.Observe.On() {
		observed = "; every second one is observed, to explain its twin"
	}
	t.list("blocks", []string{
		fmt.Sprintf("%d blocks:\t%d groups of each cell, %s warm-up each%s", len(p.Blocks), p.Groups, p.Warmup, observed),
		fmt.Sprintf("up to %d more:\tspare groups, for those that steal or throttling spoils", len(p.Spares)),
		fmt.Sprintf("about %s:\twithout the time to build the servers", p.Estimate().Round(time.Second)),
		fmt.Sprintf("p >= %.3g:\tthe smallest p-value that %d groups can attain", p.MinimumP(), p.Groups),
	})
}
