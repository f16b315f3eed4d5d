package loadgen

import (
	"crypto/tls"
	"sync"
)

// ticket is a session to resume, once.
type ticket struct {
	session   *tls.ClientSessionState
	presented bool // the client presented a certificate in the handshake that the ticket stems from
}

// tickets is a stack of fixed size that all workers share. The newest ticket goes first, because a server that
// rotates its keys refuses old ones. In a queue every ticket would wait until all those before it are used up: two
// for each worker, which at a low rate takes longer than a key may live.
type tickets struct {
	mu    sync.Mutex
	stack []ticket
}

func newTickets(size uint64) *tickets { return &tickets{stack: make([]ticket, 0, size)} }

// put lays a ticket on top; if there is no room, the oldest goes.
func (s *tickets) put(t ticket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.stack); n == cap(s.stack) {
		copy(s.stack, s.stack[1:])
		s.stack = s.stack[:n-1]
	}
	s.stack = append(s.stack, t)
}

// take removes the newest ticket.
func (s *tickets) take() (t ticket, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	top := len(s.stack) - 1
	if top < 0 {
		return t, false
	}
	t, s.stack[top] = s.stack[top], t
	s.stack = s.stack[:top]
	return t, true
}
