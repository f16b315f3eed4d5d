package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

// child is a server behind its control channel, as the lab sees it, but in this process.
var apps = map[string]App{"plain": Plain{}}

type child struct {
	t       *testing.T
	in      io.WriteCloser
	out     *json.Decoder
	ended   chan error
	address string
}

func start(t *testing.T, s Settings) *child {
	t.Helper()
	inR, inW := io.Pipe()
	outR, outW := io.Pipe()
	c := &child{t: t, in: inW, out: json.NewDecoder(outR), ended: make(chan error, 1)}
	go func() {
		err := Control(context.Background(), inR, outW, apps)
		outW.CloseWithError(io.EOF)
		c.ended <- err
	}()
	hello := c.say(s)
	if hello.Hello == nil {
		t.Fatalf("no hello: %+v", hello)
	}
	c.address = hello.Hello.Address
	t.Cleanup(func() { inW.Close() })
	return c
}

func (c *child) say(line any) (r Reply) {
	c.t.Helper()
	if err := json.NewEncoder(c.in).Encode(line); err != nil {
		c.t.Fatal(err)
	}
	if err := c.out.Decode(&r); err != nil {
		c.t.Fatal(errors.Join(err, <-c.ended))
	}
	return r
}

func (c *child) do(what string) Reply {
	c.t.Helper()
	r := c.say(Request{Do: what})
	if r.Error != "" {
		c.t.Fatalf("%s: %s", what, r.Error)
	}
	return r
}

// shake does one handshake and closes with a reset; the error is the client's.
func (c *child) shake(config *tls.Config) error {
	raw, err := net.Dial("tcp", c.address)
	if err != nil {
		return err
	}
	defer raw.Close()
	raw.(*net.TCPConn).SetLinger(0)
	conn := tls.Client(raw, config)
	var confirmation [1]byte
	if _, err := io.ReadFull(conn, confirmation[:]); err != nil {
		return err
	}
	if confirmation[0] != handshake.Confirmation {
		return errors.New("another byte than the confirmation")
	}
	return nil
}

type fixture struct {
	settings Settings
	client   *tls.Config
	pair     []tls.Certificate // the client's
}

func setup(t testing.TB) fixture {
	t.Helper()
	a := authority(t, time.Now())
	served, err := a.Server("edge.example.test")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.Roots())
	return fixture{
		Settings{App: "plain", Certificate: served.Certificate, Key: served.Key, ClientCAs: a.Roots(), Tickets: true},
		&tls.Config{RootCAs: roots, ServerName: "edge.example.test", CurvePreferences: []tls.CurveID{tls.CurveP256}},
		clientPair(t, a),
	}
}

func authority(t testing.TB, now time.Time) *pki.Authority {
	t.Helper()
	a, err := pki.New(now, handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func clientPair(t testing.TB, a *pki.Authority) []tls.Certificate {
	t.Helper()
	presented, err := a.Client("loadgen.example.test")
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(presented.Certificate, presented.Key)
	if err != nil {
		t.Fatal(err)
	}
	return []tls.Certificate{pair}
}

func TestStretchCountsItsOwnHandshakes(t *testing.T) {
	f := setup(t)
	c := start(t, f.settings)
	f.client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	if err := c.shake(f.client); err != nil { // warm-up: fills the ticket
		t.Fatal(err)
	}
	c.do("begin")
	for range 5 {
		if err := c.shake(f.client); err != nil {
			t.Fatal(err)
		}
	}
	got := c.do("end").Report
	l := got.Ledger
	if l.Accepted != 5 || l.Completed != 5 || l.Rejected != 0 || l.Shape.Resumed != 5 {
		t.Errorf("ledger: %+v", l)
	}
	if l.Shape.Groups["P-256"] != 5 || l.Shape.Signatures["ecdsa-p256"] != 5 || l.Shape.ALPN["none"] != 5 {
		t.Errorf("shape: %+v", l.Shape)
	}
	if got.CPU.Total() <= 0 || got.Wall <= 0 || got.Runtime.AllocObjects < 5*100 || got.Runtime.HeapLive == 0 {
		t.Errorf("costs: %+v", got)
	}
	if again := c.say(Request{Do: "end"}); again.Error == "" {
		t.Error("a stretch ended twice")
	}
}

func TestRejectionsAreNotCompletions(t *testing.T) {
	f := setup(t)
	f.settings.Mutual = true
	c := start(t, f.settings)
	c.do("begin")
	for range 3 {
		if err := c.shake(f.client); err == nil {
			t.Error("a client without certificate was confirmed")
		}
	}
	f.client.Certificates = f.pair
	if err := c.shake(f.client); err != nil {
		t.Error(err)
	}
	l := c.do("end").Report.Ledger
	if l.Accepted != 4 || l.Completed != 1 || l.Rejected != 3 || l.Shape.Mutual != 1 {
		t.Errorf("ledger: %+v", l)
	}
	if l.Reasons["tls: client didn't provide a certificate"] != 3 {
		t.Errorf("reasons: %v", l.Reasons)
	}
}

func TestReasonsNameNoAddress(t *testing.T) {
	f := setup(t)
	c := start(t, f.settings)
	c.do("begin")
	raw, err := net.Dial("tcp", c.address)
	if err != nil {
		t.Fatal(err)
	}
	raw.(*net.TCPConn).SetLinger(0)
	raw.Close()
	l := c.do("end").Report.Ledger
	if l.Accepted != 1 || l.Rejected != 1 {
		t.Fatalf("ledger: %+v", l)
	}
	for reason := range l.Reasons {
		if strings.Contains(reason, "127.0.0.1") {
			t.Errorf("the reason %q names an address", reason)
		}
	}
}

// A ticket outlives one rotation of the key, and no second one.
func TestTicketKeyRotates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := setup(t)
		f.settings.Rotate = time.Hour
		f.client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
		config, err := f.settings.config()
		if err != nil {
			t.Fatal(err)
		}
		p := &house{Stage: Stage{Config: config, Leaf: config.Certificates[0].Leaf, Ledger: NewLedger(), Settings: f.settings}}
		go p.keys(t.Context())()
		for _, test := range []struct {
			wait    time.Duration // since the last ticket
			resumed bool
		}{
			{30 * time.Minute, false}, // no ticket yet
			{0, true},
			{time.Hour, true},
			{2 * time.Hour, false},
			{time.Hour, true},
		} {
			time.Sleep(test.wait)
			if got := resumes(t, p, f.client); got != test.resumed {
				t.Errorf("%v later: resumed %t, want %t", test.wait, got, test.resumed)
			}
		}
	})
}

