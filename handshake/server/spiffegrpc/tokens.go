package spiffegrpc

import (
	"context"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"

	"github.com/tlslab/tlslab/handshake"
)

// Tokens are the JWT-SVIDs that a client's calls bear, as credentials.PerRPCCredentials. One is borne until half of its
// life is over; then the next call waits for a new one from the Workload API, and bears the old one where that has none.
type Tokens struct {
	client *workloadapi.Client
	params jwtsvid.Params

	mu      sync.Mutex
	token   string
	renew   time.Time
	expires time.Time
}

// NewTokens are those of the identity of a source for the server of the trust domain.
func NewTokens(s handshake.SPIFFE, source x509svid.Source) (*Tokens, error) {
	own, err := source.GetX509SVID()
	if err != nil {
		return nil, err
	}
	server, err := spiffeid.FromPath(own.ID.TrustDomain(), ServerPath)
	if err != nil {
		return nil, err
	}
	client, err := workloadapi.New(context.Background(), workloadapi.WithAddr(s.Socket))
	if err != nil {
		return nil, err
	}
	return &Tokens{client: client, params: jwtsvid.Params{Audience: server.String(), Subject: own.ID}}, nil
}

// GetRequestMetadata is described at credentials.PerRPCCredentials.
func (t *Tokens) GetRequestMetadata(ctx context.Context, _ ...string) (map[string]string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := time.Now(); !now.Before(t.renew) {
		svid, err := t.client.FetchJWTSVID(ctx, t.params)
		switch {
		case err == nil:
			t.token, t.renew, t.expires = svid.Marshal(), now.Add(svid.Expiry.Sub(now)/2), svid.Expiry
		case !now.Before(t.expires):
			return nil, err
		}
	}
	return map[string]string{tokenKey: tokenPrefix + t.token}, nil
}

// RequireTransportSecurity is true: who has a token is taken for its subject.
func (t *Tokens) RequireTransportSecurity() bool { return true }

// Close closes the connection to the Workload API.
func (t *Tokens) Close() error { return t.client.Close() }
