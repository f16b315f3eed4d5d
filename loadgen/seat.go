package loadgen

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/tlslab/tlslab/handshake"
)

// Seat is what one worker handshakes with at a time: a configuration whose callbacks tell of that handshake alone. So
// no configuration is made per handshake, as no production client would.
//
// It is its configuration's [tls.ClientSessionCache]. Tickets come from a stack that all seats share, and each is
// used once (RFC 8446, section C.4); the newest one of every handshake goes on the stack.
type Seat struct {
	Config  *tls.Config
	tickets *tickets
	answer  [maxAnswer]byte // what is read of the server's confirmation

	resume    bool // this handshake may take a ticket
	sent      bool // it sent the client's certificate
	inherited bool // the handshake that its ticket stems from did
	arrived   chan struct{}
	mu        sync.Mutex // a QUIC connection brings its ticket whenever it comes
	fresh     *tls.ClientSessionState
}

// Seats are one for each worker of a job, with all that the job says of TLS but for its suite: see [PinSuite]. Without
// protocols to offer, none is offered. Secrets are written to keyLog, unless it is nil.
func Seats(job Job, protocols []string, keyLog io.Writer) (chan *Seat, error) {
	config, err := clientConfig(job)
	if err != nil {
		return nil, err
	}
	config.NextProtos, config.KeyLogWriter = protocols, keyLog
	var own *tls.Certificate
	if len(job.Certificate) > 0 {
		pair, err := tls.X509KeyPair(job.Certificate, job.Key)
		if err != nil {
			return nil, fmt.Errorf("client certificate: %w", err)
		}
		own = &pair
	}
	var shared *tickets
	if resumes(job.Spec.Kind) {
		shared = newTickets(filling(job.Load.Workers).Handshakes)
	}
	seats := make(chan *Seat, job.Load.Workers)
	for range job.Load.Workers {
		seats <- newSeat(config.Clone(), own, shared)
	}
	return seats, nil
}

func clientConfig(job Job) (*tls.Config, error) {
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(job.Roots) {
		return nil, errors.New("no certificate authority to verify the server with")
	}
	if job.ServerName == "" {
		return nil, errors.New("no server name to verify")
	}
	config := &tls.Config{
		RootCAs:    roots,
		ServerName: job.ServerName,
		MinVersion: tls.VersionTLS13,
		MaxVersion: tls.VersionTLS13,
	}
	if job.Spec.Group != 0 {
		config.CurvePreferences = []tls.CurveID{tls.CurveID(job.Spec.Group)}
	}
	return config, nil
}

// newSeat makes a seat of its own config; own is the client's certificate, nil if it has none, and tickets is nil if
// handshakes do not resume.
func newSeat(config *tls.Config, own *tls.Certificate, tickets *tickets) *Seat {
	s := &Seat{Config: config, tickets: tickets, arrived: make(chan struct{}, 1)}
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

// Begin prepares for a handshake, which resumes if it may, and there is a ticket.
func (s *Seat) Begin(resume bool) {
	s.resume, s.sent, s.inherited = resume, false, false
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = nil
	select {
	case <-s.arrived:
	default:
	}
}

// Arrived has something to receive once a ticket of this handshake has come; nil where nobody keeps it.
func (s *Seat) Arrived() <-chan struct{} {
	if s.tickets == nil {
		return nil
	}
	return s.arrived
}

// End hands the new ticket on and says whether the client is authenticated by certificate.
func (s *Seat) End(resumed bool) (presented bool) {
	presented = s.sent
	if resumed {
		presented = s.inherited
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fresh != nil {
		s.tickets.put(ticket{s.fresh, presented})
	}
	return presented
}

// Get takes the newest ticket.
func (s *Seat) Get(string) (*tls.ClientSessionState, bool) {
	if !s.resume {
		return nil, false
	}
	t, ok := s.tickets.take()
	s.inherited = t.presented
	return t.session, ok
}

// Put keeps the newest ticket of the handshake. A nil session only says that a ticket, used up already, was no good.
func (s *Seat) Put(_ string, session *tls.ClientSessionState) {
	if session == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fresh = session
	select {
	case s.arrived <- struct{}{}:
	default:
	}
}

// resumes says whether handshakes of a job need tickets.
func resumes(k handshake.Kind) bool { return k == handshake.Resumed || k == handshake.Early }
