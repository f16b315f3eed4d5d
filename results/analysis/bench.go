package analysis

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/metric"
)

// WriteBench writes a bundle as Go benchmark text: one line for each valid block, and a comment for each block left
// out. Observed blocks explain and do not measure: they have no line. Cells and variants come in the manifest's order, so that benchstat compares with the baseline. All values are
// in base units (sec, B), as benchstat shows them:
//
//	benchstat -col /variant bundle.txt
//
// Benchstat takes blocks for independent samples and does not know of groups: where the machine drifts its intervals
// are wider than those of [Of], and it has no margins.
func WriteBench(w io.Writer, b *results.Bundle) error {
	blocks, err := judgeBlocks(b)
	if err != nil {
		return err
	}
	text := benchfmt.NewWriter(w)
	for _, m := range benched() {
		if err := writeUnit(text, m); err != nil {
			return err
		}
	}
	config := benchConfig(b.Manifest)
	measured, _ := split(blocks)
	for _, j := range byVariant(b.Manifest, measured) {
		if err := writeBlock(w, text, benchLine(b.Manifest, config, j), j); err != nil {
			return err
		}
	}
	return nil
}

// benched is the metrics that a block holds by itself: the share of TLS is its profile's.
func benched() []metric.Metric {
	return slices.DeleteFunc(metric.All(), func(m metric.Metric) bool { return m.Name == tlsShare })
}

func byVariant(m results.Manifest, blocks []judged) []judged {
	var all []judged
	for _, cell := range m.Cells {
		for _, variant := range cell.Variants {
			all = append(all, blocksOf(blocks, cell.Name, variant)...)
		}
	}
	return all
}

func writeBlock(w io.Writer, text *benchfmt.Writer, line *benchfmt.Result, j judged) error {
	if j.Valid {
		return text.Write(line)
	}
	_, err := fmt.Fprintf(w, "# block %d left out: %s\n", j.Index, oneLine(j.firstViolated()))
	return err
}

func writeUnit(w *benchfmt.Writer, m metric.Metric) error {
	better := "lower"
	if m.Higher {
		better = "higher"
	}
	for _, pair := range [][2]string{{"better", better}, {"assume", "nothing"}} {
		key := benchfmt.UnitMetadataKey{Unit: benchUnit(m), Key: pair[0]}
		if err := w.Write(&benchfmt.UnitMetadata{UnitMetadataKey: key, OrigUnit: key.Unit, Value: pair[1]}); err != nil {
			return err
		}
	}
	return nil
}

// benchUnit is a metric's name and its unit in benchstat's words: server-cpu-sec/op.
func benchUnit(m metric.Metric) string {
	units := map[string]string{
		"s/handshake": "sec/op", "s": "sec", "B/handshake": "B/op", "allocs/handshake": "allocs/op", "handshake/s": "op/s",
	}
	name := strings.ReplaceAll(m.Name, "_", "-")
	switch m.Name {
	case "server_allocs":
		name = "server"
	case "server_alloc_bytes":
		name = "server-alloc"
	case "wire_bytes":
		name = "wire"
	}
	return name + "-" + units[m.Unit]
}

func benchConfig(m results.Manifest) []benchfmt.Config {
	var config []benchfmt.Config
	for _, c := range [][2]string{
		{"goos", m.Environment.OS},
		{"goarch", m.Environment.Arch},
		{"pkg", "github.com/tlslab/tlslab/handshake"},
		{"cpu", m.Environment.CPUModel},
		{"scenario", m.Scenario.Name},
		{"seed", strconv.FormatUint(m.Seed, 10)},
	} {
		if c[1] != "" {
			config = append(config, benchfmt.Config{Key: c[0], Value: []byte(oneLine(c[1])), File: true})
		}
	}
	return config
}

func benchLine(m results.Manifest, config []benchfmt.Config, j judged) *benchfmt.Result {
	r := &benchfmt.Result{Config: config, Name: benchName(m, j), Iters: int(j.Client.Confirmed)}
	for _, m := range benched() {
		if v, ok := j.Values[m.Name]; ok {
			r.Values = append(r.Values, benchfmt.Value{Value: v, Unit: benchUnit(m)})
		}
	}
	return r
}

// benchName is Handshake/variant=V/kind=K/.../load=L-N, where N is the server's GOMAXPROCS.
func benchName(m results.Manifest, j judged) benchfmt.Name {
	spec := j.cell.Spec
	auth := "server"
	if spec.Mutual {
		auth = "mutual"
	}
	parts := [][2]string{
		{"variant", j.Variant}, {"kind", spec.Kind.String()}, {"group", spec.Group.String()},
		{"signature", spec.Signature.String()}, {"auth", auth}, {"alpn", spec.ALPN}, {"load", j.cell.Load.Name},
	}
	if spec.Suite != 0 {
		parts = append(parts, [2]string{"suite", spec.Suite.String()})
	}
	name := "Handshake"
	for _, p := range parts {
		if p[1] != "" {
			name += "/" + p[0] + "=" + nameWord(p[1])
		}
	}
	return benchfmt.Name(fmt.Sprintf("%s-%d", name, gomaxprocs(m, j.Variant)))
}

// nameWord keeps a word from ending the name or the part of it.
func nameWord(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '/' || r == 0x7f || r > 0x7f {
			return '_'
		}
		return r
	}, s)
}

func gomaxprocs(m results.Manifest, variant string) int {
	for _, v := range m.Variants {
		if v.Name == variant {
			return max(1, v.Hello.GOMAXPROCS)
		}
	}
	return 1
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }

func (b *Block) firstViolated() string {
	for _, g := range b.Guards {
		if g.State == Violated {
			return g.Name + ": " + g.Detail
		}
	}
	return ""
}
