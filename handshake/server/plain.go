package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// handshakeTimeout bounds one connection: handshake, confirmation and the client's close.
const handshakeTimeout = 15 * time.Second

// acceptPause is how long the server waits for files to be closed when it has no more of them.
const acceptPause = 5 * time.Millisecond

// plain is the app that speaks nothing above TLS: it confirms and waits for the client to close.
type plain struct {
	listener  net.Listener
	config    *tls.Config
	leaf      *x509.Certificate
	reloading *reloading // nil: the certificate does not change
	rotate    time.Duration
	signer    *signer // nil: crypto/tls signs by itself
	ledger    *ledger
	plants    *plants
}

// newPlain listens; what s plants grows until ctx ends.
func newPlain(ctx context.Context, s Settings) (*plain, error) {
	address := s.Listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	p, err := s.plain(ctx, listener)
	if err != nil {
		listener.Close()
	}
	return p, err
}

func (s Settings) plain(ctx context.Context, listener net.Listener) (*plain, error) {
	if s.App != "plain" {
		return nil, fmt.Errorf("unknown app %q", s.App)
	}
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	p := &plain{
		listener: listener, config: config, rotate: s.Rotate, ledger: newLedger(),
		plants: &plants{clock: handshake.NewClock()},
	}
	if err := p.certify(s); err != nil {
		return nil, err
	}
	follow(config, p.plants)
	if err := p.plants.plant(ctx, s.Plant); err != nil {
		return nil, err
	}
	return p, nil
}

// config has no certificate yet where those are files that may change.
func (s Settings) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: s.ALPN, SessionTicketsDisabled: !s.Tickets}
	if s.Mutual {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if s.Reload != nil {
		return config, nil
	}
	return config, s.furnish(config)
}

// certify decides who signs with the certificate's key: the key of a file that may change, or that of one for life or
// what accelerates it.
func (p *plain) certify(s Settings) (err error) {
	if s.Reload != nil {
		p.reloading, p.leaf, err = s.reloading(p.config, p.plants.clock)
		return err
	}
	p.leaf = p.config.Certificates[0].Leaf
	p.signer, err = s.accelerate(p.config)
	return err
}

// furnish gives config a certificate for life, and those who sign its clients'.
func (s Settings) furnish(config *tls.Config) error {
	pair, err := tls.X509KeyPair(s.Certificate, s.Key)
	if err != nil {
		return err
	}
	if pair.Leaf == nil { // GODEBUG=x509keypairleaf=0
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return err
		}
	}
	config.Certificates = []tls.Certificate{pair}
	if !s.Mutual {
		return nil
	}
	config.ClientCAs = x509.NewCertPool()
	if !config.ClientCAs.AppendCertsFromPEM(s.ClientCAs) {
		return errors.New("mutual: no certificate authority for clients")
	}
	return nil
}

// serve accepts until ctx ends, then waits for its goroutines.
func (p *plain) serve(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { p.listener.Close() })
	defer stop()
	var running sync.WaitGroup
	defer running.Wait()
	if !p.config.SessionTicketsDisabled {
		running.Go(p.keys(ctx))
	}
	if p.reloading != nil {
		running.Go(func() { p.reloading.run(ctx) })
	}
	for {
		conn, err := p.listener.Accept()
		if ctx.Err() != nil {
			return nil
		}
		if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.ECONNABORTED) {
			time.Sleep(acceptPause) // the client waits, and its clock shows it
			continue
		}
		if err != nil {
			return fmt.Errorf("accept: %w", err)
		}
		p.ledger.accept()
		running.Go(func() { p.handle(ctx, conn) })
	}
}

// keys sets the first ticket key at once and returns the rotation: a new key every p.rotate, the one before still
// accepted. Without rotation one key serves for life.
func (p *plain) keys(ctx context.Context) func() {
	current := ticketKey()
	p.config.SetSessionTicketKeys([][32]byte{current})
	return func() {
		if p.rotate <= 0 {
			return
		}
		ticker := time.NewTicker(p.rotate)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				previous := current
				current = ticketKey()
				p.config.SetSessionTicketKeys([][32]byte{current, previous})
			}
		}
	}
}

func ticketKey() (key [32]byte) {
	rand.Read(key[:])
	return key
}

func (p *plain) handle(ctx context.Context, raw net.Conn) {
	stop := context.AfterFunc(ctx, func() { raw.Close() })
	defer stop()
	defer raw.Close()
	raw.SetDeadline(time.Now().Add(handshakeTimeout))
	state, err := confirm(tls.Server(raw, p.config))
	if err != nil {
		p.ledger.reject(reason(err))
		return
	}
	defer p.ledger.complete(handshake.ServerOutcome(state, p.leaf))
	io.Copy(io.Discard, raw) // until the client closes: a reset is its usual way
}

// confirm carries out the handshake and sends the byte that says so.
func confirm(conn *tls.Conn) (tls.ConnectionState, error) {
	if err := shake(conn); err != nil {
		return tls.ConnectionState{}, err
	}
	state := conn.ConnectionState()
	if state.DidResume {
		enter(confirmation, resumed)
	} else {
		enter(confirmation, full)
	}
	_, err := conn.Write([]byte{handshake.Confirmation})
	return state, err
}
