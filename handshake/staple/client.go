package staple

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"time"
)

// Verify judges the staple of a connection's peer, as [Check] does. A connection that is resumed has the staple of the
// handshake that its session is from, which becomes stale while the session does not.
func Verify(state tls.ConnectionState, issuer *x509.Certificate, now time.Time) error {
	if len(state.PeerCertificates) == 0 {
		return fmt.Errorf("%w: nor a certificate", ErrMissing)
	}
	return Check(state.OCSPResponse, state.PeerCertificates[0], issuer, now)
}

// Demand is a copy of a client's configuration that refuses servers whose staple [Verify] refuses, on every
// connection, after what the configuration verifies itself. The issuer is that of the chain which crypto/tls has
// verified; where it was told not to (InsecureSkipVerify), it is the one of issuers that has signed the leaf.
func Demand(config *tls.Config, issuers ...*x509.Certificate) *tls.Config {
	demanding := config.Clone()
	demanding.VerifyConnection = func(state tls.ConnectionState) error {
		if config.VerifyConnection != nil {
			if err := config.VerifyConnection(state); err != nil {
				return err
			}
		}
		issuer, err := issuerOf(state, issuers)
		if err != nil {
			return err
		}
		return Verify(state, issuer, now(config))
	}
	return demanding
}

// issuerOf is who has issued the leaf of a connection's peer. Every chain begins with the same leaf, and any issuer
// that has verified it has the key that signed it.
func issuerOf(state tls.ConnectionState, issuers []*x509.Certificate) (*x509.Certificate, error) {
	for _, chain := range state.VerifiedChains {
		if len(chain) > 1 {
			return chain[1], nil
		}
	}
	if len(state.PeerCertificates) > 0 {
		for _, issuer := range issuers {
			if state.PeerCertificates[0].CheckSignatureFrom(issuer) == nil {
				return issuer, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: none that is trusted has issued the certificate", ErrIssuer)
}

func now(config *tls.Config) time.Time {
	if config.Time != nil {
		return config.Time()
	}
	return time.Now()
}
