package standalone

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
)

// Two planes and the link to a peer rotate by one command, and what was open before stays open.
func TestRotateTogether(t *testing.T) {
	for _, strategy := range []string{reload.CommandBoot, reload.CommandCommitted, reload.Reference} {
		t.Run(strategy, func(t *testing.T) { rotateTogether(t, newLab(t, strategy)) })
	}
}

func rotateTogether(t *testing.T, l *lab) {
	peer, clients := l.peer(t)
	l.Peer, l.PeerEvery = peer, 10*time.Millisecond
	hello, _ := l.serve(t)
	held, err := l.dial(hello.Node, l.client)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	confirmed(t, held)
	for g := uint64(1); g <= 3; g++ {
		if g > 1 {
			l.rotate(t, l.authority, g)
			if got, err := l.ask("RELOAD TLS"); err != nil || !strings.HasPrefix(got, fmt.Sprintf("OK generation %d ", g)) {
				t.Fatalf("RELOAD TLS: got %q, %v", got, err)
			}
		}
		if got := l.generation(t, hello.Listen); got != g {
			t.Errorf("http plane: got generation %d, want %d", got, g)
		}
		if got := l.generation(t, hello.Node, l.client); got != g {
			t.Errorf("node plane: got generation %d, want %d", got, g)
		}
		await(t, clients, g)
		echoes(t, held)
	}
	if got := know[Stats](t, l, "STATS"); got.PeerOK < 3 || got.PeerFailed != 0 || got.Handshakes < 7 {
		t.Errorf("got %+v", got)
	}
}

// peer is a node that says which generations its clients show.
func (l *lab) peer(t *testing.T) (address string, clients <-chan uint64) {
	t.Helper()
	m, err := l.authority.Issue(500)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(m.Certificate, m.Key)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, ClientCAs: l.roots, ClientAuth: tls.RequireAndVerifyClientCert}
	shown := make(chan uint64)
	var serving sync.WaitGroup
	t.Cleanup(serving.Wait)
	serving.Go(func() {
		each(t.Context(), listener, func(raw net.Conn) { show(t.Context(), tls.Server(raw, config), shown) })
	})
	return listener.Addr().String(), shown
}

// show confirms a handshake, then says which generation the client has. A dialler whose certificate is not believed
// counts that itself.
func show(ctx context.Context, conn *tls.Conn, shown chan<- uint64) {
	if conn.HandshakeContext(ctx) != nil {
		return
	}
	conn.Write([]byte{handshake.Confirmation})
	select {
	case shown <- serial(conn):
	case <-ctx.Done():
	}
}

func await(t *testing.T, clients <-chan uint64, want uint64) {
	t.Helper()
	limit := time.After(patient)
	for {
		select {
		case got := <-clients:
			if got == want {
				return
			}
		case <-limit:
			t.Fatalf("the peer never saw generation %d", want)
		}
	}
}

func echoes(t *testing.T, conn *tls.Conn) {
	t.Helper()
	got := make([]byte, 5)
	if _, err := io.WriteString(conn, "hello"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "hello" {
		t.Fatalf("echo: got %q, %v", got, err)
	}
}

// Both protocols of the HTTP plane answer, and a connection outlives the certificate that it began with.
func TestHTTP(t *testing.T) {
	l := newLab(t, reload.CommandBoot)
	hello, _ := l.serve(t)
	one, two := l.browser(false), l.browser(true)
	defer one.CloseIdleConnections()
	defer two.CloseIdleConnections()
	for _, want := range []string{"1\n", "2\n"} {
		if want == "2\n" {
			l.rotate(t, l.authority, 2)
			l.want(t, "PROXYSQL RELOAD TLS", "OK generation 2 epoch 2")
		}
		for protocol, client := range map[string]*http.Client{"HTTP/1.1": one, "HTTP/2.0": two} {
			response, err := client.Get("https://" + hello.Listen)
			if err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(response.Body)
			response.Body.Close()
			if string(got) != want || err != nil || response.Proto != protocol || response.StatusCode != http.StatusOK {
				t.Errorf("got %q by %s, %s, %v, want %q by %s", got, response.Proto, response.Status, err, want, protocol)
			}
		}
	}
	if got := know[Stats](t, l, "STATS").Handshakes; got != 2 {
		t.Errorf("got %d handshakes, want 2: a connection for each protocol", got)
	}
}

func (l *lab) browser(h2 bool) *http.Client {
	return &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: l.roots}, ForceAttemptHTTP2: h2},
		Timeout:   patient,
	}
}

