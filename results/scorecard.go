package results

import "github.com/tlslab/tlslab/handshake/scorecard"

// Scorecard is what the variants with a reload strategy went through, scorecard.json.
type Scorecard struct {
	Cards []scorecard.Card `json:"cards"`
}

// Scorecard keeps what the strategies went through, scorecard.json, without the directories that their messages name.
// It must fit the draft, as a block must.
func (w *Writer) Scorecard(s Scorecard) error {
	return keepBeside(w, scorecardName, pathless(s), w.draft.checkScorecard)
}

// HasScorecard says whether an earlier, interrupted try kept its scorecard.
func (w *Writer) HasScorecard() bool { return w.exists(scorecardName) }

// Scorecard reads what [Writer.Scorecard] kept; nil where nothing was put through anything. A bundle put together by
// hand has no members.
func (b *Bundle) Scorecard() (*Scorecard, error) {
	return readBeside(b, scorecardName, b.Manifest.checkScorecard)
}
