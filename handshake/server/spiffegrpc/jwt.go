package spiffegrpc

import (
	"context"
	"fmt"
	"strings"

	"github.com/spiffe/go-spiffe/v2/bundle/jwtbundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc/metadata"
)

const (
	tokenKey    = "authorization" // of the metadata
	tokenPrefix = "Bearer "
)

// addJWT makes every call bear a JWT-SVID.
func (g *guard) addJWT(ctx context.Context, o Options) error {
	if !o.SPIFFE.JWT {
		return nil
	}
	bundles := o.JWTs
	if bundles == nil {
		ctx, cancel := context.WithTimeout(ctx, o.Patience)
		defer cancel()
		source, err := workloadapi.NewJWTSource(ctx, workloadapi.WithClientOptions(workloadapi.WithAddr(o.SPIFFE.Socket)))
		if err != nil {
			return fmt.Errorf("spiffegrpc: no bundle of JWT authorities from %q: %w", o.SPIFFE.Socket, err)
		}
		g.closers = append(g.closers, func() { source.Close() })
		bundles = source
	}
	g.checks = append(g.checks, bearer(bundles, g.own))
	return nil
}

// bearer refuses calls without a JWT-SVID of the caller for this server.
func bearer(bundles jwtbundle.Source, own spiffeid.ID) Policy {
	audience := []string{own.String()}
	return func(ctx context.Context, r Request) (Decision, error) {
		borne := metadata.ValueFromIncomingContext(ctx, tokenKey)
		if len(borne) != 1 || !strings.HasPrefix(borne[0], tokenPrefix) {
			return Decision{Reason: "no JWT-SVID"}, nil
		}
		svid, err := jwtsvid.ParseAndValidate(strings.TrimPrefix(borne[0], tokenPrefix), bundles, audience)
		switch {
		case err != nil:
			return Decision{Reason: "JWT-SVID not valid"}, nil
		case svid.ID != r.Caller:
			return Decision{Reason: "JWT-SVID of another identity"}, nil
		}
		return Decision{Allow: true}, nil
	}
}
