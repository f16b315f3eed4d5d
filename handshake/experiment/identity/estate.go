package identity

import (
	"context"
	"crypto/tls"
	"os"
	"path/filepath"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

const (
	trustDomain = "lab.example"
	serverPath  = "/server"
	clientPath  = "/client"
)

// estate is a trust domain with a Workload API agent, which attests this process as every workload.
type estate struct {
	domain *spiffe.Domain
	agent  *spiffe.Agent
	pair
}

// pair is the sources of a server's identities and a client's.
type pair struct{ server, client *spiffe.Live }

// found starts an agent of some workloads; its socket is in a directory of its own. There are no sources yet.
func found(b experiment.Bench, entries ...spiffe.Entry) (*estate, error) {
	dir, err := os.MkdirTemp(b.Dir, "")
	if err != nil {
		return nil, err
	}
	domain, err := spiffe.NewDomain(trustDomain, handshake.ECDSAP256, time.Now())
	if err != nil {
		return nil, err
	}
	agent, err := spiffe.NewAgent(spiffe.AgentOptions{Socket: filepath.Join(dir, "api"), Domain: domain, Entries: entries, Seed: b.Seed, Pushes: told})
	if err != nil {
		return nil, err
	}
	return &estate{domain: domain, agent: agent}, agent.Start()
}

// told is how many pushes the agents of experiments tell of: more than an experiment that reads them makes, and few
// enough for the storm's warm-up to fill.
const told = 4096

// settle starts an agent and opens both sources; a back-off of nil is go-spiffe's.
func settle(ctx context.Context, b experiment.Bench, backoff *spiffe.Backoff, entries ...spiffe.Entry) (*estate, error) {
	e, err := found(b, entries...)
	if err != nil {
		return nil, err
	}
	if e.server, err = e.source(ctx, serverPath, backoff); err == nil {
		e.client, err = e.source(ctx, clientPath, backoff)
	}
	if err != nil {
		e.close()
	}
	return e, err
}

func (e *estate) close() {
	for _, source := range []*spiffe.Live{e.server, e.client} {
		if source != nil {
			source.Close()
		}
	}
	e.agent.Stop()
}

// workloads are a server and a client whose identities live for some time.
func workloads(ttl time.Duration) []spiffe.Entry {
	return []spiffe.Entry{{Path: serverPath, UID: -1, TTL: ttl}, {Path: clientPath, UID: -1, TTL: ttl}}
}

func (e *estate) source(ctx context.Context, path string, backoff *spiffe.Backoff) (*spiffe.Live, error) {
	return spiffe.DialWith(ctx, e.agent.Address(), spiffe.DialOptions{Path: path, Backoff: backoff})
}

// configs are mutual TLS between the two: the server takes anybody of the trust domain, the client the server only.
func (e *estate) configs(serving, asking string) (server, client *tls.Config, err error) {
	server, err = spiffe.ServerConfig(e.server, tlsconfig.AuthorizeMemberOf(e.domain.Name()), serving)
	if err != nil {
		return nil, nil, err
	}
	client, err = spiffe.ClientConfig(e.client, tlsconfig.AuthorizeID(spiffeid.RequireFromPath(e.domain.Name(), serverPath)), asking)
	return server, client, err
}

// pause waits, or returns false at once when ctx ends.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// until asks again and again whether something is so, at most until ctx ends or for some time.
func until(ctx context.Context, atMost time.Duration, so func() bool) bool {
	ctx, cancel := context.WithTimeout(ctx, atMost)
	defer cancel()
	for !so() {
		if !pause(ctx, 500*time.Microsecond) {
			return false
		}
	}
	return true
}
