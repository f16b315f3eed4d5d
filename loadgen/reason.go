package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"

	"github.com/tlslab/tlslab/handshake"
)

// Reason is a short and stable text for a handshake that went wrong: how far it came, then why. It holds no address,
// port or time, so that there are few reasons and a ledger can be published.
func Reason(o *handshake.Observation, err error) string {
	var mismatch *handshake.Mismatch
	switch {
	case errors.As(err, &mismatch):
		return "mismatch: " + mismatch.Property
	case o.Connected == 0:
		return "connect: " + cause(err)
	case o.Complete == 0:
		return "handshake: " + cause(err)
	case o.Confirmed == 0:
		return "unconfirmed: " + strings.TrimPrefix(cause(err), "remote error: ")
	}
	return "confirmed: " + cause(err)
}

func cause(err error) string {
	var errno syscall.Errno
	var op *net.OpError
	var unverified *tls.CertificateVerificationError
	switch {
	case err == nil:
		return "no reason given"
	case timedOut(err):
		return "timeout"
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "connection closed"
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &unverified):
		return "tls: server certificate: " + unverifiedBy(unverified.Err)
	case errors.As(err, &op) && op.Op == "remote error":
		return "remote error: " + innermost(err).Error()
	}
	return innermost(err).Error()
}

func timedOut(err error) bool {
	var timeout interface{ Timeout() bool }
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &timeout) && timeout.Timeout()
}

// unverifiedBy names a verification error; its own text may hold names and the time of day.
func unverifiedBy(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "unknown authority"
	case errors.As(err, new(x509.HostnameError)):
		return "other name"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "expired or not yet valid"
	}
	return "invalid"
}

func innermost(err error) error {
	for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(err) {
		err = inner
	}
	return err
}
