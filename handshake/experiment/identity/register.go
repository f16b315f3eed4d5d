package identity

import (
	"crypto/tls"
	"crypto/x509"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
)

// register is what became of calls and handshakes, and what the server believed of who made them. It is safe for
// concurrent use; the zero value is empty.
type register struct {
	mu      sync.Mutex
	all     int
	failed  int
	expired int   // allowed to an identity that was over
	failure error // the last
	oldest  [handshake.Live + 1]time.Duration
}

func (r *register) call(reply spiffegrpc.Reply, kind handshake.Kind, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(kind, reply.Age, reply.Left, err)
}

// handshake enters a connection whose handshake is all that there is, by the certificate that the server believes.
func (r *register) handshake(kind handshake.Kind, peer *x509.Certificate, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(kind, now.Sub(peer.NotBefore), peer.NotAfter.Sub(now), nil)
}

// refusal enters a handshake that failed.
func (r *register) refusal(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.enter(handshake.Full, 0, 0, err)
}

func (r *register) enter(kind handshake.Kind, age, left time.Duration, err error) {
	r.all++
	if err != nil {
		r.failed, r.failure = r.failed+1, err
		return
	}
	if left < 0 {
		r.expired++
	}
	r.oldest[kind] = max(r.oldest[kind], age)
}

func kindOf(s tls.ConnectionState) handshake.Kind {
	if s.DidResume {
		return handshake.Resumed
	}
	return handshake.Full
}

// calls are the counts of calls.
func (r *register) calls() []experiment.Measure {
	r.mu.Lock()
	defer r.mu.Unlock()
	return []experiment.Measure{
		experiment.Count("rpcs", "rpcs", r.all, r.all),
		experiment.Count("expired_rpcs", "rpcs", r.expired, r.all),
		experiment.Count("failed_rpcs", "rpcs", r.failed, r.all),
	}
}

// ages are the oldest identity that was believed, and the oldest on each kind of connection that there was; the notes
// are about the others and the last failure.
func (r *register) ages() (all []experiment.Measure, notes []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var oldest time.Duration
	for _, kind := range []handshake.Kind{handshake.Full, handshake.Resumed, handshake.Live} {
		if r.oldest[kind] == 0 {
			notes = append(notes, "age_"+kind.String()+"_max: there was none")
			continue
		}
		oldest = max(oldest, r.oldest[kind])
		all = append(all, experiment.Seconds("age_"+kind.String()+"_max", r.oldest[kind]))
	}
	if oldest > 0 {
		all = append(all, experiment.Seconds("oldest_age", oldest))
	}
	if r.failure != nil {
		notes = append(notes, "last failure: "+r.failure.Error())
	}
	return all, notes
}
