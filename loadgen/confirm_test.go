package loadgen

import (
	"bufio"
	"crypto/tls"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake"
)

func TestUnknownApp(t *testing.T) {
	job := serve(t, nil).job(handshake.Spec{}, 1, 1)
	job.App = "gopher"
	if _, err := NewStock(job); err == nil || !strings.Contains(err.Error(), "does not speak to the app gopher") {
		t.Errorf("got %v", err)
	}
}

// What a server answers decides, not that it answers.
func TestConfirmationByHTTP(t *testing.T) {
	answer := func(status string) func(*tls.Conn) error {
		return func(c *tls.Conn) error {
			if _, err := http.ReadRequest(bufio.NewReader(c)); err != nil {
				return err
			}
			_, err := io.WriteString(c, "HTTP/1.1 "+status+"\r\n\r\n")
			return err
		}
	}
	for status, want := range map[string]string{
		"204 No Content": "",
		"200 OK":         "unconfirmed: http/1.1: another status than 204",
		"nonsense":       "unconfirmed: http/1.1: malformed answer",
	} {
		server := serve(t, nil)
		server.confirm = answer(status)
		job := server.job(handshake.Spec{}, 2, 10)
		job.App = "gateway"
		r := drive(t, job)
		if want == "" && r.Ledger.Confirmed != 10 || want != "" && r.Ledger.Errors[want] != 10 {
			t.Errorf("%s: got %+v, want %q", status, r.Ledger, want)
		}
	}
}
