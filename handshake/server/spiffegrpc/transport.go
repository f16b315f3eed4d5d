package spiffegrpc

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"google.golang.org/grpc/credentials"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
)

// caller is who the other side of a connection is, by the certificate that it showed; on resumption by the one of the
// ticket.
type caller struct {
	id                  spiffeid.ID
	serial              uint64
	notBefore, notAfter time.Time
	key                 [sha256.Size]byte // digest of the public key
	resumed             bool
}

func newCaller(cs tls.ConnectionState) (c caller, err error) {
	if len(cs.PeerCertificates) == 0 {
		return c, errors.New("the peer has shown no certificate")
	}
	leaf := cs.PeerCertificates[0]
	c = caller{serial: serial(leaf), notBefore: leaf.NotBefore, notAfter: leaf.NotAfter, resumed: cs.DidResume}
	c.key = sha256.Sum256(leaf.RawSubjectPublicKeyInfo)
	c.id, err = x509svid.IDFromCert(leaf)
	return c, err
}

// serial is the generation of a leaf; zero: its serial number has more than 64 bits.
func serial(leaf *x509.Certificate) uint64 {
	if leaf.SerialNumber.IsUint64() {
		return leaf.SerialNumber.Uint64()
	}
	return 0
}

// authInfo is what grpc-go hands on to calls, in peer.Peer.
type authInfo struct {
	credentials.TLSInfo
	conn *conn
}

// transport is the server's credentials for grpc-go: crypto/tls with one configuration for life, so that its tickets can be
// opened. What grpc-go itself offers copies the configuration, and the ticket keys are then another's.
type transport struct {
	config *tls.Config
	source x509svid.Source
	met    func(*conn, net.Conn) net.Conn // is told of each handshake, with the connection above TLS, for which it may give another
}

// errNoALPN is of a client that has not said that it speaks HTTP/2.
var errNoALPN = errors.New("no protocol negotiated")

func (t transport) ServerHandshake(raw net.Conn) (net.Conn, credentials.AuthInfo, error) {
	c, ok := raw.(*conn)
	if !ok {
		return nil, nil, errors.New("a connection of another listener")
	}
	secured := tls.Server(c, t.config)
	info, err := t.shake(secured, c)
	if err != nil {
		c.refuse(server.Reason(err))
		return nil, nil, err
	}
	return t.met(c, secured), info, nil
}

func (t transport) shake(secured *tls.Conn, c *conn) (info authInfo, err error) {
	if err := secured.Handshake(); err != nil {
		return info, err
	}
	state := secured.ConnectionState()
	server.EnterConfirmation(state.DidResume)
	if state.NegotiatedProtocol == "" {
		return info, errNoALPN
	}
	if c.caller, err = newCaller(state); err != nil {
		return info, err
	}
	own, err := t.source.GetX509SVID() // whichever it is: all of them are for one signature scheme
	if err != nil {
		return info, err
	}
	c.outcome = handshake.ServerOutcome(state, own.Certificates[0])
	level := credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}
	return authInfo{credentials.TLSInfo{State: state, CommonAuthInfo: level, SPIFFEID: c.caller.id.URL()}, c}, nil
}

func (t transport) ClientHandshake(context.Context, string, net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("credentials of a server")
}

func (t transport) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "tls"}
}

func (t transport) Clone() credentials.TransportCredentials { return t }

func (t transport) OverrideServerName(string) error { return nil }
