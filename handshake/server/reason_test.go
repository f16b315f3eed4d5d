package server

import (
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
	"time"
)

func TestReason(t *testing.T) {
	unverified := func(err error) error { return &tls.CertificateVerificationError{Err: err} }
	addressed := func(op string, err error) error {
		return &net.OpError{Op: op, Net: "tcp", Addr: &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 4433}, Err: err}
	}
	for _, test := range []struct {
		err  error
		want string
	}{
		{io.EOF, "EOF"},
		{addressed("read", os.ErrDeadlineExceeded), "timeout"},
		{addressed("remote error", tls.AlertError(42)), "remote error: tls: bad certificate"},
		{addressed("read", os.NewSyscallError("read", syscall.ECONNRESET)), "connection reset by peer"},
		{unverified(x509.UnknownAuthorityError{}), "tls: client certificate: unknown authority"},
		{unverified(x509.CertificateInvalidError{Reason: x509.Expired, Detail: "current time 2026-01-02T03:04:05Z is after 2025-01-01T00:00:00Z"}),
			"tls: client certificate: expired or not yet valid"},
		{unverified(x509.CertificateInvalidError{Reason: x509.IncompatibleUsage}), "tls: client certificate: not for a client"},
		{unverified(x509.CertificateInvalidError{Reason: x509.CANotAuthorizedForThisName, Detail: "alice.example.test"}),
			"tls: client certificate: invalid"},
		{errors.New(`tls: failed to parse client certificate: x509: cannot parse dnsName "alice.example.test"`),
			"tls: failed to parse client certificate"},
		{errors.New(strings.Repeat("x", 1<<16)), strings.Repeat("x", maxReasonBytes)},
	} {
		if got := Reason(test.err); got != test.want {
			t.Errorf("%.200v:\ngot  %.200s\nwant %.200s", test.err, got, test.want)
		}
	}
}

// A certificate that has expired, as a real client presents it: what crypto/x509 says of it holds the time of day.
func TestReasonOfExpiredClient(t *testing.T) {
	f := setup(t)
	f.settings.Mutual = true
	lapsed := authority(t, time.Now().AddDate(-1, 0, 0))
	f.settings.ClientCAs, f.client.Certificates = lapsed.Roots(), clientPair(t, lapsed)
	c := start(t, f.settings)
	c.do("begin")
	if err := c.shake(f.client); err == nil {
		t.Error("an expired client was confirmed")
	}
	if l := c.do("end").Report.Ledger; l.Reasons["tls: client certificate: expired or not yet valid"] != 1 {
		t.Errorf("reasons: %v", l.Reasons)
	}
}

func TestReasonsAreBounded(t *testing.T) {
	l := NewLedger()
	for i := range 3 * maxReasons {
		l.Accept()
		l.Reject(fmt.Sprint("reason ", i))
	}
	l.Accept()
	l.Reject("reason 0")
	got := l.books
	if got.Rejected != 3*maxReasons+1 || len(got.Reasons) != maxReasons+1 || got.Reasons["reason 0"] != 2 || got.Reasons["other"] != 2*maxReasons {
		t.Errorf("%d rejected, %d reasons, reason 0 %d times, other %d times",
			got.Rejected, len(got.Reasons), got.Reasons["reason 0"], got.Reasons["other"])
	}
}
