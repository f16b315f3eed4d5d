package loadgen

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

var errWrongByte = errors.New("wrong confirming byte")

// Stock is the dialer on crypto/tls over TCP. It verifies the server's chain and name in every full handshake, as
// crypto/tls does on resumption with the chain of the ticket.
type Stock struct {
	spec    handshake.Spec
	target  netip.AddrPort
	timeout time.Duration
	rst     bool
	dialer  net.Dialer
	spread  bool           // source addresses
	seats   chan *Seat     // one for each worker
	keyLog  io.WriteCloser // nil unless asked for
	workers int
	delays  *delays // nil: none
	proof   confirm // of the server
}

// OpenStock is the [Opener] of the stock dialer. It pins the job's suite for the whole process.
func OpenStock(job Job) (Engine, error) {
	if job.Spec.Suite != 0 {
		if err := PinSuite(job.Spec.Suite); err != nil {
			return nil, err
		}
	}
	return NewStock(job)
}

// NewStock makes the dialer that a job asks for. Its Spec.Suite is only checked here: see [PinSuite].
func NewStock(job Job) (*Stock, error) {
	s := &Stock{spec: job.Spec, timeout: cmp.Or(job.Timeout, defaultTimeout), rst: job.Close == RST, workers: job.Load.Workers}
	if job.Close != RST && job.Close != FIN {
		return nil, fmt.Errorf("unknown close %q", job.Close)
	}
	var err error
	if s.proof, err = confirmation(job); err != nil {
		return nil, err
	}
	if k := job.Spec.Kind; k != handshake.Full && k != handshake.Resumed {
		return nil, fmt.Errorf("handshakes of the kind %s: the dialer stock makes full and resumed ones", k)
	}
	if d := job.Delay; d != nil {
		if d.Size <= 0 || d.Size >= s.timeout {
			return nil, fmt.Errorf("a delay of %v: it must be positive and shorter than the timeout of %v", d.Size, s.timeout)
		}
		s.delays = &delays{Delay: *d}
	}
	target, err := net.ResolveTCPAddr("tcp", job.Target)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	s.target = netip.AddrPortFrom(target.AddrPort().Addr().Unmap(), uint16(target.Port))
	s.spread = canSpread(s.target.Addr())
	s.dialer = net.Dialer{KeepAlive: -1}
	if s.spread {
		s.dialer.Control = bindLate
	}
	if s.keyLog, err = OpenKeyLog(job); err != nil {
		return nil, err
	}
	if s.seats, err = Seats(job, offer(job), s.keyLog); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// OpenKeyLog opens the file that a job's secrets go to; nil where the job names none.
func OpenKeyLog(job Job) (io.WriteCloser, error) {
	if job.KeyLog == "" {
		return nil, nil
	}
	return os.OpenFile(job.KeyLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

// Harvest is described at [Engine].
func (s *Stock) Harvest() []Delayed { return s.delays.harvest() }

// Close closes the key log.
func (s *Stock) Close() error {
	if s.keyLog == nil {
		return nil
	}
	return s.keyLog.Close()
}

// offer is the ALPN protocols that a job's client offers.
func offer(job Job) []string {
	if job.Offer == nil && job.Spec.ALPN != "" {
		return []string{job.Spec.ALPN}
	}
	return job.Offer
}

// Fill makes the full handshakes that resumed ones need tickets from; for other kinds it does nothing. A server that
// gives no tickets is no error: the ledger of the stretch will show handshakes of another kind. A server that answers
// nothing is one.
func (s *Stock) Fill(ctx context.Context) error {
	if !resumes(s.spec.Kind) {
		return nil
	}
	return FillTickets(ctx, filler{s}, s.workers)
}

// FillTickets makes the handshakes that the seats of so many workers get their first tickets from.
func FillTickets(ctx context.Context, dialer Dialer, workers int) error {
	return warmed(Run(ctx, dialer, filling(workers), 0))
}

// filler dials without using a ticket up.
type filler struct{ *Stock }

func (f filler) Dial(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	return f.dial(ctx, now, o, false)
}

// Dial makes one handshake; see [Dialer].
func (s *Stock) Dial(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	return s.dial(ctx, now, o, resumes(s.spec.Kind))
}

func (s *Stock) dial(ctx context.Context, now func() time.Duration, o *handshake.Observation, resume bool) error {
	seat := <-s.seats
	defer func() { s.seats <- seat }()
	deadline := time.Now().Add(s.timeout)
	tcp, err := s.connect(ctx, o.Seq, deadline)
	if err != nil {
		return err
	}
	o.Connected = now()
	conn := &conn{TCPConn: tcp}
	defer tcp.Close()
	tcp.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() { tcp.SetDeadline(time.Unix(1, 0)) })
	defer stop()
	s.delays.wait(tcp, o)
	seat.Begin(resume)
	client := tls.Client(conn, seat.Config)
	state, err := s.confirm(client, seat, now, o)
	if err != nil {
		return err
	}
	o.BytesIn, o.BytesOut = conn.in, conn.out
	presented := seat.End(state.DidResume)
	s.hangUp(client, tcp)
	o.Outcome, o.Generation = handshake.ClientOutcome(state, presented), GenerationOf(state.PeerCertificates[0])
	return s.spec.Check(o.Outcome)
}

// connect opens a TCP connection from the source address of the handshake's number. Package net itself asks the
// kernel up to three times where it has no port free; then the handshake has failed.
func (s *Stock) connect(ctx context.Context, seq uint64, deadline time.Time) (*net.TCPConn, error) {
	var from netip.AddrPort
	if s.spread {
		from = source(s.target.Addr(), seq)
	}
	dialer := s.dialer
	dialer.Deadline = deadline
	return dialer.DialTCP(ctx, "tcp", from, s.target)
}

// confirm handshakes and waits until the server has confirmed, and so for the ticket that comes before that.
func (s *Stock) confirm(client *tls.Conn, seat *Seat, now func() time.Duration, o *handshake.Observation) (state tls.ConnectionState, err error) {
	if err := client.Handshake(); err != nil {
		return state, err
	}
	o.Complete = now()
	state = client.ConnectionState()
	if err := s.proof(client, &seat.answer, state.NegotiatedProtocol); err != nil {
		return state, err
	}
	o.Confirmed = now()
	return state, nil
}

// GenerationOf is the serial number of a leaf; zero: it has more than 64 bits.
func GenerationOf(leaf *x509.Certificate) uint64 {
	if leaf.SerialNumber.IsUint64() {
		return leaf.SerialNumber.Uint64()
	}
	return 0
}

// hangUp prepares a confirmed connection for its close. With FIN it waits for the server to close too, at most until
// the handshake's deadline; an error can only mean that the server was faster.
func (s *Stock) hangUp(client *tls.Conn, tcp *net.TCPConn) {
	if s.rst {
		tcp.SetLinger(0)
		return
	}
	client.CloseWrite()
	tcp.CloseWrite()
	io.Copy(io.Discard, tcp)
}

// conn counts the payload of one TCP connection.
type conn struct {
	*net.TCPConn
	in, out uint64
}

func (c *conn) Read(b []byte) (int, error) {
	n, err := c.TCPConn.Read(b)
	c.in += uint64(n)
	return n, err
}

func (c *conn) Write(b []byte) (int, error) {
	n, err := c.TCPConn.Write(b)
	c.out += uint64(n)
	return n, err
}
