package lab

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/hist"
)

// Keep writes what is said or follows from the blocks, in forms that other tools read: the scenario, SBOMs,
// histogram logs.
func (r *Run) Keep(w *results.Writer, blocks []results.Block) error {
	return errors.Join(w.Put("scenario.yaml", []byte(r.Manifest.Scenario.Text)), r.keepSBOMs(w), keepHistograms(w, blocks))
}

func (r *Run) keepSBOMs(w *results.Writer) error {
	for _, v := range r.Manifest.Variants {
		text, err := json.MarshalIndent(v.SBOM, "", "  ")
		if err != nil {
			return err
		}
		if err := w.Put("sbom/"+fileName(v.Name)+".json", text); err != nil {
			return err
		}
	}
	return nil
}

// keepHistograms writes each cell and variant as a log that other HdrHistogram tools read: one interval a block, but
// for the observed ones, which are slower by what observing costs.
func keepHistograms(w *results.Writer, blocks []results.Block) error {
	logs := map[string][]hist.Interval{}
	for i := range blocks {
		if blocks[i].Observed {
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
		if err := w.Put(name, text.Bytes()); err != nil {
			return err
		}
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
