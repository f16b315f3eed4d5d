package loadgen

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/tlslab/tlslab/handshake"
)

func TestReason(t *testing.T) {
	address := &net.TCPAddr{IP: net.IPv4(127, 0, 0, 9), Port: 4433}
	dial := func(err error) error {
		return &net.OpError{Op: "dial", Net: "tcp", Source: address, Addr: address, Err: err}
	}
	read := func(err error) error {
		return &net.OpError{Op: "read", Net: "tcp", Source: address, Addr: address, Err: os.NewSyscallError("read", err)}
	}
	unverified := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	alert := &net.OpError{Op: "remote error", Err: errors.New("tls: certificate required")}
	var connecting, shaking, waiting, done handshake.Observation
	shaking.Connected = 1
	waiting.Connected, waiting.Complete = 1, 1
	done.Connected, done.Complete, done.Confirmed = 1, 1, 1
	for _, tc := range []struct {
		o    handshake.Observation
		err  error
		want string
	}{
		{connecting, dial(os.NewSyscallError("connect", syscall.ECONNREFUSED)), "connect: " + syscall.ECONNREFUSED.Error()},
		{connecting, dial(context.DeadlineExceeded), "connect: timeout"},
		{connecting, dial(syscall.ETIMEDOUT), "connect: timeout"},
		{connecting, context.Canceled, "connect: canceled"},
		{shaking, alert, "handshake: remote error: tls: certificate required"},
		{shaking, read(os.ErrDeadlineExceeded), "handshake: timeout"},
		{shaking, read(syscall.ECONNRESET), "handshake: " + syscall.ECONNRESET.Error()},
		{shaking, io.EOF, "handshake: connection closed"},
		{shaking, fmt.Errorf("outer 127.0.0.1: %w", errors.New("tls: odd")), "handshake: tls: odd"},
		{shaking, unverified(x509.UnknownAuthorityError{}), "handshake: tls: server certificate: unknown authority"},
		{shaking, unverified(x509.HostnameError{Certificate: &x509.Certificate{}, Host: "127.0.0.1"}), "handshake: tls: server certificate: other name"},
		{shaking, unverified(x509.CertificateInvalidError{Reason: x509.Expired}), "handshake: tls: server certificate: expired or not yet valid"},
		{shaking, unverified(x509.CertificateInvalidError{Reason: x509.NameMismatch}), "handshake: tls: server certificate: invalid"},
		{waiting, alert, "unconfirmed: tls: certificate required"},
		{waiting, io.ErrUnexpectedEOF, "unconfirmed: connection closed"},
		{waiting, nil, "unconfirmed: no reason given"},
		{done, &handshake.Mismatch{Property: "kind", Asked: "resumed", Got: "full"}, "mismatch: kind"},
		{done, errors.New("odd"), "confirmed: odd"},
	} {
		got := Reason(&tc.o, tc.err)
		if got != tc.want {
			t.Errorf("%v: got %q, want %q", tc.err, got, tc.want)
		}
		if strings.Contains(got, "127.") || strings.Contains(got, "4433") {
			t.Errorf("%q holds an address", got)
		}
	}
}
