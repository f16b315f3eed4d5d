package lab

import (
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/spiffe"
	"github.com/tlslab/tlslab/scenarios"
)

const serverName = "edge.example.test"

// secrets are the run's certificates and keys, one authority per signature scheme. They live in memory and in the
// pipes to the children, never on the disk, but for those of a server that reloads: throw-away keys of an authority of
// their own, which lie in a directory of this user's as long as the block lasts.
type secrets map[handshake.Signature]*identities

type identities struct {
	authority      *pki.Authority
	server, client pki.Pair
	supply         *supply // nil: no server has reloaded yet

	domains map[string]*spiffe.Domain // trust domains, by name
}

func issue(cells []scenarios.Cell, now time.Time) (secrets, error) {
	s := secrets{}
	for _, c := range cells {
		if s[c.Spec.Signature] != nil {
			continue
		}
		authority, err := pki.New(now, c.Spec.Signature)
		if err != nil {
			return nil, err
		}
		id := &identities{authority: authority}
		if id.server, err = authority.Server(serverName); err != nil {
			return nil, err
		}
		if id.client, err = authority.Client("loadgen.example.test"); err != nil {
			return nil, err
		}
		s[c.Spec.Signature] = id
	}
	return s, nil
}

func (s secrets) roots(sig handshake.Signature) []byte { return s[sig].authority.Roots() }

// supply is what servers with keys for a scheme reload.
func (s secrets) supply(sig handshake.Signature) (_ *supply, err error) {
	if s[sig].supply == nil {
		s[sig].supply, err = newSupply(sig, time.Now())
	}
	return s[sig].supply, err
}

// domain is a trust domain whose identities have keys for a scheme.
func (s secrets) domain(name string, sig handshake.Signature) (_ *spiffe.Domain, err error) {
	id := s[sig]
	if id.domains == nil {
		id.domains = map[string]*spiffe.Domain{}
	}
	if id.domains[name] == nil {
		id.domains[name], err = spiffe.NewDomain(name, sig, time.Now())
	}
	return id.domains[name], err
}

func (s secrets) settings(spec handshake.Spec, v scenarios.Server) server.Settings {
	settings := server.Settings{
		App:         v.App,
		Listen:      v.Listen,
		Certificate: s[spec.Signature].server.Certificate,
		Key:         s[spec.Signature].server.Key,
		Mutual:      spec.Mutual,
		ALPN:        offered(spec, v),
		Tickets:     v.Tickets,
		Rotate:      v.Rotate,
		Accel:       v.Accel,
		Plant:       v.Plant,
		UDP:         spec.ALPN == "h3",
		Live:        spec.Kind == handshake.Live,
		Gateway:     v.Gateway,
	}
	if spec.Mutual {
		settings.ClientCAs = s.roots(spec.Signature)
	}
	return settings
}

// offered is the ALPN protocols of a server: its own, else what the cell asks for.
func offered(spec handshake.Spec, v scenarios.Server) []string {
	if len(v.ALPN) == 0 && spec.ALPN != "" {
		return []string{spec.ALPN}
	}
	return v.ALPN
}
