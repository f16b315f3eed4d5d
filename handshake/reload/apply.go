package reload

import (
	"crypto/tls"
	"sync/atomic"
)

// Apply makes a server's config serve a strategy. Each handshake asks for one [Identity], when its ClientHello has
// arrived, and keeps to it: the certificate, the authorities that a client is verified with, and what its session is
// granted under belong together even if another identity is published meanwhile.
//
// The callbacks that it sets, GetConfigForClient, GetCertificate, WrapSession and UnwrapSession, may be wrapped
// afterwards, before the config is used, but not be replaced; other fields may be set until then too. Tickets are
// sealed with the keys of config whenever those are set. An identity without authorities leaves config.ClientCAs as
// they are.
//
// A session is resumed under the [Identity.Epoch] that it was granted in, until the server's leaf of then expires, or
// the client's; otherwise there is a full handshake.
func Apply(config *tls.Config, s Strategy) {
	a := &applied{config: config, strategy: s}
	config.Certificates = nil
	config.GetConfigForClient = a.choose
	config.GetCertificate = a.certificate
	config.WrapSession = config.EncryptTicket
	config.UnwrapSession = config.DecryptTicket
}

type applied struct {
	config   *tls.Config
	strategy Strategy
	newest   atomic.Pointer[edition]
}

func (a *applied) choose(*tls.ClientHelloInfo) (*tls.Config, error) {
	id, err := a.strategy.Identity()
	if err != nil {
		return nil, err
	}
	if newest := a.newest.Load(); newest != nil && newest.identity == id {
		return newest.config, nil
	}
	e := newEdition(a.config, id)
	a.newest.Store(e)
	return e.config, nil
}

// certificate is that of the identity to which the handshake keeps.
func (a *applied) certificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	if conn, ok := hello.Conn.(pinned); ok {
		return conn.identity.Certificate, nil
	}
	id, err := a.strategy.Identity()
	if err != nil {
		return nil, err
	}
	return id.Certificate, nil
}
