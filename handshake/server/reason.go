package server

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"strings"
	"syscall"
)

const (
	maxReasons     = 64  // distinct ones of a stretch; further ones count as otherReasons
	maxReasonBytes = 120 // a client can make crypto/tls quote much of its hello
	otherReasons   = "other"
)

// Reason is a rejection in few and stable words. They hold no address, name or time of day, so that a ledger can be
// published.
func Reason(err error) string {
	var timeout net.Error
	var unverified *tls.CertificateVerificationError
	var errno syscall.Errno
	var op *net.OpError
	var path *fs.PathError
	switch {
	case errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &unverified):
		return "tls: client certificate: " + unverifiedBy(unverified.Err)
	case errors.As(err, &errno):
		return errno.Error()
	case errors.As(err, &op) && op.Err != nil:
		return op.Op + ": " + op.Err.Error()
	case errors.As(err, &path):
		return path.Op + ": " + path.Err.Error()
	}
	text, _, _ := strings.Cut(err.Error(), ": x509: ") // of a certificate that cannot be parsed, with what it says
	return text[:min(len(text), maxReasonBytes)]
}

// unverifiedBy names a verification error; its own text may hold names and the time of day.
func unverifiedBy(err error) string {
	var invalid x509.CertificateInvalidError
	switch {
	case errors.As(err, new(x509.UnknownAuthorityError)):
		return "unknown authority"
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "expired or not yet valid"
	case errors.As(err, &invalid) && invalid.Reason == x509.IncompatibleUsage:
		return "not for a client"
	}
	return "invalid"
}
