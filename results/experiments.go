package results

import "github.com/tlslab/tlslab/handshake/experiment"

// Experiments is what the scenario's experiments came to, experiments.json.
type Experiments struct {
	Results []experiment.Result `json:"results"`
}

// Experiments keeps what the experiments came to, experiments.json, without the directories that their notes name. They
// must fit the draft, as a block must.
func (w *Writer) Experiments(e Experiments) error {
	return keepBeside(w, experimentsName, pathlessExperiments(e), w.draft.checkExperiments)
}

// HasExperiments says whether an earlier, interrupted try kept its experiments.
func (w *Writer) HasExperiments() bool { return w.exists(experimentsName) }

// Experiments reads what [Writer.Experiments] kept; nil where there were none. A bundle put together by hand has no
// members.
func (b *Bundle) Experiments() (*Experiments, error) {
	return readBeside(b, experimentsName, b.Manifest.checkExperiments)
}
