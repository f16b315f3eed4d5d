package handshake

import (
	"fmt"
	"maps"
	"slices"
)

// Shape counts handshakes by what was negotiated, by name. Both sides keep one; they must be equal.
type Shape struct {
	Resumed    uint64            `json:"resumed"`
	Retried    uint64            `json:"retried"`
	Early      uint64            `json:"early,omitempty"` // of the resumed ones, those whose early data was accepted
	Mutual     uint64            `json:"mutual"`
	Groups     map[string]uint64 `json:"groups,omitempty"`
	Suites     map[string]uint64 `json:"suites,omitempty"`
	Signatures map[string]uint64 `json:"signatures,omitempty"`
	ALPN       map[string]uint64 `json:"alpn,omitempty"` // "none": no protocol negotiated
}

// Count adds n handshakes of one outcome.
func (s *Shape) Count(o Outcome, n uint64) {
	s.Resumed += when(o.Resumed, n)
	s.Retried += when(o.Retried, n)
	s.Early += when(o.Early, n)
	s.Mutual += when(o.Mutual, n)
	tally(&s.Groups, o.Group.String(), n)
	tally(&s.Suites, o.Suite.String(), n)
	tally(&s.Signatures, o.Signature.String(), n)
	tally(&s.ALPN, orNone(o.ALPN), n)
}

func when(is bool, n uint64) uint64 {
	if is {
		return n
	}
	return 0
}

func tally(m *map[string]uint64, key string, n uint64) {
	if *m == nil {
		*m = map[string]uint64{}
	}
	(*m)[key] += n
}

// ClientLedger is the load generator's count of one measured stretch.
// Began = Confirmed + Unconfirmed + Failed.
type ClientLedger struct {
	Began       uint64            `json:"began"`
	Connected   uint64            `json:"connected"`   // TCP established
	Confirmed   uint64            `json:"confirmed"`   // and of the asked shape or not: see Mismatched
	Unconfirmed uint64            `json:"unconfirmed"` // complete, but the server never confirmed: it may have rejected
	Failed      uint64            `json:"failed"`      // never complete
	Mismatched  uint64            `json:"mismatched"`  // confirmed, but another handshake than asked
	Errors      map[string]uint64 `json:"errors,omitempty"`
	Shape       Shape             `json:"shape"` // of the confirmed ones
}

// Fail counts an error by its text.
func (l *ClientLedger) Fail(reason string) { tally(&l.Errors, reason, 1) }

// ServerLedger is the server's count of one measured stretch. Accepted = Completed + Rejected.
type ServerLedger struct {
	Accepted  uint64            `json:"accepted"`
	Completed uint64            `json:"completed"` // Finished verified, confirmation sent
	Rejected  uint64            `json:"rejected"`
	Reasons   map[string]uint64 `json:"reasons,omitempty"` // of rejection
	Shape     Shape             `json:"shape"`             // of the completed ones
}

// Reject counts a rejected handshake by its reason.
func (l *ServerLedger) Reject(reason string) {
	l.Rejected++
	tally(&l.Reasons, reason, 1)
}

// Reconcile lists what the two ledgers disagree on; nil where they agree to the last handshake.
func Reconcile(c ClientLedger, s ServerLedger) []string {
	var diffs []string
	differ := func(what string, client, server uint64) {
		if client != server {
			diffs = append(diffs, fmt.Sprintf("%s: client %d, server %d", what, client, server))
		}
	}
	differ("connected/accepted", c.Connected, s.Accepted)
	differ("confirmed/completed", c.Confirmed, s.Completed)
	differ("rejected", c.Connected-c.Confirmed, s.Rejected)
	differ("resumed", c.Shape.Resumed, s.Shape.Resumed)
	differ("retried", c.Shape.Retried, s.Shape.Retried)
	differ("early", c.Shape.Early, s.Shape.Early)
	differ("mutual", c.Shape.Mutual, s.Shape.Mutual)
	compare := func(what string, client, server map[string]uint64) {
		keys := map[string]bool{}
		for k := range client {
			keys[k] = true
		}
		for k := range server {
			keys[k] = true
		}
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			differ(what+" "+k, client[k], server[k])
		}
	}
	compare("group", c.Shape.Groups, s.Shape.Groups)
	compare("suite", c.Shape.Suites, s.Shape.Suites)
	compare("signature", c.Shape.Signatures, s.Shape.Signatures)
	compare("alpn", c.Shape.ALPN, s.Shape.ALPN)
	return diffs
}
