package reload

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
)

// ApplyClient makes a client's config follow a strategy: connections that are made from now on present its
// certificate and verify servers by its authorities, or by config.RootCAs where the identity has none. Connections
// that are open are left alone.
//
// A session is resumed only under the certificate and the authorities that it was granted under, so config has its
// ClientSessionCache, if any, before ApplyClient. A VerifyConnection that config has is called when the server has
// been verified.
//
// Servers are verified for the name in the handshake, or for config.ServerName: an IP address is never in a
// handshake, so a client of one needs the field. Without any name the handshake fails.
func ApplyClient(config *tls.Config, s Strategy) {
	c := &client{config, s, config.VerifyConnection}
	config.Certificates = nil
	config.GetClientCertificate = c.certificate
	config.InsecureSkipVerify = true // by crypto/tls, which knows one set of authorities for life; verify does it
	config.VerifyConnection = c.verify
	if config.ClientSessionCache != nil {
		config.ClientSessionCache = sessions{config.ClientSessionCache, s}
	}
}

type client struct {
	config   *tls.Config
	strategy Strategy
	also     func(tls.ConnectionState) error // nil: nothing
}

func (c *client) certificate(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
	id, err := c.strategy.Identity()
	if err != nil {
		return nil, err
	}
	return id.Certificate, nil
}

// verify does what crypto/tls does for a client, also when a session is resumed.
func (c *client) verify(server tls.ConnectionState) error {
	id, err := c.strategy.Identity()
	if err != nil {
		return err
	}
	name := server.ServerName
	if name == "" {
		name = c.config.ServerName
	}
	if name == "" {
		return errors.New("verify the server: no name to verify it for")
	}
	roots := id.Authorities
	if roots == nil {
		roots = c.config.RootCAs
	}
	intermediates := x509.NewCertPool()
	for _, certificate := range server.PeerCertificates[1:] {
		intermediates.AddCert(certificate)
	}
	if _, err := server.PeerCertificates[0].Verify(x509.VerifyOptions{
		DNSName: name, Roots: roots, Intermediates: intermediates, CurrentTime: clock(c.config),
	}); err != nil {
		return &tls.CertificateVerificationError{UnverifiedCertificates: server.PeerCertificates, Err: err}
	}
	if c.also != nil {
		return c.also(server)
	}
	return nil
}

// sessions is a cache in which a session is found by none but the identity that it was granted to.
type sessions struct {
	tls.ClientSessionCache
	strategy Strategy
}

// Get finds none where there is no identity; the handshake then says why.
func (s sessions) Get(server string) (*tls.ClientSessionState, bool) {
	key, err := s.key(server)
	if err != nil {
		return nil, false
	}
	return s.ClientSessionCache.Get(key)
}

// Put keeps a session, or none, for the identity of now: if that has changed since the handshake, the session is
// offered once, does not verify if the authorities changed, and is dropped by crypto/tls.
func (s sessions) Put(server string, session *tls.ClientSessionState) {
	if key, err := s.key(server); err == nil {
		s.ClientSessionCache.Put(key, session)
	}
}

func (s sessions) key(server string) (string, error) {
	id, err := s.strategy.Identity()
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d/%v/%s", id.Epoch, id.Certificate.Leaf.SerialNumber, server), nil
}