// resumes does one handshake with the app over a pipe and says whether it resumed.
func resumes(t *testing.T, p *house, config *tls.Config) bool {
	t.Helper()
	near, far := net.Pipe()
	defer near.Close()
	p.Ledger.Accept()
	go p.plain(t.Context(), far)
	conn := tls.Client(near, config)
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	return conn.ConnectionState().DidResume
}

func TestProfile(t *testing.T) {
	c := start(t, setup(t).settings)
	if r := c.say(Request{Do: "profile-stop"}); r.Error == "" {
		t.Error("a profile that was never started")
	}
	c.do("profile-start")
	if r := c.say(Request{Do: "profile-start"}); r.Error == "" {
		t.Error("two profiles at once")
	}
	if r := c.do("profile-stop"); len(r.Profiles) != 1 || len(r.Profiles[0].Data) == 0 {
		t.Error("no profile, or an empty one")
	}
}

func TestEndOfInputEndsTheServer(t *testing.T) {
	settings := setup(t).settings
	if runtime.GOOS == "linux" {
		settings.Listen = "127.83.7.1:0" // where nobody else takes up the port as soon as it is free
	}
	c := start(t, settings)
	c.in.Close()
	if err := <-c.ended; err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", c.address); err == nil {
		t.Error("the server still listens")
	}
}

func TestBadSettings(t *testing.T) {
	good := setup(t).settings
	tests := []struct {
		name   string
		change func(*Settings)
		want   string
	}{
		{"app", func(s *Settings) { s.App = "gopher" }, `unknown app "gopher"`},
		{"certificate", func(s *Settings) { s.Certificate = nil }, "tls: failed to find any PEM data"},
		{"mutual", func(s *Settings) { s.Mutual, s.ClientCAs = true, nil }, "no certificate authority"},
		{"listen", func(s *Settings) { s.Listen = "256.0.0.1:1" }, "listen tcp"},
		{"signer", func(s *Settings) { s.Accel = "lab-gopher" }, `accel lab-gopher: the certificate's key is not of P-384`},
		{"plant", func(s *Settings) { s.Plant = &Plant{Component: "burn"} }, "plant \"burn\": a count of 0"},
	}
	for _, tt := range tests {
		s := good
		tt.change(&s)
		text, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		err = Control(context.Background(), strings.NewReader(string(text)), io.Discard, apps)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %s", tt.name, err, tt.want)
		}
	}
	if err := Control(context.Background(), strings.NewReader("{"), io.Discard, apps); err == nil {
		t.Error("half a line was taken for settings")
	}
}

func TestThin(t *testing.T) {
	var samples []Sample
	for i := range 6 {
		samples = append(samples, Sample{Completed: uint64(i)})
	}
	got := thin(samples)
	if len(got) != 3 || got[0].Completed != 1 || got[2].Completed != 5 {
		t.Errorf("got %v", got)
	}
}

type ending struct{}

func (ending) Serve(context.Context, *Stage) error { return errors.New("no identity") }

func TestControlEndsWithItsApp(t *testing.T) {
	settings := setup(t).settings
	settings.App = "ending"
	text, err := json.Marshal(settings)
	if err != nil {
		t.Fatal(err)
	}
	in, stay := io.Pipe()
	defer stay.Close()
	go stay.Write(text)
	err = Control(t.Context(), in, io.Discard, map[string]App{"ending": ending{}})
	if err == nil || err.Error() != "no identity" {
		t.Errorf("got %v", err)
	}
}
