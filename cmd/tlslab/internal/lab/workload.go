package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/spiffe"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/scenarios"
)

// identityTime is how long an identity of the lab's own agent lives where the scenario does not say.
const identityTime = time.Hour

// workload is the agent that gives a block's server and client their identities, on a socket that only this user can
// reach.
type workload struct {
	dir    string
	agent  *spiffe.Agent
	domain string
}

// attest starts the agent of a variant's server; nil where identities come from elsewhere.
func (r *Run) attest(v scenarios.Variant, sig handshake.Signature) (*workload, error) {
	asked := v.Server.SPIFFE
	if asked == nil {
		return nil, nil
	}
	domain, err := r.secrets.domain(asked.Domain, sig)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "tlslab-agent-")
	if err != nil {
		return nil, err
	}
	w := &workload{dir: dir, domain: asked.Domain}
	if w.agent, err = startAgent(filepath.Join(dir, "agent.sock"), domain, asked.TTL); err != nil {
		os.RemoveAll(dir)
		return nil, fmt.Errorf("start the Workload API of %s: %w", v.Name, err)
	}
	return w, nil
}

func startAgent(socket string, domain *spiffe.Domain, ttl time.Duration) (*spiffe.Agent, error) {
	if ttl == 0 {
		ttl = identityTime
	}
	agent, err := spiffe.NewAgent(spiffe.AgentOptions{
		Socket: socket, Domain: domain, Jitter: 0.1,
		Entries: []spiffe.Entry{{Path: "/server", UID: -1, TTL: ttl}, {Path: "/client", UID: -1, TTL: ttl}},
	})
	if err != nil {
		return nil, err
	}
	return agent, agent.Start()
}

// point makes a server ask the agent for its identity.
func (w *workload) point(s *server.Settings, asked *handshake.SPIFFE) {
	if w == nil {
		return
	}
	own := *asked
	own.Socket = w.agent.Address()
	s.Certificate, s.Key, s.ClientCAs, s.SPIFFE = nil, nil, nil, &own
}

// introduce makes a client ask the agent for its identity.
func (w *workload) introduce(job *loadgen.Job, asked *handshake.SPIFFE) {
	if w == nil {
		return
	}
	own := *asked
	own.Socket = w.agent.Address()
	job.Roots, job.Certificate, job.Key, job.SPIFFE = nil, nil, nil, &own
}

func (w *workload) remove() {
	if w != nil {
		w.agent.Stop()
		os.RemoveAll(w.dir)
	}
}
