package identity

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/staple"
)

// notary is an authority with one server, whose certificate says that it must be stapled.
type notary struct {
	root *x509.Certificate
	key  crypto.Signer
	leaf tls.Certificate
}

const stapledName = "staples.lab.example"

// openNotary has the server sign by Ed25519, whose signatures have one length, so that bytes can be compared; its
// authority signs by ECDSA, as the responses of package ocsp want it.
func openNotary() (*notary, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	o := &notary{key: key}
	root := certificate(1, "tlslab root")
	root.IsCA, root.BasicConstraintsValid, root.KeyUsage = true, true, x509.KeyUsageCertSign|x509.KeyUsageDigitalSignature
	if o.root, err = sign(root, root, key.Public(), key); err != nil {
		return nil, err
	}
	leaf := certificate(2, stapledName)
	leaf.DNSNames, leaf.ExtraExtensions = []string{stapledName}, []pkix.Extension{staple.MustStaple()}
	c, err := sign(leaf, o.root, public, key)
	if err != nil {
		return nil, err
	}
	o.leaf = tls.Certificate{Certificate: [][]byte{c.Raw}, PrivateKey: private, Leaf: c}
	return o, nil
}

func certificate(serial int64, name string) *x509.Certificate {
	now := time.Now()
	return &x509.Certificate{
		SerialNumber: big.NewInt(serial),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    now.Add(-time.Hour),
		NotAfter:     now.Add(24 * time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
	}
}

func sign(template, by *x509.Certificate, public crypto.PublicKey, key crypto.Signer) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, template, by, public, key)
	if err != nil {
		return nil, err
	}
	return x509.ParseCertificate(der)
}

// responder says that the server's certificate is good.
func (o *notary) responder(validity time.Duration) (*staple.Responder, error) {
	r, err := staple.NewResponder(staple.Signer{Issuer: o.root, Key: o.key}, validity)
	if err == nil {
		r.Set(o.leaf.Leaf.SerialNumber, staple.Good)
	}
	return r, err
}

// server shows whatever staple it is given, and remembers nobody, so that every handshake is a full one.
func (o *notary) server(shows func() []byte) *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		SessionTicketsDisabled: true,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			c := o.leaf
			c.OCSPStaple = shows()
			return &c, nil
		},
	}
}

func (o *notary) client() *tls.Config {
	roots := x509.NewCertPool()
	roots.AddCert(o.root)
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, ServerName: stapledName}
}

// shownStaple is one that the server shows.
type shownStaple struct {
	name  string
	bytes []byte
}

// another is the serial number of a certificate that is good as well.
const another = 3

// clerks are responders: the notary's own, one that has heard of a revocation, one of a foreign notary, and one that
// signs for this notary with the foreign key.
type clerks struct{ own, revoking, strange, impostor *staple.Responder }

func (o *notary) clerks(validity time.Duration) (c clerks, err error) {
	foreign, err := openNotary()
	if err != nil {
		return c, err
	}
	var errs [4]error
	c.own, errs[0] = o.responder(validity)
	c.revoking, errs[1] = o.responder(validity)
	c.strange, errs[2] = foreign.responder(validity)
	c.impostor, errs[3] = (&notary{root: o.root, key: foreign.key, leaf: o.leaf}).responder(validity)
	if err := errors.Join(errs[:]...); err != nil {
		return c, err
	}
	c.own.Set(big.NewInt(another), staple.Good)
	c.revoking.Set(o.leaf.Leaf.SerialNumber, staple.Revoked)
	return c, nil
}

// staples are the good one, and then what must be refused.
func (o *notary) staples(now time.Time) (all []shownStaple, err error) {
	const day = 24 * time.Hour
	c, err := o.clerks(day)
	if err != nil {
		return nil, err
	}
	serial := o.leaf.Leaf.SerialNumber
	for _, s := range []struct {
		name   string
		by     *staple.Responder
		serial *big.Int
		at     time.Time
	}{
		{"good", c.own, serial, now},
		{"revoked", c.revoking, serial, now},
		{"stale", c.own, serial, now.Add(-2 * day)},
		{"early", c.own, serial, now.Add(day)},
		{"wrong_serial", c.own, big.NewInt(another), now},
		{"wrong_issuer", c.strange, serial, now},
		{"unsigned", c.impostor, serial, now},
	} {
		response, err := s.by.Respond(s.serial, s.at, day)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, shownStaple{s.name, response})
	}
	return append(all, shownStaple{name: "missing"}), nil
}

// cost is how many bytes a client reads more in a handshake with the staple than in one without.
func (o *notary) cost(ctx context.Context, response []byte) (experiment.Measure, error) {
	with, err1 := o.read(ctx, response)
	without, err2 := o.read(ctx, nil)
	return experiment.Measure{Name: "staple_bytes", Unit: "B", Value: float64(with - without), Of: 1}, errors.Join(err1, err2)
}

// read counts the bytes from the server until it hangs up, to a client that takes any staple.
func (o *notary) read(ctx context.Context, response []byte) (int64, error) {
	d, err := openDoor(o.server(func() []byte { return response }), nil)
	if err != nil {
		return 0, err
	}
	defer d.close()
	raw, err := (&net.Dialer{Timeout: knockTime}).DialContext(ctx, "tcp", d.address())
	if err != nil {
		return 0, err
	}
	counted := &countedConn{Conn: raw}
	conn := tls.Client(counted, o.client())
	defer conn.Close()
	raw.SetDeadline(time.Now().Add(knockTime))
	if err := conn.HandshakeContext(ctx); err != nil {
		return counted.read.Load(), err
	}
	_, err = io.Copy(io.Discard, conn)
	return counted.read.Load(), err
}

// countedConn counts what is read from it.
type countedConn struct {
	net.Conn
	read atomic.Int64
}

func (c *countedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.read.Add(int64(n))
	return n, err
}

// registry answers for a responder over HTTP.
type registry struct {
	listener net.Listener
	server   *http.Server
	done     chan struct{}
}

func openRegistry(r *staple.Responder) (*registry, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	g := &registry{l, &http.Server{Handler: r, ReadTimeout: knockTime, ErrorLog: log.New(io.Discard, "", 0)}, make(chan struct{})}
	go func() {
		defer close(g.done)
		_ = g.server.Serve(l) // ends with close
	}()
	return g, nil
}

func (g *registry) url() string { return "http://" + g.listener.Addr().String() }

func (g *registry) close() {
	g.server.Close()
	<-g.done
}
