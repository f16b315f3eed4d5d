package reports

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// Environment is the machine, and for each variant what was built and what ran: the SBOM and the server's own word.
func Environment(a *analysis.Analysis) (Section, bool) {
	m := a.Manifest
	s := Section{ID: "environment", Title: "Environment and provenance", Short: "Environment"}
	if t := machineTable(m.Environment); len(t.Rows) > 0 {
		s.Items = append(s.Items, Item{Page: true, Table: t})
	}
	if f := features(m.Environment); f != nil {
		s.Items = append(s.Items, Item{Page: true, Fold: "CPU features", Table: f})
	}
	if len(m.Variants) > 0 {
		s.Items = append(s.Items, Item{Page: true, Table: variantTable(m.Variants)})
	}
	if t := moduleTable(m.Variants); len(t.Rows) > 0 {
		s.Items = append(s.Items, Item{Page: true, Fold: "Modules in the servers", Table: t})
	}
	return s, len(s.Items) > 0
}

// property is a row of the tables here: a name and a value for each variant; one value for the machine.
type property struct {
	name   string
	values []string
}

func machineTable(e results.Environment) *Table {
	t := &Table{Caption: "Machine", Columns: columns("property", "value")}
	list := []property{
		{"CPU", []string{e.CPUModel}},
		{"CPUs", []string{positive(int64(e.CPUs))}},
		{"memory", []string{mebibytes(e.MemoryBytes)}},
		{"system", []string{strings.TrimSpace(e.OS + " " + e.Kernel + " " + e.Arch)}},
		{"hypervisor", []string{e.Hypervisor}},
		{"microcode", []string{e.Microcode}},
		{"governor", []string{e.Governor}},
		{"SMT", []string{e.SMT}},
		{"clocksource", []string{e.Clocksource}},
		{"cgroup CPU limit", []string{e.CgroupCPU}},
		{"cgroup memory limit", []string{e.CgroupMemory}},
		{"load average at the start", []string{e.LoadAverage}},
		{"placement", []string{e.Placement}},
		{"tool built with", []string{e.Go}},
		{"GODEBUG", []string{e.GODEBUG}},
		{"host (salted digest)", []string{e.Host}},
	}
	for _, k := range slices.Sorted(maps.Keys(e.Sysctl)) {
		list = append(list, property{"sysctl " + k, []string{e.Sysctl[k]}})
	}
	return t.fill(list)
}

// fill adds a row for each property that has a value.
func (t *Table) fill(list []property) *Table {
	for _, p := range list {
		if len(names(p.values...)) > 0 {
			t.Rows = append(t.Rows, Row{Cells: cells(append([]string{p.name}, p.values...)...)})
		}
	}
	return t
}

func positive(n int64) string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

func mebibytes(n uint64) string {
	if n == 0 {
		return ""
	}
	return thousands(strconv.FormatUint(n>>20, 10)) + " MiB"
}

func features(e results.Environment) *Table {
	t := &Table{Caption: "CPU features", Columns: columns("seen by", "features")}
	t.fill([]property{
		{"machine", []string{strings.Join(e.Features, " ")}},
		{"Go", []string{strings.Join(e.GoFeatures, " ")}},
	})
	if len(t.Rows) == 0 {
		return nil
	}
	return t
}

// variantTable has a column for each variant; a row says whether its values differ.
func variantTable(variants []results.Variant) *Table {
	t := &Table{Caption: "Variants: what was built and what ran", Columns: columns("property")}
	for _, v := range variants {
		name := v.Name
		if v.Baseline {
			name += " (baseline)"
		}
		t.Columns = append(t.Columns, Column{Title: name})
	}
	t.fill(variantProperties(variants))
	t.Columns = append(t.Columns, Column{Title: "differ"})
	for i := range t.Rows {
		t.Rows[i].Cells = append(t.Rows[i].Cells, differ(t.Rows[i].Cells[1:]))
	}
	return t
}

func differ(values []Cell) Cell {
	for _, v := range values {
		if v.Text != values[0].Text {
			return Cell{Text: "yes", Tone: Doubt}
		}
	}
	return Cell{Text: "no", Tone: Muted}
}

func variantProperties(variants []results.Variant) []property {
	var list []property
	add := func(name string, of func(results.Variant) string) {
		p := property{name: name}
		for _, v := range variants {
			p.values = append(p.values, of(v))
		}
		list = append(list, p)
	}
	add("backend asked for", func(v results.Variant) string { return string(backend(v.Build)) })
	add("backend symbol in the binary", func(v results.Variant) string { return v.SBOM.Symbol })
	add("running with BoringCrypto", func(v results.Variant) string { return yes(v, v.Hello.Boring) })
	add("running in FIPS mode", func(v results.Variant) string { return yes(v, v.Hello.FIPS140) })
	add("FIPS module", func(v results.Variant) string { return v.Hello.FIPSModule })
	add("toolchain", func(v results.Variant) string { return v.SBOM.Go })
	add("toolchain, running", func(v results.Variant) string { return v.Hello.Go })
	add("DefaultGODEBUG", func(v results.Variant) string { return v.SBOM.DefaultGODEBUG })
	add("GODEBUG, running", func(v results.Variant) string { return v.Hello.GODEBUG })
	add("GOMAXPROCS", func(v results.Variant) string { return positive(int64(v.Hello.GOMAXPROCS)) })
	add("app", func(v results.Variant) string { return v.App })
	add("ALPN of the server", func(v results.Variant) string { return protocolsOf(v.ALPN) })
	add("ALPN that clients offer", func(v results.Variant) string { return protocolsOf(v.Offer) })
	add("gateway", gatewayOf)
	add("SPIFFE", spiffeOf)
	add("environment", func(v results.Variant) string { return settings(v.Env) })
	for _, k := range settingNames(variants) {
		add("build setting "+k, func(v results.Variant) string { return v.SBOM.Settings[k] })
	}
	add("source", func(v results.Variant) string { return v.SBOM.Source })
	add("binary", func(v results.Variant) string { return binary(v.SBOM) })
	return list
}

func backend(b variant.Build) variant.Backend {
	if b.Backend == "" {
		return variant.Std
	}
	return b.Backend
}

// yes is what the server said of itself; nothing where there is no such word.
func yes(v results.Variant, is bool) string {
	switch {
	case v.Hello.Go == "":
		return ""
	case is:
		return "yes"
	}
	return "no"
}

func settings(of map[string]string) string {
	var all []string
	for _, k := range slices.Sorted(maps.Keys(of)) {
		all = append(all, k+"="+of[k])
	}
	return strings.Join(all, " ")
}

func settingNames(variants []results.Variant) []string {
	all := map[string]bool{}
	for _, v := range variants {
		for k := range v.SBOM.Settings {
			all[k] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func binary(s variant.SBOM) string {
	if s.SHA256 == "" {
		return ""
	}
	return fmt.Sprintf("sha256 %s, %s bytes", s.SHA256[:min(12, len(s.SHA256))], count(uint64(s.Bytes)))
}

// moduleTable lists each module with its version in each variant.
func moduleTable(variants []results.Variant) *Table {
	t := &Table{Caption: "Modules", Columns: columns("module")}
	versions := map[string][]string{}
	for i, v := range variants {
		t.Columns = append(t.Columns, Column{Title: v.Name})
		for _, m := range v.SBOM.Modules {
			if versions[m.Path] == nil {
				versions[m.Path] = make([]string, len(variants))
			}
			versions[m.Path][i] = m.Version
		}
	}
	for _, path := range slices.Sorted(maps.Keys(versions)) {
		t.fill([]property{{path, versions[path]}})
	}
	return t
}
