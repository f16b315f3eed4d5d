package loadgen

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// testServer is a crypto/tls server in the process that confirms, and keeps its own ledger.
type testServer struct {
	listener net.Listener
	authority
	confirm func(*tls.Conn) error // after the handshake

	mu      sync.Mutex
	ledger  handshake.ServerLedger
	sources []string
	running sync.WaitGroup
}

// serve starts a server for a leaf of P-256; shape changes its configuration.
func serve(t testing.TB, shape func(*tls.Config, authority)) *testServer {
	t.Helper()
	s := &testServer{authority: newAuthority(t), confirm: sendByte(handshake.Confirmation)}
	config := &tls.Config{Certificates: []tls.Certificate{s.leaf(t, "server.test")}}
	if shape != nil {
		shape(config, s.authority)
	}
	var err error
	if s.listener, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	s.running.Go(func() { s.accept(config) })
	t.Cleanup(func() { s.listener.Close(); s.running.Wait() })
	return s
}

// hang starts a server that never answers; its backlog still takes connections.
func hang(t *testing.T) *testServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return &testServer{listener: listener, authority: newAuthority(t)}
}

func sendByte(b byte) func(*tls.Conn) error {
	return func(c *tls.Conn) error {
		_, err := c.Write([]byte{b})
		return err
	}
}

func (s *testServer) accept(config *tls.Config) {
	for {
		raw, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.ledger.Accepted++
		s.sources = append(s.sources, raw.RemoteAddr().(*net.TCPAddr).IP.String())
		s.mu.Unlock()
		s.running.Go(func() { s.handle(raw, config) })
	}
}

func (s *testServer) handle(raw net.Conn, config *tls.Config) {
	defer raw.Close()
	conn := tls.Server(raw, config)
	err := conn.Handshake()
	if err == nil {
		err = s.confirm(conn)
	}
	s.mu.Lock()
	if err != nil {
		s.ledger.Reject(err.Error())
	} else {
		s.ledger.Completed++
		s.ledger.Shape.Count(handshake.ServerOutcome(conn.ConnectionState(), config.Certificates[0].Leaf), 1)
	}
	s.mu.Unlock()
	io.Copy(io.Discard, raw)
}

// closed stops the server, waits for its last connection to end, and returns its ledger and the addresses that it
// was called from.
func (s *testServer) closed() (handshake.ServerLedger, []string) {
	s.listener.Close()
	s.running.Wait()
	slices.Sort(s.sources)
	return s.ledger, slices.Compact(s.sources)
}

// job asks the server for n handshakes.
func (s *testServer) job(spec handshake.Spec, workers int, n uint64) Job {
	return Job{
		Dialer:     "stock",
		Target:     s.listener.Addr().String(),
		ServerName: "server.test",
		Roots:      s.roots,
		Spec:       spec,
		Load:       Load{Loop: Closed, Workers: workers, Handshakes: n},
		Close:      RST,
	}
}

// authority signs leaves.
type authority struct {
	roots []byte // PEM
	cert  *x509.Certificate
	key   *ecdsa.PrivateKey
}

func newAuthority(t testing.TB) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "authority"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(time.Hour),
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return authority{pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), cert, key}
}

// leaf makes a certificate for a server and a client called name.
func (a authority) leaf(t testing.TB, name string) tls.Certificate {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2),
		DNSNames:     []string{name},
		NotBefore:    a.cert.NotBefore,
		NotAfter:     a.cert.NotAfter,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, &key.PublicKey, a.key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}
}

// present gives the job a client certificate.
func (a authority) present(t *testing.T, job *Job) {
	t.Helper()
	pair := a.leaf(t, "client.test")
	key, err := x509.MarshalPKCS8PrivateKey(pair.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	job.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: pair.Certificate[0]})
	job.Key = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// demandCertificate makes a server require and verify client certificates.
func demandCertificate(config *tls.Config, a authority) {
	config.ClientAuth = tls.RequireAndVerifyClientCert
	config.ClientCAs = x509.NewCertPool()
	config.ClientCAs.AddCert(a.cert)
}
