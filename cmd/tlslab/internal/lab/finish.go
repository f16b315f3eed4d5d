package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/hist"
)

// Derived is every member of a bundle that follows from its manifest and blocks, by name, in forms that other tools
// read: the scenario, SBOMs, histogram logs, Go benchmark text. The same bundle gives the same bytes.
func Derived(b *results.Bundle) (map[string][]byte, error) {
	members := map[string][]byte{"scenario.yaml": []byte(b.Manifest.Scenario.Text)}
	var bench bytes.Buffer
	err := errors.Join(deriveSBOMs(members, b.Manifest.Variants), deriveHistograms(members, b.Blocks), analysis.WriteBench(&bench, b))
	members["bench.txt"] = bench.Bytes()
	return members, err
}

// Keep writes what is derived.
func (r *Run) Keep(w *results.Writer, blocks []results.Block) error {
	members, err := Derived(&results.Bundle{Manifest: r.Manifest, Blocks: blocks})
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if err := w.Put(name, members[name]); err != nil {
			return err
		}
	}
	return nil
}

func deriveSBOMs(members map[string][]byte, variants []results.Variant) error {
	for _, v := range variants {
		text, err := json.MarshalIndent(v.SBOM, "", "  ")
		if err != nil {
			return err
		}
		members["sbom/"+fileName(v.Name)+".json"] = text
	}
	return nil
}

// deriveHistograms writes each cell and variant as a log that other HdrHistogram tools read: one interval a block, but
// for the observed ones, which are slower by what observing costs, and for controls and confirmations.
func deriveHistograms(members map[string][]byte, blocks []results.Block) error {
	logs := map[string][]hist.Interval{}
	for i := range blocks {
		if blocks[i].Observed || blocks[i].Role != results.Measuring {
			continue
		}
		name := "histograms/" + fileName(blocks[i].Cell) + "." + fileName(blocks[i].Variant) + ".hlog"
		logs[name] = append(logs[name], intervals(&blocks[i])...)
	}
	for name, all := range logs {
		var text bytes.Buffer
		if err := hist.WriteLog(&text, all...); err != nil {
			return err
		}
		members[name] = text.Bytes()
	}
	return nil
}

func intervals(b *results.Block) []hist.Interval {
	return []hist.Interval{
		{Tag: "handshake", Start: b.Started, Length: b.Client.Wall, Histogram: &b.Client.Handshake},
		{Tag: "service", Start: b.Started, Length: b.Client.Wall, Histogram: &b.Client.Service},
		{Tag: "response", Start: b.Started, Length: b.Client.Wall, Histogram: &b.Client.Response},
		{Tag: "lateness", Start: b.Started, Length: b.Client.Wall, Histogram: &b.Client.Lateness},
	}
}

// fileName turns a cell's name into one path element.
func fileName(name string) string {
	return strings.NewReplacer("/", "_", " ", "_", ":", "_").Replace(name)
}