// Who is trusted is reloaded, too.
func TestTrust(t *testing.T) {
	l := newLab(t, reload.CommandBoot)
	hello, _ := l.serve(t)
	stranger := l.clientOf(t, l.authority.Next)
	accepted := func(certificate tls.Certificate) bool {
		conn, err := l.dial(hello.Node, certificate)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		_, err = conn.Read(make([]byte, 1))
		return err == nil
	}
	if own, other := accepted(l.client), accepted(stranger); !own || other {
		t.Errorf("before: own client accepted %t, stranger %t", own, other)
	}
	l.rotate(t, l.authority.Next, 2)
	l.want(t, "RELOAD TLS", "OK generation 2 epoch 2")
	if own, other := accepted(l.client), accepted(stranger); own || !other {
		t.Errorf("after: own client accepted %t, stranger %t", own, other)
	}
}

func TestTickets(t *testing.T) {
	for _, tickets := range []bool{true, false} {
		l := newLab(t, reload.Static)
		l.Tickets = tickets
		hello, _ := l.serve(t)
		config := &tls.Config{
			RootCAs: l.roots, Certificates: []tls.Certificate{l.client}, ClientSessionCache: tls.NewLRUClientSessionCache(1),
		}
		for range 2 {
			conn, err := tls.Dial("tcp", hello.Node, config)
			if err != nil {
				t.Fatal(err)
			}
			confirmed(t, conn) // the ticket has come before
			conn.Close()
		}
		want := uint64(0)
		if tickets {
			want = 1
		}
		if got := know[Stats](t, l, "STATS"); got.Resumed != want || got.Handshakes != 2 {
			t.Errorf("tickets %t: got %d handshakes, %d resumed, want 2, %d", tickets, got.Handshakes, got.Resumed, want)
		}
	}
}

// At the end everything is closed, whoever holds it.
func TestEnd(t *testing.T) {
	l := newLab(t, reload.Static)
	hello, stop := l.serve(t)
	web, err := l.dial(hello.Listen)
	if err != nil {
		t.Fatal(err)
	}
	node, err := l.dial(hello.Node, l.client)
	if err != nil {
		t.Fatal(err)
	}
	confirmed(t, node)
	admin, err := net.Dial("unix", l.Admin)
	if err != nil {
		t.Fatal(err)
	}
	admin.SetDeadline(time.Now().Add(patient))
	stop()
	for name, conn := range map[string]net.Conn{"http": web, "node": node, "admin": admin} {
		if _, err := conn.Read(make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
			t.Errorf("%s connection: got %v, want its end", name, err)
		}
	}
	for _, address := range []string{hello.Listen, hello.Node} {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Errorf("%s still listens", address)
		}
	}
}

func isTimeout(err error) bool {
	var e net.Error
	return errors.As(err, &e) && e.Timeout()
}

func TestNoStart(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for _, test := range []struct {
		name, want string
		spoil      func(*Settings)
	}{
		{"no certificate", "no such file", func(s *Settings) { s.Reload.Files.Certificate += ".not" }},
		{"unknown strategy", `unknown reload strategy "hope"`, func(s *Settings) { s.Reload.Strategy = "hope" }},
		{"taken address", "address already in use", func(s *Settings) { s.Node = taken.Addr().String() }},
	} {
		l := newLab(t, reload.Static)
		test.spoil(&l.Settings)
		err := Serve(t.Context(), l.Settings, io.Discard, io.Discard)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// dying is a strategy whose watch ends by itself.
type dying struct{ reload.Strategy }

func (dying) Run(context.Context) error { return errors.New("the watch is gone") }

// A mechanism that dies is told to people once, and is in the status for ever.
func TestBlind(t *testing.T) {
	var errs bytes.Buffer
	s := &server{errs: &errs, strategy: dying{}}
	if err := s.follow(t.Context()); err != nil {
		t.Error("it does not go on:", err)
	}
	if got, want := errs.String(), "tlslab-server: the files are no longer followed: the watch is gone\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, err := s.show(); err != nil || !strings.Contains(got, `"failing":"the watch is gone"`) {
		t.Errorf("got %s, %v", got, err)
	}
}
