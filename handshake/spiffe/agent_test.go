package spiffe

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"

	"github.com/tlslab/tlslab/handshake"
)

// never is how long a test waits for what should happen at once.
const never = 20 * time.Second

func newTestDomain(t testing.TB, name string) *Domain {
	t.Helper()
	d, err := NewDomain(name, handshake.ECDSAP256, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// startAgent serves entries on a socket near the root, as paths of sockets are short.
func startAgent(t testing.TB, o AgentOptions) *Agent {
	t.Helper()
	dir, err := os.MkdirTemp("", "spiffe")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	o.Socket = filepath.Join(dir, "agent.sock")
	if o.Domain == nil {
		o.Domain = newTestDomain(t, "lab.example")
	}
	a, err := NewAgent(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(a.Stop)
	return a
}

func dial(t testing.TB, a *Agent, path string) *Live {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), never)
	defer cancel()
	l, err := DialWith(ctx, a.Address(), DialOptions{Path: path, Backoff: Reference()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

var pair = []Entry{{Path: "/server", UID: os.Getuid()}, {Path: "/client", UID: -1}}

// until waits for a condition that a push brings about.
func until(t testing.TB, l *Live, done func() bool) {
	t.Helper()
	deadline := time.After(never)
	for !done() {
		select {
		case <-l.Updated():
		case <-deadline:
			t.Fatal("it never happened")
		}
	}
}

// meet has a client connect to a server, each with its config, and read the byte that confirms it.
func meet(t testing.TB, server, client *tls.Config) (state tls.ConnectionState, err error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	served := make(chan struct{})
	go func() {
		defer close(served)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		c.SetDeadline(time.Now().Add(never))
		s := tls.Server(c, server)
		if s.Handshake() == nil {
			s.Write([]byte{1})
			io.Copy(io.Discard, s)
		}
	}()
	defer func() { <-served }()
	c, err := net.DialTimeout("tcp", l.Addr().String(), never)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(never))
	conn := tls.Client(c, client)
	if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
		return tls.ConnectionState{}, err
	}
	state = conn.ConnectionState()
	return state, conn.Close()
}

func TestHandshakeBetweenWorkloads(t *testing.T) {
	a := startAgent(t, AgentOptions{Entries: pair})
	server, client := dial(t, a, "/server"), dial(t, a, "/client")
	authorize := tlsconfig.AuthorizeMemberOf(a.options.Domain.Name())
	for _, resumption := range []string{"", Default, Off, Recheck, Epoch} {
		s, err := ServerConfig(server, authorize, resumption)
		if err != nil {
			t.Fatal(err)
		}
		c, err := ClientConfig(client, authorize, resumption)
		if err != nil {
			t.Fatal(err)
		}
		state, err := meet(t, s, c)
		if err != nil {
			t.Fatalf("%s: %v", resumption, err)
		}
		if got, want := state.PeerCertificates[0].URIs[0].String(), "spiffe://lab.example/server"; got != want {
			t.Errorf("%s: peer is %s, want %s", resumption, got, want)
		}
		if got := state.PeerCertificates[0].SerialNumber.Uint64(); got != server.Serial() || got == 0 {
			t.Errorf("%s: generation %d, want %d", resumption, got, server.Serial())
		}
	}
}

func TestRotateIsPushed(t *testing.T) {
	a := startAgent(t, AgentOptions{Entries: pair})
	server, client := dial(t, a, "/server"), dial(t, a, "/client")
	for range 3 {
		generation := a.Rotate()
		until(t, server, func() bool { return server.Serial() == generation })
		until(t, client, func() bool { return client.Serial() == generation })
	}
	pushes := a.Pushes()
	if got, want := len(pushes), 4*len(pair); got != want {
		t.Fatalf("%d pushes, want %d", got, want)
	}
	for _, p := range pushes {
		if p.At.Before(p.Issued) {
			t.Errorf("%s %d was pushed at %v, before it was made at %v", p.Path, p.Serial, p.At, p.Issued)
		}
	}
}
