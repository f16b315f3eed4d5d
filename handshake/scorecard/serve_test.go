package scorecard

import (
	"crypto/tls"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// TestMain runs the tests, or is one of the servers that they watch: this program started again.
func TestMain(m *testing.M) {
	flag.Parse()
	if run := children[flag.Arg(0)]; run != nil {
		if err := run(flag.Args()[1:]); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var children = map[string]func([]string) error{
	"serve-fresh":  func(a []string) error { return serve(a, fresh(a)) },
	"serve-static": func(a []string) error { return serve(a, frozen(a)) },
	"serve-told":   func(a []string) error { return serve(a, told(a)) },
	"serve-doomed": func(a []string) error { return serve(a, doomed(a)) },
	"refuse":       func(a []string) error { return fmt.Errorf("no certificate is good enough: %s", a[0]) },
	"sleep":        func(a []string) error { select {} },
	"remember":     remembering,
}

// target is one of the children, with the files and the address.
func target(t *testing.T, child string) Target {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return Target{Name: child, Command: []string{self, child, "{cert}", "{key}", "{address}"}}
}

// supply yields the certificate of a handshake.
type supply func() (*tls.Certificate, error)

// serve completes handshakes and holds connections until their clients close them.
func serve(args []string, next supply) error {
	config := &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return next() }}
	l, err := net.Listen("tcp", args[2])
	if err != nil {
		return err
	}
	for {
		conn, err := l.Accept()
		if err != nil {
			return err
		}
		go io.Copy(io.Discard, tls.Server(conn, config))
	}
}

// fresh reads the files for every handshake, and serves what it had where they cannot be read.
func fresh(args []string) supply {
	good := make(chan *tls.Certificate, 1)
	good <- nil
	return func() (*tls.Certificate, error) {
		last := <-good
		pair, err := tls.LoadX509KeyPair(args[0], args[1])
		if err == nil {
			last = &pair
		}
		good <- last
		return last, nil
	}
}

// frozen reads the files once.
func frozen(args []string) supply {
	pair, err := tls.LoadX509KeyPair(args[0], args[1])
	return func() (*tls.Certificate, error) { return &pair, err }
}

// told reads the files at each SIGHUP.
func told(args []string) supply {
	hangups := make(chan os.Signal, 1)
	signal.Notify(hangups, syscall.SIGHUP)
	now := frozen(args)
	return func() (*tls.Certificate, error) {
		select {
		case <-hangups:
			now = frozen(args)
		default:
		}
		return now()
	}
}

// doomed dies of a new certificate.
func doomed(args []string) supply {
	first, err := os.ReadFile(args[0])
	if err != nil {
		panic(err)
	}
	serve := frozen(args)
	return func() (*tls.Certificate, error) {
		if now, _ := os.ReadFile(args[0]); string(now) != string(first) {
			panic("another certificate")
		}
		return serve()
	}
}

// remembering holds one secret in memory and has forgotten another one, both in hex on a line of its input. Then it waits
// for the end of its input.
func remembering([]string) error {
	var kept, wiped string
	if _, err := fmt.Fscanln(os.Stdin, &kept, &wiped); err != nil {
		return err
	}
	held, gone := decoded(kept), decoded(wiped)
	clear(gone)
	fmt.Println("ready")
	_, err := io.Copy(io.Discard, os.Stdin)
	clear(held)
	return err
}

func decoded(text string) []byte {
	out := make([]byte, hex.DecodedLen(len(text)))
	if _, err := hex.Decode(out, []byte(strings.TrimSpace(text))); err != nil {
		panic(err)
	}
	return out
}
