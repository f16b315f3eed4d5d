package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server/gateway"
)

const helloTries = 10

func hellos() experiment.Experiment {
	return experiment.Experiment{
		Name:  "hellos",
		Title: "what becomes of unusual ClientHellos",
		Doc: "Ten clients each that name no server, offer no protocol or one that nobody knows, offer what the server does not " +
			"list, or mix up TCP and QUIC. One is accepted when the handshake is over and, over TCP, a request has been answered " +
			"after another one like it.",
		Takes: 2 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runHellos(ctx, helloTries)
		},
	}
}

// hello is one kind of ClientHello, for a gateway that lists some protocols over TCP.
type hello struct {
	name, doc string
	lists     []string
	client    *tls.Config
	quic      bool
}

func (m *memory) hellos() []hello {
	nameless := m.client("h2", "http/1.1")
	nameless.ServerName = "127.0.0.1" // verified as such, but an address is never sent (RFC 6066, section 3)
	both := []string{"h2", "http/1.1"}
	return []hello{
		{"no-sni", "no server is named; h2 and http/1.1 are offered", both, nameless, false},
		{"no-alpn", "no protocol is offered", both, m.client(), false},
		{"unknown-alpn", "a protocol is offered that nobody knows", both, m.client("lab/1"), false},
		{"h2-only-server-http11", "the server lists h2 alone, the client offers http/1.1 alone", []string{"h2"}, m.client("http/1.1"), false},
		{"h3-over-tcp", "h3 is offered over TCP to a server that lists it first", append([]string{"h3"}, both...), m.client("h3"), false},
		{"h3-over-tcp-unlisted", "h3 is offered over TCP to a server that lists h2 and http/1.1", both, m.client("h3"), false},
		{"quic-no-alpn", "no protocol is offered over QUIC", both, m.client(), true},
		{"quic-h2", "h2 is offered over QUIC", both, m.client("h2"), true},
	}
}

func runHellos(ctx context.Context, tries uint64) (arms []experiment.Arm, err error) {
	m, err := newMemory()
	if err != nil {
		return nil, err
	}
	for _, h := range m.hellos() {
		arm, err := h.ask(ctx, m, tries)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", h.name, err)
		}
		arms = append(arms, arm)
	}
	return arms, nil
}

// ask makes an arm.
func (h hello) ask(ctx context.Context, m *memory, tries uint64) (arm experiment.Arm, err error) {
	address, stop, err := serveGateway(m.server(h.lists...), gateway.Settings{})
	if err != nil {
		return arm, err
	}
	defer func() { err = errors.Join(err, stop()) }()
	arm = experiment.Arm{Name: h.name, Doc: h.doc}
	var accepted uint64
	seen := map[string]bool{}
	for range tries {
		if ctx.Err() != nil {
			return arm, context.Cause(ctx)
		}
		note, err := h.greet(ctx, address)
		if err != nil {
			note = "refused: " + err.Error()
		} else {
			accepted++
		}
		if !seen[note] {
			seen[note] = true
			arm.Notes = append(arm.Notes, note)
		}
	}
	arm.Measures = []experiment.Measure{
		experiment.Count("accepted", "handshakes", accepted, tries),
		experiment.Count("refused", "handshakes", tries-accepted, tries),
	}
	return arm, nil
}

// greet makes a handshake, then another one with a request, and says what was negotiated.
func (h hello) greet(ctx context.Context, address string) (string, error) {
	if h.quic {
		return greetQUIC(ctx, address, h.client)
	}
	conn, err := dial(address, h.client)
	if err != nil {
		return "", err
	}
	negotiated := conn.ConnectionState().NegotiatedProtocol
	reset(conn)
	major := 1
	if negotiated == "h2" {
		_, major, err = knock(ctx, address, h.client)
	} else {
		err = shakeHTTP(address, h.client)
	}
	if err != nil {
		return "", fmt.Errorf("negotiated %q, then %w", negotiated, err)
	}
	return fmt.Sprintf("negotiated %q, answered over HTTP/%d", negotiated, major), nil
}

func greetQUIC(ctx context.Context, address string, config *tls.Config) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := quic.DialAddr(ctx, address, config, nil)
	if err != nil {
		return "", err
	}
	defer conn.CloseWithError(0, "")
	return fmt.Sprintf("negotiated %q", conn.ConnectionState().TLS.NegotiatedProtocol), nil
}
