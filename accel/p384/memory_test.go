package p384

import (
	"crypto"
	"io"
	"net"
	"sync"
	"time"
)

// ledger says how long each side ran, where one P runs them all: every stretch of processor time between two events
// belongs to the goroutine that ran in it. Two things end a stretch unseen, parking and yielding inside Sign, and both are the
// server's: whoever resumes next charges the time to the side of the last event. A collector's time is charged to
// whom it interrupts.
type ledger struct {
	mu    sync.Mutex
	last  time.Duration
	side  side
	spent [2]time.Duration
}

type side int

const (
	clientSide side = iota
	serverSide
)

// resumed is called by a goroutine that begins to run.
func (l *ledger) resumed(by side) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.charge(l.side)
	l.side = by
}

// ran is called by a goroutine that runs and has run, or resumed inside Sign, since the last event.
func (l *ledger) ran(by side) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.charge(by)
	l.side = by
}

func (l *ledger) charge(side side) {
	now := processorTime()
	l.spent[side] += now - l.last
	l.last = now
}

// meteredSigner tells the ledger when a signature begins and ends.
type meteredSigner struct {
	*Signer
	ledger *ledger
}

func (s *meteredSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	s.ledger.ran(serverSide)
	defer s.ledger.ran(serverSide)
	return s.Signer.Sign(random, digest, opts)
}

// half is one direction of a connection in memory.
type half struct {
	mu     sync.Mutex
	filled sync.Cond
	data   []byte
	closed bool
}

func newHalf() *half {
	h := new(half)
	h.filled.L = &h.mu
	return h
}

// memory is one end of a connection in memory. A writer never waits.
type memory struct {
	net.Conn // the methods that crypto/tls does not call
	in, out  *half
	side     side
	ledger   *ledger
}

func connect(l *ledger) (clientEnd, serverEnd *memory) {
	up, down := newHalf(), newHalf()
	return &memory{in: down, out: up, side: clientSide, ledger: l}, &memory{in: up, out: down, side: serverSide, ledger: l}
}

func (m *memory) Read(b []byte) (int, error) {
	h := m.in
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.data) == 0 {
		if h.closed {
			return 0, io.EOF
		}
		m.ledger.ran(m.side)
		h.filled.Wait()
		m.ledger.resumed(m.side)
	}
	n := copy(b, h.data)
	h.data = h.data[n:]
	return n, nil
}

func (m *memory) Write(b []byte) (int, error) {
	m.out.mu.Lock()
	defer m.out.mu.Unlock()
	m.out.data = append(m.out.data, b...)
	m.out.filled.Signal()
	return len(b), nil
}

func (m *memory) Close() error {
	m.out.mu.Lock()
	defer m.out.mu.Unlock()
	m.out.closed = true
	m.out.filled.Signal()
	return nil
}

func (m *memory) SetDeadline(time.Time) error      { return nil }
func (m *memory) SetReadDeadline(time.Time) error  { return nil }
func (m *memory) SetWriteDeadline(time.Time) error { return nil }
