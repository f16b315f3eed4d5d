package gateway

import (
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
	"github.com/tlslab/tlslab/handshake/server"
)

// sealsTokens says why quic-go cannot serve in this build; nil: it can. At the end of every handshake it seals an address
// token (RFC 9000, section 8.1.3) by cipher.NewGCMWithRandomNonce, which does not take the blocks of BoringCrypto: without
// a token the connection fails.
func sealsTokens() error {
	block, err := aes.NewCipher(make([]byte, 32))
	if err == nil {
		_, err = cipher.NewGCMWithRandomNonce(block)
	}
	if err != nil {
		return fmt.Errorf("no HTTP/3 in this build: quic-go cannot seal a token: %w", err)
	}
	return nil
}

// serveQUIC serves HTTP/3 until ctx ends.
func (g *Gateway) serveQUIC(ctx context.Context) error {
	transport := &quic.Transport{Conn: g.UDP, ConnContext: g.attempt}
	defer transport.Close()
	listener, err := transport.ListenEarly(http3.ConfigureTLSConfig(g.config), &quic.Config{
		Allow0RTT:            true,
		HandshakeIdleTimeout: requestTimeout / 2, // the whole handshake may take twice as long
		MaxIdleTimeout:       idleTimeout,
	})
	if err != nil {
		return fmt.Errorf("listen for QUIC: %w", err)
	}
	h := &http3.Server{Handler: g.answers(), ConnContext: g.established, IdleTimeout: idleTimeout}
	served := make(chan error, 1)
	go func() { served <- h.ServeListener(listener) }()
	select {
	case <-ctx.Done():
		listener.Close()
		<-served
		err = nil
	case err = <-served:
		listener.Close()
	}
	h.Close() // after the last connection was accepted: it waits for those that are there
	if err != nil {
		return fmt.Errorf("serve QUIC: %w", err)
	}
	return nil
}

// attempt is called for every first packet that begins a connection. The end of ctx is the end of the connection, of
// a failed handshake too, and its cause says why.
func (g *Gateway) attempt(ctx context.Context, _ *quic.ClientInfo) (context.Context, error) {
	v := &visit{}
	g.begin()
	context.AfterFunc(ctx, func() { g.departed(v, context.Cause(ctx)) })
	return v.on(ctx), nil
}

// established is called when the server's flight is sent. What the client sends may be early data until its Finished
// has come.
func (g *Gateway) established(ctx context.Context, conn *quic.Conn) context.Context {
	v := visitOf(ctx)
	v.quic.Store(conn)
	if g.slots != nil {
		go func() {
			select {
			case <-conn.HandshakeComplete():
			case <-ctx.Done():
			}
			g.leave(v)
		}()
	}
	return ctx
}

func (g *Gateway) departed(v *visit, cause error) {
	var state tls.ConnectionState
	var early bool
	if conn := v.quic.Load(); conn != nil {
		s := conn.ConnectionState()
		state, early = s.TLS, s.Used0RTT
	}
	g.end(v, state, early, quicReason(cause))
}

const closedByApplication = "quic: closed by the application"

// quicReason is why a QUIC connection ended, in few and stable words: none that a peer can choose.
func quicReason(err error) string {
	var transport *quic.TransportError
	var application *quic.ApplicationError
	switch {
	case err == nil:
		return unanswered
	case errors.As(err, &application):
		return closedByApplication
	case !errors.As(err, &transport):
		return server.Reason(err)
	case transport.ErrorCode == quic.ApplicationErrorErrorCode: // before the handshake was over: RFC 9000, section 10.2.3
		return closedByApplication
	case transport.ErrorCode.IsCryptoError() && transport.Remote:
		return "remote error: " + tls.AlertError(transport.ErrorCode-0x100).Error()
	case transport.ErrorCode.IsCryptoError():
		text := server.Reason(err)
		if _, inner, ok := strings.Cut(text, "(local): "); ok {
			text = inner
		}
		return text
	}
	return "quic: " + transport.ErrorCode.String()
}
