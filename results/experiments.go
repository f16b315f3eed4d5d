package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tlslab/tlslab/handshake/experiment"
)

// Experiments is what the scenario's experiments came to, experiments.json.
type Experiments struct {
	Results []experiment.Result `json:"results"`
}

// Experiments keeps what the experiments came to, experiments.json, without the directories that their notes name. They
// must fit the draft, as a block must.
func (w *Writer) Experiments(e Experiments) error {
	e = pathlessExperiments(e)
	if err := w.draft.checkExperiments(e); err != nil {
		return fmt.Errorf("%s: %w", experimentsName, err)
	}
	data, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("%s: %w", experimentsName, err)
	}
	return w.Put(experimentsName, append(data, '\n'))
}

// HasExperiments says whether an earlier, interrupted try kept its experiments.
func (w *Writer) HasExperiments() bool { return w.exists(experimentsName) }

// Experiments reads what [Writer.Experiments] kept; nil where there were none. A bundle put together by hand has no
// members.
func (b *Bundle) Experiments() (*Experiments, error) {
	data, err := b.Member(experimentsName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var e Experiments
	if err := decode(data, &e); err != nil {
		return nil, corrupt(experimentsName, "%w", err)
	}
	if err := b.Manifest.checkExperiments(e); err != nil {
		return nil, corrupt(experimentsName, "%w", err)
	}
	return &e, nil
}
