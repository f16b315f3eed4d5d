package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tlslab/tlslab/handshake/scorecard"
)

// Scorecard is what the variants with a reload strategy went through, scorecard.json.
type Scorecard struct {
	Cards []scorecard.Card `json:"cards"`
}

// Scorecard keeps what the strategies went through, scorecard.json, without the directories that their messages name.
// It must fit the draft, as a block must.
func (w *Writer) Scorecard(s Scorecard) error {
	s = pathless(s)
	if err := w.draft.checkScorecard(s); err != nil {
		return fmt.Errorf("%s: %w", scorecardName, err)
	}
	data, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("%s: %w", scorecardName, err)
	}
	return w.Put(scorecardName, append(data, '\n'))
}

// HasScorecard says whether an earlier, interrupted try kept its scorecard.
func (w *Writer) HasScorecard() bool { return w.exists(scorecardName) }

// Scorecard reads what [Writer.Scorecard] kept; nil where nothing was put through anything. A bundle put together by
// hand has no members.
func (b *Bundle) Scorecard() (*Scorecard, error) {
	data, err := b.Member(scorecardName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var s Scorecard
	if err := decode(data, &s); err != nil {
		return nil, corrupt(scorecardName, "%w", err)
	}
	if err := b.Manifest.checkScorecard(s); err != nil {
		return nil, corrupt(scorecardName, "%w", err)
	}
	return &s, nil
}
