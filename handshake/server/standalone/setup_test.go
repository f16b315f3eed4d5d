package standalone

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// TestMain lets this test be its own children: a server, and a supervisor that reads what to do from its input.
func TestMain(m *testing.M) {
	if len(os.Args) < 2 {
		os.Exit(m.Run())
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var err error
	switch os.Args[1] {
	case "child":
		err = Inherited(ctx, os.Stdout, os.Stderr)
	case "supervisor":
		var s Supervisor
		if err = json.NewDecoder(os.Stdin).Decode(&s); err == nil {
			err = s.Run(ctx, os.Stdout, os.Stderr)
		}
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// patient is how long a test waits for what is bound to happen.
const patient = 30 * time.Second

// lab is a place with certificates, and a server's settings for it.
type lab struct {
	Settings
	authority *rotation.Authority
	place     rotation.Place
	roots     *x509.CertPool
	client    tls.Certificate
}

// newLab has generation 1 in place. The admin socket has a short path, for there is a limit of about a hundred bytes.
func newLab(t *testing.T, strategy string) *lab {
	t.Helper()
	authority, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256)
	if err != nil {
		t.Fatal(err)
	}
	short, err := os.MkdirTemp("", "lab")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(short) })
	l := &lab{authority: authority, place: rotation.Place{Dir: t.TempDir(), Method: rotation.Rename}, roots: x509.NewCertPool()}
	l.roots.AppendCertsFromPEM(authority.Roots())
	l.client = l.clientOf(t, authority)
	first, err := authority.Issue(1)
	if err != nil {
		t.Fatal(err)
	}
	if err := l.place.Prepare(first); err != nil {
		t.Fatal(err)
	}
	l.Settings = Settings{
		Reload: reload.Settings{Strategy: strategy, Files: l.place.Files()},
		Listen: "127.0.0.1:0", Node: "127.0.0.1:0", Admin: filepath.Join(short, "admin"), Tickets: true,
	}
	return l
}

func (l *lab) clientOf(t *testing.T, a *rotation.Authority) tls.Certificate {
	t.Helper()
	m, err := a.Client(1000)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(m.Certificate, m.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair
}

// rotate puts a generation into place; nobody is told.
func (l *lab) rotate(t *testing.T, by *rotation.Authority, generation uint64) {
	t.Helper()
	m, err := by.Issue(generation)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rotation.Take(l.place.Steps(m)); err != nil {
		t.Fatal(err)
	}
}

// serve serves in this process until the test or stop ends it.
func (l *lab) serve(t *testing.T) (hello Hello, stop func()) {
	t.Helper()
	return launch(t, func(ctx context.Context, out io.Writer) error { return Serve(ctx, l.Settings, out, io.Discard) })
}

// launch waits for the hello of a server. The stop function returns when it has ended, without an error.
func launch(t *testing.T, serve func(context.Context, io.Writer) error) (hello Hello, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	in, out := io.Pipe()
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := serve(ctx, out); err != nil {
			t.Error(err)
		}
		out.Close()
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	if err := json.NewDecoder(in).Decode(&hello); err != nil {
		t.Fatal("no hello:", err)
	}
	return hello, stop
}

// dial makes a handshake; the certificate is a client's, or none.
func (l *lab) dial(address string, certificates ...tls.Certificate) (*tls.Conn, error) {
	config := &tls.Config{RootCAs: l.roots, Certificates: certificates}
	conn, err := tls.DialWithDialer(&net.Dialer{Timeout: patient}, "tcp", address, config)
	if err == nil {
		conn.SetDeadline(time.Now().Add(patient))
	}
	return conn, err
}

// generation is what a handshake with an address shows; the node plane confirms it.
func (l *lab) generation(t *testing.T, address string, certificates ...tls.Certificate) uint64 {
	t.Helper()
	conn, err := l.dial(address, certificates...)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if len(certificates) > 0 {
		confirmed(t, conn)
	}
	return serial(conn)
}

func serial(conn *tls.Conn) uint64 {
	return conn.ConnectionState().PeerCertificates[0].SerialNumber.Uint64()
}

func confirmed(t *testing.T, conn *tls.Conn) {
	t.Helper()
	b := make([]byte, 1)
	if _, err := io.ReadFull(conn, b); err != nil || b[0] != handshake.Confirmation {
		t.Fatalf("confirmation: got %x, %v", b, err)
	}
}

// ask sends a command and returns the answer's only line.
func (l *lab) ask(command string) (string, error) {
	conn, err := net.DialTimeout("unix", l.Admin, patient)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patient))
	if _, err := fmt.Fprintln(conn, command); err != nil {
		return "", err
	}
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return "", err
	}
	return line[:len(line)-1], nil
}

func (l *lab) want(t *testing.T, command, want string) {
	t.Helper()
	if got, err := l.ask(command); got != want || err != nil {
		t.Fatalf("%s: got %q, %v, want %q", command, got, err, want)
	}
}

// know decodes the answer to a command.
func know[T any](t *testing.T, l *lab, command string) (answer T) {
	t.Helper()
	line, err := l.ask(command)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(line), &answer); err != nil {
		t.Fatalf("%s: %v: %s", command, err, line)
	}
	return answer
}
