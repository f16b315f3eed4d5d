package reload

import (
	"crypto/tls"
	"net"
	"reflect"
)

// edition is a server's config for the handshakes of one identity.
type edition struct {
	identity *Identity
	config   *tls.Config
}

// newEdition has the settings of base, and the callbacks of base as far as they do not depend on the identity: so
// whoever wrapped those sees every handshake.
func newEdition(base *tls.Config, id *Identity) *edition {
	config := settings(base)
	if id.Authorities != nil {
		config.ClientCAs = id.Authorities
	}
	config.GetConfigForClient = nil
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		keeping := *hello
		keeping.Conn = pinned{hello.Conn, id}
		return base.GetCertificate(&keeping)
	}
	config.WrapSession = func(peer tls.ConnectionState, session *tls.SessionState) ([]byte, error) {
		session.Extra = append(session.Extra, grantTo(peer, id).bytes())
		return base.WrapSession(peer, session)
	}
	config.UnwrapSession = func(ticket []byte, peer tls.ConnectionState) (*tls.SessionState, error) {
		session, err := base.UnwrapSession(ticket, peer)
		if err != nil || session == nil || !grantOf(session).holds(id.Epoch, clock(base)) {
			return nil, err
		}
		return session, nil
	}
	return &edition{id, config}
}

// pinned is the connection of a handshake that keeps to an identity, as GetCertificate of the base sees it.
type pinned struct {
	net.Conn
	identity *Identity
}

// settings copies a config but for its ticket keys. Clone would copy those too, and keys that the server has
// forgotten since would live on in the copy. The field SessionTicketKey is written by crypto/tls while it serves.
func settings(config *tls.Config) *tls.Config {
	copied := &tls.Config{}
	from, to := reflect.ValueOf(config).Elem(), reflect.ValueOf(copied).Elem()
	for i := range from.NumField() {
		if field := from.Type().Field(i); field.IsExported() && field.Name != "SessionTicketKey" {
			to.Field(i).Set(from.Field(i))
		}
	}
	return copied
}
