package spiffe

import (
	"crypto/tls"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
)

// recheck moves the verification to where crypto/tls calls it for resumed connections, too. The certificates of those
// come from the ticket (the server's side) or the session (the client's).
func recheck(config *tls.Config, bundles x509bundle.Source, authorize tlsconfig.Authorizer) {
	config.VerifyPeerCertificate = nil
	config.VerifyConnection = func(cs tls.ConnectionState) error {
		id, chains, err := x509svid.Verify(cs.PeerCertificates, bundles)
		if err != nil {
			return err
		}
		return authorize(id, chains)
	}
}
