package spiffe

import (
	"crypto/tls"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
)

// The ways to deal with session tickets, as [handshake.SPIFFE] names them.
const (
	Default = "default" // as go-spiffe leaves it: a resumed connection is not verified
	Off     = "off"     // no tickets
	Recheck = "recheck" // every connection is verified and authorised; a resumed one that fails is refused
	Epoch   = "epoch"   // a ticket from before the bundle or the policy changed is not resumed; a full handshake follows
)

// ServerConfig is mutual TLS 1.3 with a source's identity, for clients that its bundles verify and the authoriser
// admits. The resumption is one of [Default], [Off], [Recheck] and [Epoch]; empty means [Default]. Epochs end when a
// bundle changes or one of the policies says another number: [Policy.Number] is such a function.
func ServerConfig(s Source, authorize tlsconfig.Authorizer, resumption string, policies ...func() uint64) (*tls.Config, error) {
	config := tlsconfig.MTLSServerConfig(s, s, authorize)
	config.MinVersion = tls.VersionTLS13
	switch resumption {
	case "", Default:
	case Off:
		config.SessionTicketsDisabled = true
	case Recheck:
		recheck(config, s, authorize)
	case Epoch:
		newEpoch(s, authorize, policies).server(config)
	default:
		return nil, unknown(resumption)
	}
	return config, nil
}

// ClientConfig is the other side of [ServerConfig]. Unless resumption is off it has a cache of sessions, of its own.
func ClientConfig(s Source, authorize tlsconfig.Authorizer, resumption string, policies ...func() uint64) (*tls.Config, error) {
	config := tlsconfig.MTLSClientConfig(s, s, authorize)
	config.MinVersion = tls.VersionTLS13
	config.ClientSessionCache = tls.NewLRUClientSessionCache(0)
	switch resumption {
	case "", Default:
	case Off:
		config.SessionTicketsDisabled = true
		config.ClientSessionCache = nil
	case Recheck:
		recheck(config, s, authorize)
	case Epoch:
		newEpoch(s, authorize, policies).client(config)
	default:
		return nil, unknown(resumption)
	}
	return config, nil
}

func unknown(resumption string) error {
	return fmt.Errorf("unknown resumption %q: use %s, %s, %s or %s", resumption, Default, Off, Recheck, Epoch)
}
