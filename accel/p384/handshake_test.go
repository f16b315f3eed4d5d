package p384

import (
	"context"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// configs returns what a server that signs with s needs, and a client that trusts it.
func configs(t testing.TB, key *ecdsa.PrivateKey, s *Signer, group tls.CurveID) (server, client *tls.Config) {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"lab"}, NotAfter: time.Now().Add(time.Hour),
		BasicConstraintsValid: true, IsCA: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(leaf)
	server = &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: s, Leaf: leaf}}}
	client = &tls.Config{RootCAs: roots, ServerName: "lab", CurvePreferences: []tls.CurveID{group}, MinVersion: tls.VersionTLS13}
	return server, client
}

// Servers on every path handshake with a stock client, 64 at once.
func TestHandshakes(t *testing.T) {
	key := newKey(t)
	const connections = 64 / slowdown
	for _, path := range running(t) {
		s := pathSigner(t, key, path, Options{Check: 1})
		server, client := configs(t, key, s, tls.X25519)
		listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
		if err != nil {
			t.Fatal(err)
		}
		var wait sync.WaitGroup
		wait.Go(func() { serve(t, listener, connections) })
		for range connections {
			wait.Go(func() {
				c, err := tls.Dial("tcp", listener.Addr().String(), client)
				if err != nil {
					t.Error(err)
					return
				}
				c.Close()
			})
		}
		wait.Wait()
		listener.Close()
		if got := s.Stats(); got.Signatures != connections || len(got.Fallbacks) != 0 {
			t.Errorf("%s: %d signatures, by crypto/ecdsa %v, want %d and none", path, got.Signatures, got.Fallbacks, connections)
		}
	}
}

func serve(t *testing.T, listener net.Listener, connections int) {
	var wait sync.WaitGroup
	defer wait.Wait()
	for range connections {
		c, err := listener.Accept()
		if err != nil {
			t.Error(err)
			return
		}
		wait.Go(func() {
			defer c.Close()
			if err := c.(*tls.Conn).HandshakeContext(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// bench is servers and clients in memory.
type bench struct {
	signer         *Signer
	server, client *tls.Config
	ledger         *ledger
}

func newBench(t testing.TB, path Path, group tls.CurveID) *bench {
	t.Helper()
	key := newKey(t)
	b := &bench{signer: pathSigner(t, key, path, Options{}), ledger: new(ledger)}
	b.server, b.client = configs(t, key, b.signer, group)
	b.server.Certificates[0].PrivateKey = &meteredSigner{b.signer, b.ledger}
	return b
}

// run carries out n handshakes, so many at once, on one P.
func (b *bench) run(n, concurrency int) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	b.ledger.last = processorTime()
	var failed atomic.Pointer[error]
	var wait sync.WaitGroup
	var begun atomic.Int64
	for range concurrency {
		wait.Go(func() {
			for begun.Add(1) <= int64(n) {
				if err := b.handshake(); err != nil {
					failed.Store(&err)
				}
			}
		})
	}
	wait.Wait()
	if err := failed.Load(); err != nil {
		return *err
	}
	return nil
}

func (b *bench) handshake() error {
	here, there := connect(b.ledger)
	result := make(chan error, 1)
	b.ledger.resumed(clientSide)
	go func() {
		b.ledger.resumed(serverSide)
		err := tls.Server(there, b.server).Handshake()
		there.Close()
		b.ledger.ran(serverSide)
		result <- err
	}()
	c := tls.Client(here, b.client)
	err := c.Handshake()
	_, drained := c.Read(make([]byte, 1)) // tickets, and the end
	if drained == io.EOF {
		drained = nil
	}
	b.ledger.ran(clientSide)
	err = errors.Join(err, drained, <-result)
	b.ledger.resumed(clientSide)
	return err
}

// The ledger's two sides are what a handshake takes, and the server's half of it is less than the client's whole.
func TestLedger(t *testing.T) {
	b := newBench(t, Std, tls.X25519)
	begin := processorTime()
	if err := b.run(20, 4); err != nil {
		t.Fatal(err)
	}
	all := processorTime() - begin
	c, s := b.ledger.spent[clientSide], b.ledger.spent[serverSide]
	if c == 0 || s == 0 || c+s > all {
		t.Errorf("client %v, server %v, of %v in all", c, s, all)
	}
	if got := b.signer.Stats().Signatures; got != 20 {
		t.Errorf("%d signatures, want 20", got)
	}
}

var groups = []tls.CurveID{tls.X25519, tls.CurveP384}

// BenchmarkHandshake is a full handshake in memory with a P-384 certificate, on one P. server-ns/op is the server's
// processor time per handshake, fill the mean number of signatures in a batch.
func BenchmarkHandshake(b *testing.B) {
	for _, group := range groups {
		for _, concurrency := range []int{1, 8, 64} {
			for _, path := range running(b) {
				b.Run(fmt.Sprintf("%v/%d/%s", group, concurrency, path), func(b *testing.B) {
					h := newBench(b, path, group)
					b.ResetTimer()
					if err := h.run(b.N, concurrency); err != nil {
						b.Fatal(err)
					}
					b.ReportMetric(float64(h.ledger.spent[serverSide])/float64(b.N), "server-ns/op")
					b.ReportMetric(float64(h.ledger.spent[clientSide])/float64(b.N), "client-ns/op")
					if s := h.signer.Stats(); s.Batches > 0 {
						b.ReportMetric(s.fill(), "fill")
					}
				})
			}
		}
	}
}

// fill is the mean number of signatures in a batch.
func (s Stats) fill() float64 {
	var lanes uint64
	for n, count := range s.Fill {
		lanes += uint64(n) * count
	}
	return float64(lanes) / float64(max(s.Batches, 1))
}
