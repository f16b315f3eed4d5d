package spiffegrpc

import (
	"context"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"

	"github.com/tlslab/tlslab/handshake"
)

// authorizer is who may connect.
func (o Options) authorizer() (tlsconfig.Authorizer, error) {
	if o.Authorize != nil {
		return o.Authorize, nil
	}
	return authorizer(o.SPIFFE)
}

// authorizer of a peer: the one that is named, else any of the trust domain, else any that can be verified.
func authorizer(s handshake.SPIFFE) (tlsconfig.Authorizer, error) {
	switch {
	case s.Peer != "":
		id, err := spiffeid.FromString(s.Peer)
		if err != nil {
			return nil, fmt.Errorf("peer: %w", err)
		}
		return tlsconfig.AuthorizeID(id), nil
	case s.Domain != "":
		domain, err := spiffeid.TrustDomainFromString(s.Domain)
		if err != nil {
			return nil, fmt.Errorf("domain: %w", err)
		}
		return tlsconfig.AuthorizeMemberOf(domain), nil
	}
	return tlsconfig.AuthorizeAny(), nil
}

// named refuses the calls of those whom an authoriser does not authorise now, whatever it said when they shook hands.
func named(authorize tlsconfig.Authorizer) Policy {
	return func(_ context.Context, r Request) (Decision, error) {
		if authorize(r.Caller, nil) != nil {
			return Decision{Reason: "identity not authorised"}, nil
		}
		return Decision{Allow: true}, nil
	}
}
