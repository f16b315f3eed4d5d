package loadgen

import (
	"errors"
	"syscall"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// maxReasons bounds the distinct reasons of one ledger; all further ones count as "other".
const maxReasons = 64

// tally is one worker's books. Counting a confirmed handshake allocates nothing.
type tally struct {
	ledger            handshake.ClientLedger // without Shape, which outcomes stand for
	outcomes          map[handshake.Outcome]uint64
	bytesIn, bytesOut uint64
	noPort            uint64
	last              time.Duration // when the last handshake ended
}

func newTally() tally {
	return tally{
		ledger:   handshake.ClientLedger{Errors: map[string]uint64{}},
		outcomes: map[handshake.Outcome]uint64{},
	}
}

// count files one handshake by the instants that it reached.
func (t *tally) count(o *handshake.Observation, err error) {
	t.ledger.Began++
	if o.Connected != 0 {
		t.ledger.Connected++
	}
	switch {
	case o.Confirmed != 0:
		t.confirm(o, err)
	case o.Complete != 0:
		t.ledger.Unconfirmed++
	default:
		t.ledger.Failed++
	}
	if err != nil || o.Confirmed == 0 {
		t.blame(Reason(o, err), 1)
	}
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		t.noPort++
	}
}

func (t *tally) confirm(o *handshake.Observation, err error) {
	t.ledger.Confirmed++
	t.outcomes[o.Outcome]++
	t.bytesIn += o.BytesIn
	t.bytesOut += o.BytesOut
	if err != nil {
		t.ledger.Mismatched++
	}
}

// blame counts n errors.
func (t *tally) blame(reason string, n uint64) {
	if _, known := t.ledger.Errors[reason]; !known && len(t.ledger.Errors) >= maxReasons {
		reason = "other"
	}
	t.ledger.Errors[reason] += n
}

// lose counts n handshakes that fell due and were never begun.
func (t *tally) lose(n uint64) {
	if n > 0 {
		t.ledger.Began += n
		t.ledger.Failed += n
		t.blame("not begun: all workers busy until the drain deadline", n)
	}
}

// add merges another worker's books.
func (t *tally) add(other *tally) {
	l, from := &t.ledger, &other.ledger
	l.Began += from.Began
	l.Connected += from.Connected
	l.Confirmed += from.Confirmed
	l.Unconfirmed += from.Unconfirmed
	l.Failed += from.Failed
	l.Mismatched += from.Mismatched
	for reason, n := range from.Errors {
		t.blame(reason, n)
	}
	for outcome, n := range other.outcomes {
		t.outcomes[outcome] += n
	}
	t.bytesIn += other.bytesIn
	t.bytesOut += other.bytesOut
	t.noPort += other.noPort
	t.last = max(t.last, other.last)
}

// client is the ledger, shape included.
func (t *tally) client() handshake.ClientLedger {
	ledger := t.ledger
	for outcome, n := range t.outcomes {
		ledger.Shape.Count(outcome, n)
	}
	return ledger
}
