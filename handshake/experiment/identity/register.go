package identity

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
)

// register is what a server believed of those who called it.
type register struct {
	mu          sync.Mutex
	known       map[string]bool // connections that have called, by the caller's address
	calls       int
	expired     int // calls by an identity that was over
	connections int
	oldest      map[handshake.Kind]time.Duration
}

func newRegister() *register {
	return &register{known: map[string]bool{}, oldest: map[handshake.Kind]time.Duration{}}
}

// call enters a call over the connection from address, which believes what s says. The first one of a connection comes
// with its handshake.
func (r *register) call(address string, s tls.ConnectionState, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	kind := kindOf(s)
	if r.known[address] {
		kind = handshake.Live
	} else {
		r.known[address] = true
		r.connections++
	}
	r.enter(kind, s.PeerCertificates[0], now)
}

// handshake enters a connection whose handshake is all that there is.
func (r *register) handshake(s tls.ConnectionState, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(kindOf(s), s.PeerCertificates[0], now)
}

func (r *register) enter(kind handshake.Kind, leaf *x509.Certificate, now time.Time) {
	if now.After(leaf.NotAfter) {
		r.expired++
	}
	r.oldest[kind] = max(r.oldest[kind], now.Sub(leaf.NotBefore))
}

func kindOf(s tls.ConnectionState) handshake.Kind {
	if s.DidResume {
		return handshake.Resumed
	}
	return handshake.Full
}

// ages are the oldest identity that was believed, and the oldest of each kind of connection that there was.
func (r *register) ages() (all []experiment.Measure, missing []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var oldest time.Duration
	for _, kind := range []handshake.Kind{handshake.Full, handshake.Resumed, handshake.Live} {
		age, seen := r.oldest[kind]
		if !seen {
			missing = append(missing, "age_"+kind.String()+"_max: there was no such connection")
			continue
		}
		oldest = max(oldest, age)
		all = append(all, experiment.Seconds("age_"+kind.String()+"_max", age))
	}
	if len(all) > 0 {
		all = append(all, experiment.Seconds("oldest_age", oldest))
	}
	return all, missing
}
