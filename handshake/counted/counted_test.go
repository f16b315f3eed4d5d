package counted

import (
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
)

// orders are those of the two sides for a spec.
func orders(t *testing.T, spec handshake.Spec) (Order, Order) {
	t.Helper()
	const name = "edge.example.test"
	authority, err := pki.New(time.Now(), spec.Signature)
	if err != nil {
		t.Fatal(err)
	}
	own, err := authority.Server(name)
	if err != nil {
		t.Fatal(err)
	}
	clients, err := authority.Client("client.example.test")
	if err != nil {
		t.Fatal(err)
	}
	settings := server.Settings{
		App: "plain", Certificate: own.Certificate, Key: own.Key, Mutual: spec.Mutual, ClientCAs: authority.Roots(), Tickets: true,
	}
	if spec.ALPN != "" {
		settings.ALPN = []string{spec.ALPN}
	}
	job := loadgen.Job{ServerName: name, Roots: authority.Roots(), Spec: spec}
	if spec.Mutual {
		job.Certificate, job.Key = clients.Certificate, clients.Key
	}
	return Order{Server: &settings}, Order{Client: &job, Handshakes: 2}
}

// inProcess carries out both orders in this process.
func inProcess(t *testing.T, atServer, atClient Order) (Report, Report) {
	t.Helper()
	ends := streams(t)
	served := make(chan Report)
	go func() { served <- Run(t.Context(), ends[0], atServer) }()
	client := Run(t.Context(), ends[1], atClient)
	return <-served, client
}

// streams are the ends of a socket pair, as the lab makes one.
func streams(t *testing.T) (ends [2]*os.File) {
	t.Helper()
	both, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	for i, end := range both {
		unix.CloseOnExec(end)
		ends[i] = os.NewFile(uintptr(end), "stream")
	}
	return ends
}

func TestRun(t *testing.T) {
	const (
		full, resumed = handshake.Full, handshake.Resumed
		p256, p384    = handshake.ECDSAP256, handshake.ECDSAP384
	)
	for _, spec := range []handshake.Spec{
		{Kind: full, Group: handshake.X25519, Signature: p256},
		{Kind: resumed, Group: handshake.X25519, Signature: p256},
		{Kind: full, Group: handshake.X25519MLKEM768, Signature: p384},
		{Kind: full, Group: handshake.P384, Signature: p384, Mutual: true},
		{Kind: resumed, Group: handshake.P256, Signature: p256, Mutual: true},
		{Kind: full, Group: handshake.P256, Signature: handshake.Ed25519, ALPN: "h2"},
		{Kind: full, Group: handshake.P256, Signature: handshake.RSAPSS2048},
	} {
		atServer, atClient := orders(t, spec)
		server, client := inProcess(t, atServer, atClient)
		for side, r := range map[string]Report{"server": server, "client": client} {
			if r.Error != "" || r.Handshakes != 3 || r.Sent < 3*200 {
				t.Errorf("%v: %s: %+v", spec, side, r)
			}
		}
	}
}

// A handshake that is not the one that was asked for is not counted as one that is.
func TestRunFails(t *testing.T) {
	spec := handshake.Spec{Group: handshake.P256, Signature: handshake.ECDSAP256}
	for _, test := range []struct {
		name           string
		change         func(atServer, atClient *Order)
		server, client string // what their errors say
	}{
		{"no certificate to present", func(s, _ *Order) { s.Server.Mutual = true }, "rejected 1 handshakes", "certificate required"},
		{"unknown authority", func(s, c *Order) {
			_, other := orders(t, spec)
			c.Client.Roots = other.Client.Roots
		}, "rejected 1 handshakes", "unknown authority"},
		{"no tickets", func(s, c *Order) { s.Server.Tickets, c.Client.Spec.Kind = false, handshake.Resumed }, "", "asked for kind resumed, got full"},
		{"no roots", func(_, c *Order) { c.Client.Roots = nil }, "", "no certificate authority"},
		{"unknown app", func(s, c *Order) { s.Server.App = "none" }, `unknown app "none"`, "first handshake"},
		{"nothing to do", func(s, c *Order) { s.Server = nil }, "an order is for", "first handshake"},
	} {
		t.Run(test.name, func(t *testing.T) {
			atServer, atClient := orders(t, spec)
			test.change(&atServer, &atClient)
			server, client := inProcess(t, atServer, atClient)
			if !strings.Contains(server.Error, test.server) || (test.server == "") != (server.Error == "") {
				t.Errorf("server: got %q, want %q", server.Error, test.server)
			}
			if !strings.Contains(client.Error, test.client) {
				t.Errorf("client: got %q, want %q", client.Error, test.client)
			}
		})
	}
}
