package reloads

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server/standalone"
)

const (
	patience = 2 * time.Second // of one handshake or command
	backTime = 5 * time.Second // from the kill to the next handshake
)

// crash is a supervised server that dies between the two files of a rotation.
type crash struct {
	place     rotation.Place
	authority *rotation.Authority
	settings  standalone.Settings
	client    *tls.Config
	address   string
}

// addCrash adds to the arm of a strategy how many generations it went back when it was killed: generation 2 is served,
// the certificate of generation 3 has been renamed over and its key not yet. A server that does not come back leaves a
// note and no measure.
func addCrash(ctx context.Context, arm *experiment.Arm, dir, bin string) error {
	c, err := newCrash(filepath.Join(dir, arm.Name), arm.Name)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	hello, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		s := standalone.Supervisor{Settings: c.settings, Child: []string{bin, "reload-child"}}
		err := s.Run(ctx, out, io.Discard)
		out.CloseWithError(io.EOF)
		ended <- err
	}()
	served, err := c.carryOut(ctx, hello)
	cancel()
	hello.Close()
	if err := errors.Join(err, <-ended); err != nil {
		return err
	}
	if served == 0 {
		arm.Notes = append(arm.Notes, fmt.Sprintf("killed between two files: serves nothing for %v", backTime))
		return nil
	}
	arm.Measures = append(arm.Measures, experiment.Measure{
		Name: "back_after_crash", Unit: "generations", Value: 2 - float64(served), Of: 1,
	})
	return nil
}

func newCrash(dir, strategy string) (*crash, error) {
	a, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256)
	if err != nil {
		return nil, err
	}
	first, err := a.Issue(1)
	if err != nil {
		return nil, err
	}
	c := &crash{place: rotation.Place{Dir: filepath.Join(dir, "files"), Method: rotation.Rename}, authority: a}
	if err := c.place.Prepare(first); err != nil {
		return nil, err
	}
	c.settings = standalone.Settings{
		Reload: reload.Settings{Strategy: strategy, Files: c.place.Files()},
		Listen: "127.0.0.1:0", Admin: filepath.Join(dir, "admin"), Tickets: true,
	}
	if strategy == reload.CommandCommitted || strategy == reload.Reference {
		c.settings.Reload.State = filepath.Join(dir, "state")
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.Roots())
	c.client = &tls.Config{RootCAs: roots, ServerName: "localhost", MinVersion: tls.VersionTLS13}
	return c, nil
}

// carryOut returns the generation that is served after the crash; zero: none.
func (c *crash) carryOut(ctx context.Context, hello io.Reader) (uint64, error) {
	var h standalone.Hello
	if err := json.NewDecoder(hello).Decode(&h); err != nil {
		return 0, fmt.Errorf("the server did not start: %w", err)
	}
	c.address = h.Listen
	if err := c.write(2, ""); err != nil {
		return 0, err
	}
	if err := c.reload(ctx); err != nil {
		return 0, err
	}
	if err := c.write(3, "rename tls.crt"); err != nil {
		return 0, err
	}
	if answer, err := c.ask(ctx, "CRASH BY kill"); err == nil {
		return 0, fmt.Errorf("CRASH BY kill: %s", answer)
	}
	return c.back(ctx)
}

// reload tells the server to serve generation 2, and sees that it does.
func (c *crash) reload(ctx context.Context) error {
	answer, err := c.ask(ctx, "RELOAD TLS")
	if err != nil {
		return err
	}
	served, err := c.served(ctx)
	if err != nil {
		return err
	}
	if served != 2 {
		return fmt.Errorf("serves generation %d when it was told to reload: %s", served, strings.TrimSpace(answer))
	}
	return nil
}

// write puts a generation into its place, up to a step; empty: the whole of it.
func (c *crash) write(generation uint64, last string) error {
	m, err := c.authority.Issue(generation)
	if err != nil {
		return err
	}
	steps := c.place.Steps(m)
	if last != "" {
		steps = rotation.Until(steps, last)
	}
	_, err = rotation.Take(steps)
	return err
}

// ask sends a line to the admin socket and reads the answer.
func (c *crash) ask(ctx context.Context, line string) (string, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "unix", c.settings.Admin)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(patience))
	if _, err := fmt.Fprintln(conn, line); err != nil {
		return "", err
	}
	return bufio.NewReader(conn).ReadString('\n')
}

// served is the generation that a full handshake shows.
func (c *crash) served(ctx context.Context) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := (&tls.Dialer{Config: c.client}).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0].SerialNumber.Uint64(), nil
}

// back waits until the server serves again.
func (c *crash) back(ctx context.Context) (uint64, error) {
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for limit := time.Now().Add(backTime); time.Now().Before(limit); {
		if served, err := c.served(ctx); err == nil {
			return served, nil
		}
		select {
		case <-again.C:
		case <-ctx.Done():
			return 0, context.Cause(ctx)
		}
	}
	return 0, nil
}
