package loadgen

import "crypto/tls"

// seat is what one worker handshakes with at a time: a configuration whose callbacks tell of that handshake alone.
// So no configuration is made per handshake, as no production client would.
//
// It is its configuration's [tls.ClientSessionCache]. Tickets come from a stack that all seats share, and each is
// used once (RFC 8446, section C.4); the newest one of every handshake goes on the stack.
type seat struct {
	config  *tls.Config
	tickets *tickets
	answer  [maxAnswer]byte // what is read of the server's confirmation

	resume    bool // this handshake may take a ticket
	sent      bool // it sent the client's certificate
	inherited bool // the handshake that its ticket stems from did
	fresh     *tls.ClientSessionState
}

// newSeat makes a seat of its own config; own is the client's certificate, nil if it has none, and tickets is nil if
// handshakes do not resume.
func newSeat(config *tls.Config, own *tls.Certificate, tickets *tickets) *seat {
	s := &seat{config: config, tickets: tickets}
	if own != nil {
		config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			s.sent = true
			return own, nil
		}
	}
	if tickets != nil {
		config.ClientSessionCache = s
	}
	return s
}

func (s *seat) begin(resume bool) { s.resume, s.sent, s.inherited, s.fresh = resume, false, false, nil }

// end hands the new ticket on and says whether the client is authenticated by certificate.
func (s *seat) end(resumed bool) (presented bool) {
	presented = s.sent
	if resumed {
		presented = s.inherited
	}
	if s.fresh != nil {
		s.tickets.put(ticket{s.fresh, presented})
	}
	return presented
}

// Get takes the newest ticket.
func (s *seat) Get(string) (*tls.ClientSessionState, bool) {
	if !s.resume {
		return nil, false
	}
	t, ok := s.tickets.take()
	s.inherited = t.presented
	return t.session, ok
}

// Put keeps the newest ticket of the handshake. A nil session only says that a ticket, used up already, was no good.
func (s *seat) Put(_ string, session *tls.ClientSessionState) {
	if session != nil {
		s.fresh = session
	}
}
