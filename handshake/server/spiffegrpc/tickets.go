package spiffegrpc

import (
	"crypto/tls"
	"encoding/binary"
	"time"
)

// label marks the entry of this package among the extra data of a session ([tls.SessionState]).
const label = "tlslab spiffegrpc until\x00"

// untilRenewed has a session be resumed only until the margin before the end of the identity that it was made with. A
// resumed handshake shows the leaf of its ticket: a client that is asked to leave and resumes comes back as who it was,
// though it has renewed since. What config did with tickets before it does still.
func untilRenewed(config *tls.Config) {
	wrap, unwrap := config.WrapSession, config.UnwrapSession
	if wrap == nil {
		wrap = config.EncryptTicket
	}
	if unwrap == nil {
		unwrap = config.DecryptTicket
	}
	config.WrapSession = func(cs tls.ConnectionState, s *tls.SessionState) ([]byte, error) {
		s.Extra = append(s.Extra, entry(cs))
		return wrap(cs, s)
	}
	config.UnwrapSession = func(ticket []byte, cs tls.ConnectionState) (*tls.SessionState, error) {
		s, err := unwrap(ticket, cs)
		if err != nil || s == nil || !time.Now().Before(until(s)) {
			return nil, err
		}
		return s, nil
	}
}

// entry says until when a session is good: the label, then nanoseconds since 1970.
func entry(cs tls.ConnectionState) []byte {
	if len(cs.PeerCertificates) == 0 {
		return nil
	}
	leaf := cs.PeerCertificates[0]
	end := leaf.NotAfter.Add(-margin(leaf.NotBefore, leaf.NotAfter))
	return binary.BigEndian.AppendUint64([]byte(label), uint64(end.UnixNano()))
}

// until is the earliest instant that the entries say; zero without one.
func until(s *tls.SessionState) (end time.Time) {
	for _, e := range s.Extra {
		if len(e) != len(label)+8 || string(e[:len(label)]) != label {
			continue
		}
		at := time.Unix(0, int64(binary.BigEndian.Uint64(e[len(label):])))
		if end.IsZero() || at.Before(end) {
			end = at
		}
	}
	return end
}
