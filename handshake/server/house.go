package server

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// App is what a server speaks above TLS.
type App interface {
	// Serve serves until ctx ends, then waits for its goroutines. It tells the stage's ledger of every connection, or
	// where the settings say live of every call over one, exactly once that it came and once how it went.
	Serve(ctx context.Context, s *Stage) error
}

// Stage is what an app serves on.
type Stage struct {
	TCP      net.Listener
	UDP      net.PacketConn    // on the port of TCP; nil unless the settings ask for it
	Config   *tls.Config       // with its certificate, unless identities come from a Workload API
	Leaf     *x509.Certificate // of the first generation; nil where identities come from a Workload API
	Ledger   *Ledger
	Settings Settings

	plants *plants
}

// Follow makes the handshakes of an app's own config enter their phases, and lets plants grow in them, as those of
// [Stage.Config] do.
func (s *Stage) Follow(config *tls.Config) { follow(config, s.plants) }

// house is a server process: an app on its stage, and what goes on beside it.
type house struct {
	Stage
	app       App
	reloading *reloading // nil: the certificate does not change
	signer    *signer    // nil: crypto/tls signs by itself
}

// newHouse listens; what s plants grows until ctx ends.
func newHouse(ctx context.Context, s Settings, apps map[string]App) (*house, error) {
	app := apps[s.App]
	if app == nil {
		return nil, fmt.Errorf("unknown app %q", s.App)
	}
	tcp, udp, err := listen(s)
	if err != nil {
		return nil, err
	}
	h, err := s.house(ctx, app, tcp, udp)
	if err != nil {
		tcp.Close()
		if udp != nil {
			udp.Close()
		}
	}
	return h, err
}

// portTries is how many free TCP ports are tried until one is free for UDP, too.
const portTries = 16

func listen(s Settings) (tcp net.Listener, udp net.PacketConn, err error) {
	address := s.Listen
	if address == "" {
		address = "127.0.0.1:0"
	}
	for range portTries {
		if tcp, err = net.Listen("tcp", address); err != nil || !s.UDP {
			return tcp, nil, err
		}
		if udp, err = net.ListenPacket("udp", tcp.Addr().String()); err == nil {
			return tcp, udp, nil
		}
		tcp.Close()
	}
	return nil, nil, err
}

func (s Settings) house(ctx context.Context, app App, tcp net.Listener, udp net.PacketConn) (*house, error) {
	config, err := s.config()
	if err != nil {
		return nil, err
	}
	h := &house{app: app, Stage: Stage{
		TCP: tcp, UDP: udp, Config: config, Ledger: NewLedger(), Settings: s,
		plants: &plants{clock: handshake.NewClock()},
	}}
	if err := h.certify(); err != nil {
		return nil, err
	}
	h.Follow(config)
	if err := h.plants.plant(ctx, s.Plant); err != nil {
		return nil, err
	}
	return h, nil
}

// config has no certificate yet where those are files that may change, and none at all where a Workload API gives them.
func (s Settings) config() (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS13, NextProtos: s.ALPN, SessionTicketsDisabled: !s.Tickets}
	if s.Mutual {
		config.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if s.Reload != nil || s.SPIFFE != nil {
		return config, nil
	}
	return config, s.furnish(config)
}

// certify decides who signs with the certificate's key: the key of a file that may change, or that of one for life or
// what accelerates it.
func (h *house) certify() (err error) {
	switch {
	case h.Settings.SPIFFE != nil:
		return nil
	case h.Settings.Reload != nil:
		h.reloading, h.Leaf, err = h.Settings.reloading(h.Config, h.plants.clock)
		return err
	}
	h.Leaf = h.Config.Certificates[0].Leaf
	h.signer, err = h.Settings.accelerate(h.Config)
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

// serve lets the app serve until ctx ends, then waits for everything.
func (h *house) serve(ctx context.Context) error {
	var running sync.WaitGroup
	defer running.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if h.UDP != nil {
		defer h.UDP.Close()
	}
	if !h.Config.SessionTicketsDisabled {
		running.Go(h.keys(ctx))
	}
	if h.reloading != nil {
		running.Go(func() { h.reloading.run(ctx) })
	}
	return h.app.Serve(ctx, &h.Stage)
}

// keys sets the first ticket key at once and returns the rotation: a new key every h.Settings.Rotate, the one before still
// accepted. Without rotation one key serves for life.
func (h *house) keys(ctx context.Context) func() {
	current := ticketKey()
	h.Config.SetSessionTicketKeys([][32]byte{current})
	return func() {
		if h.Settings.Rotate <= 0 {
			return
		}
		ticker := time.NewTicker(h.Settings.Rotate)
		defer ticker.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
				previous := current
				current = ticketKey()
				h.Config.SetSessionTicketKeys([][32]byte{current, previous})
			}
		}
	}
}

func ticketKey() (key [32]byte) {
	rand.Read(key[:])
	return key
}
