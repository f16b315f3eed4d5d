package results

import "github.com/tlslab/tlslab/handshake/scorecard"

// Scorecard is what the variants with a reload strategy went through, scorecard.json.
type Scorecard struct {
	Cards []scorecard.Card `json:"cards"`
}
