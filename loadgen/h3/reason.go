package h3

import (
	"context"
	"crypto/tls"
	"errors"
	"net"

	"github.com/quic-go/quic-go"
)

var (
	errClosed  = errors.New("quic: closed by the server")
	errRefused = errors.New("quic: connection refused")
)

// plain is an error of QUIC in the words that [loadgen.Reason] knows: none that a peer can choose.
func plain(ctx context.Context, err error) error {
	var transport *quic.TransportError
	var application *quic.ApplicationError
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case errors.As(err, &application):
		return errClosed
	case !errors.As(err, &transport):
		return err
	case transport.ErrorCode == quic.ApplicationErrorErrorCode: // before the handshake was over: RFC 9000, section 10.2.3
		return errClosed
	case transport.ErrorCode == quic.ConnectionRefused:
		return errRefused
	case transport.ErrorCode.IsCryptoError() && transport.Remote:
		return &net.OpError{Op: "remote error", Err: tls.AlertError(transport.ErrorCode - 0x100)}
	case transport.ErrorCode.IsCryptoError():
		var unverified *tls.CertificateVerificationError
		if errors.As(err, &unverified) {
			return unverified
		}
		return tls.AlertError(transport.ErrorCode - 0x100)
	}
	return errors.New("quic: " + transport.ErrorCode.String())
}
