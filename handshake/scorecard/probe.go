package scorecard

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
)

// patience of one handshake.
const handshakeTime = 2 * time.Second

// probe is one full handshake as its client saw it.
type probe struct {
	Began, Ended time.Duration // since the beginning of the trial
	Generation   uint64        // serial number of the leaf that was shown; zero: none was
	Reason       string        // why it failed; empty: the client verified everything
}

// served: the probe is a handshake that went well.
func (p probe) served() bool { return p.Reason == "" }

// plane is an address at which a server serves its certificate.
type plane struct {
	address string
	config  *tls.Config
	node    bool                        // the server confirms the handshake by a byte, then echoes
	clients map[string]*tls.Certificate // what it is shown, by the root that it is under itself
}

// planes are all the addresses at which the target serves.
func (r *room) planes(t Target) []plane {
	config := &tls.Config{ // without a session cache: every handshake is a full one
		ServerName: name, RootCAs: r.roots(), MinVersion: tls.VersionTLS13,
	}
	all := []plane{{address: r.words["address"], config: config}}
	if t.Node {
		all = append(all, plane{r.words["node"], config, true, r.clients})
	}
	return all
}

// probe makes one handshake and ends the connection without a trace in the kernel's tables.
func (p plane) probe(ctx context.Context, zero time.Time) (seen probe) {
	ctx, cancel := context.WithTimeout(ctx, handshakeTime)
	defer cancel()
	seen.Began = time.Since(zero)
	conn, o, err := p.dial(ctx, &seen.Generation)
	seen.Ended = time.Since(zero)
	if err != nil {
		seen.Reason = loadgen.Reason(&o, err)
		return seen
	}
	reset(conn)
	return seen
}

// dial connects and completes a handshake; shown becomes the generation even where the client does not believe it.
// How far it came is in the observation.
func (p plane) dial(ctx context.Context, shown *uint64) (conn *tls.Conn, o handshake.Observation, err error) {
	raw, err := new(net.Dialer).DialContext(ctx, "tcp", p.address)
	if err != nil {
		return nil, o, err
	}
	o.Connected = 1 // how far, not when
	conn = tls.Client(raw, p.watching(shown))
	if err = conn.HandshakeContext(ctx); err == nil {
		o.Complete = 1
		err = p.confirmed(ctx, conn)
	}
	if err != nil {
		reset(conn)
	}
	return conn, o, err
}

// watching is the plane's configuration for one handshake, which reads the leaf before it verifies anything. To a server
// that moves to another root its clients show certificates under that root.
func (p plane) watching(shown *uint64) *tls.Config {
	var root string
	config := p.config.Clone()
	config.InsecureSkipVerify = true // VerifyConnection verifies
	config.VerifyConnection = func(s tls.ConnectionState) error {
		*shown = s.PeerCertificates[0].SerialNumber.Uint64()
		chains, err := verify(s.PeerCertificates, config)
		if err == nil {
			root = rootOf(chains)
		}
		return err
	}
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		if c := p.clients[root]; c != nil {
			return c, nil
		}
		return new(tls.Certificate), nil
	}
	return config
}

// verify is what crypto/tls does by itself where it is not told to skip it.
func verify(chain []*x509.Certificate, config *tls.Config) ([][]*x509.Certificate, error) {
	options := x509.VerifyOptions{Roots: config.RootCAs, DNSName: config.ServerName, Intermediates: x509.NewCertPool()}
	for _, c := range chain[1:] {
		options.Intermediates.AddCert(c)
	}
	chains, err := chain[0].Verify(options)
	if err != nil {
		return nil, &tls.CertificateVerificationError{UnverifiedCertificates: chain, Err: err}
	}
	return chains, nil
}

// confirmed waits for the byte by which the server of a node link says that it has verified the client.
func (p plane) confirmed(ctx context.Context, conn *tls.Conn) error {
	if !p.node {
		return nil
	}
	defer context.AfterFunc(ctx, func() { conn.SetDeadline(time.Now()) })()
	var word [1]byte
	_, err := io.ReadFull(conn, word[:])
	if err == nil && word[0] != handshake.Confirmation {
		err = errors.New("not a confirmation")
	}
	return err
}

// reset closes with RST, which leaves no TIME_WAIT behind.
func reset(conn *tls.Conn) {
	raw := conn.NetConn()
	if tcp, is := raw.(*net.TCPConn); is {
		_ = tcp.SetLinger(0)
	}
	raw.Close()
}
