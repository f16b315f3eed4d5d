package standalone

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"github.com/tlslab/tlslab/handshake/reload"
)

// apply stands in for reload.Apply until there is one.
func apply(config *tls.Config, s reload.Strategy) {
	config.GetCertificate = func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		id, err := s.Identity()
		if err != nil {
			return nil, err
		}
		return id.Certificate, nil
	}
	if config.ClientAuth == tls.NoClientCert {
		return
	}
	config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) {
		id, err := s.Identity()
		if err != nil {
			return nil, err
		}
		c := config.Clone()
		c.GetConfigForClient, c.ClientCAs = nil, id.Authorities
		return c, nil
	}
}

// applyClient stands in for reload.ApplyClient.
func applyClient(config *tls.Config, s reload.Strategy) {
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		id, err := s.Identity()
		if err != nil {
			return nil, err
		}
		return id.Certificate, nil
	}
	config.InsecureSkipVerify = true
	config.VerifyConnection = func(cs tls.ConnectionState) error {
		id, err := s.Identity()
		if err != nil {
			return err
		}
		if len(cs.PeerCertificates) == 0 {
			return errors.New("no certificate")
		}
		o := x509.VerifyOptions{Roots: id.Authorities, DNSName: cs.ServerName, Intermediates: x509.NewCertPool()}
		for _, c := range cs.PeerCertificates[1:] {
			o.Intermediates.AddCert(c)
		}
		_, err = cs.PeerCertificates[0].Verify(o)
		return err
	}
}
