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

// stapling is how the experiment staples goes.
type stapling struct {
	attempts int           // handshakes of each client with each staple
	validity time.Duration // of the staples that are refreshed
	load     time.Duration // how long handshakes go on meanwhile
}

func staples() experiment.Experiment {
	s := stapling{attempts: 20, validity: 2 * time.Second, load: 20 * time.Second}
	return experiment.Experiment{
		Name:  "staples",
		Title: "Staples that should be refused, and what a good one costs",
		Doc: "A server whose certificate must be stapled (RFC 7633) shows a good staple, none, and such as an attacker may hold, to the client of crypto/tls as it is and to one that verifies. " +
			"Then a stapler fetches staples that are valid for 2 s from a responder over HTTP, while a client makes handshakes in closed loop.",
		Takes: 45 * time.Second,
		Run:   s.run,
	}
}

func (s stapling) run(ctx context.Context, b experiment.Bench) (arms []experiment.Arm, err error) {
	o, err := openNotary()
	if err != nil {
		return nil, err
	}
	shown, err := o.staples(time.Now())
	if err != nil {
		return nil, err
	}
	cost, err := o.cost(ctx, shown[0].bytes)
	if err != nil {
		return nil, err
	}
	for _, arm := range []struct {
		experiment.Arm
		client *tls.Config
	}{
		{experiment.Arm{Name: "default", Role: experiment.Control, Doc: "the client of crypto/tls as it is"}, o.client()},
		{experiment.Arm{Name: "verifying", Role: experiment.Reference, Doc: "the client demands a good staple on every connection"}, staple.Demand(o.client())},
	} {
		b.Speak("staples: " + arm.Name)
		for _, st := range shown {
			arm.Measures = append(arm.Measures, s.accepted(ctx, o, arm.client, st, &arm.Notes))
		}
		refreshed, err := s.refreshes(ctx, o, arm.client)
		if err != nil {
			return arms, err
		}
		arm.Measures = append(append(arm.Measures, refreshed...), cost)
		arms = append(arms, arm.Arm)
	}
	return arms, ctx.Err()
}

// accepted counts the handshakes that a client accepts with one staple, and notes why it refuses.
func (s stapling) accepted(ctx context.Context, o *notary, client *tls.Config, st shownStaple, notes *[]string) experiment.Measure {
	d, err := openDoor(o.server(func() []byte { return st.bytes }), nil)
	if err != nil {
		*notes = append(*notes, err.Error())
		return experiment.Count("accepted_"+st.name, "handshakes", 0, 0)
	}
	defer d.close()
	accepted := 0
	var refusal error
	for range s.attempts {
		if _, err := knock(ctx, d.address(), client); err != nil {
			refusal = err
			continue
		}
		accepted++
	}
	if refusal != nil {
		*notes = append(*notes, st.name+": "+refusal.Error())
	}
	return experiment.Count("accepted_"+st.name, "handshakes", accepted, s.attempts)
}

// refreshes has a client make handshakes while a stapler fetches staples from a responder over HTTP.
func (s stapling) refreshes(ctx context.Context, o *notary, client *tls.Config) ([]experiment.Measure, error) {
	responder, err := o.responder(s.validity)
	if err != nil {
		return nil, err
	}
	office, err := openRegistry(responder)
	if err != nil {
		return nil, err
	}
	defer office.close()
	traffic := &http.Client{Transport: &http.Transport{}}
	defer traffic.CloseIdleConnections()
	fetch, err := staple.Post(traffic, office.url(), o.leaf.Leaf, o.root)
	if err != nil {
		return nil, err
	}
	stapler := staple.NewStapler(o.leaf.Leaf, o.root, fetch)
	stapler.Refresh(ctx)
	d, err := openDoor(o.server(stapler.Staple), nil)
	if err != nil {
		return nil, err
	}
	defer d.close()
	keeping, cancel := context.WithCancel(ctx)
	kept := make(chan struct{})
	go func() { defer close(kept); stapler.Run(keeping) }()
	made, failed := s.closedLoop(ctx, d.address(), client)
	cancel()
	<-kept
	refreshed, missed := stapler.Counts()
	return []experiment.Measure{
		experiment.Count("refreshes", "staples", refreshed, refreshed+missed),
		experiment.Count("failed_handshakes", "handshakes", failed, made),
	}, nil
}

// closedLoop makes handshakes for as long as the load lasts.
func (s stapling) closedLoop(ctx context.Context, address string, client *tls.Config) (made, failed int) {
	for end := time.Now().Add(s.load); time.Now().Before(end) && ctx.Err() == nil; made++ {
		if _, err := knock(ctx, address, client); err != nil {
			failed++
		}
	}
	return made, failed
}

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

// staples are the good one, and then what must be refused.
func (o *notary) staples(now time.Time) ([]shownStaple, error) {
	const day = 24 * time.Hour
	serial, another := o.leaf.Leaf.SerialNumber, big.NewInt(3)
	own, err := o.responder(day)
	if err != nil {
		return nil, err
	}
	own.Set(another, staple.Good)
	revoking, err1 := o.responder(day)
	foreign, err2 := openNotary()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	revoking.Set(serial, staple.Revoked)
	impostor, err := staple.NewResponder(staple.Signer{Issuer: o.root, Key: foreign.key}, day)
	if err != nil {
		return nil, err
	}
	impostor.Set(serial, staple.Good)
	strange, err := foreign.responder(day)
	if err != nil {
		return nil, err
	}
	all := []shownStaple{{name: "missing"}}
	for _, s := range []struct {
		name   string
		by     *staple.Responder
		serial *big.Int
		at     time.Time
	}{
		{"good", own, serial, now},
		{"revoked", revoking, serial, now},
		{"stale", own, serial, now.Add(-2 * day)},
		{"early", own, serial, now.Add(day)},
		{"wrong_serial", own, another, now},
		{"wrong_issuer", strange, serial, now},
		{"unsigned", impostor, serial, now},
	} {
		response, err := s.by.Respond(s.serial, s.at, day)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		all = append(all, shownStaple{s.name, response})
	}
	all[0], all[1] = all[1], all[0]
	return all, nil
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
