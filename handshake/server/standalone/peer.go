package standalone

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
)

// dialPeer connects to the peer again and again until ctx ends, each time with the certificate and the trust of that
// moment, in a full handshake.
func (s *server) dialPeer(ctx context.Context) error {
	name, _, err := net.SplitHostPort(s.Peer)
	if err != nil {
		return fmt.Errorf("peer: %w", err)
	}
	config := &tls.Config{MinVersion: tls.VersionTLS13, ServerName: name}
	reload.ApplyClient(config, s.strategy)
	ticker := time.NewTicker(cmp.Or(s.PeerEvery, time.Second))
	defer ticker.Stop()
	for {
		err := touch(ctx, s.Peer, config)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			s.undialled.Add(1)
		default:
			s.dialled.Add(1)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// touch dials and waits for the byte that says that the peer has believed the certificate.
func touch(ctx context.Context, address string, config *tls.Config) error {
	ctx, cancel := context.WithTimeout(ctx, handshakeTimeout)
	defer cancel()
	conn, err := (&tls.Dialer{Config: config}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	_, err = conn.Read(make([]byte, 1))
	return err
}
