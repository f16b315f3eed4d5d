package counted

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
)

// client makes handshakes with the settings of [loadgen.Stock]. It is its configuration's [tls.ClientSessionCache].
type client struct {
	wire      *wire
	spec      handshake.Spec
	config    *tls.Config
	session   *tls.ClientSessionState // the newest; nil: none
	presented bool                    // a certificate, in the handshake that the session stems from
}

func newClient(w *wire, job loadgen.Job) (*client, error) {
	c := &client{wire: w, spec: job.Spec}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(job.Roots) {
		return nil, errors.New("no certificate authority to verify the server with")
	}
	c.config = &tls.Config{
		RootCAs:    roots,
		ServerName: job.ServerName,
		MinVersion: tls.VersionTLS13,
		MaxVersion: tls.VersionTLS13,
	}
	if job.Spec.Group != 0 {
		c.config.CurvePreferences = []tls.CurveID{tls.CurveID(job.Spec.Group)}
	}
	if job.Spec.ALPN != "" {
		c.config.NextProtos = []string{job.Spec.ALPN}
	}
	if job.Spec.Kind == handshake.Resumed {
		c.config.ClientSessionCache = c
	}
	return c, errors.Join(c.identify(job), c.pin(job.Spec.Suite))
}

// identify gives the client its certificate, if it has one.
func (c *client) identify(job loadgen.Job) error {
	if len(job.Certificate) == 0 {
		return nil
	}
	own, err := tls.X509KeyPair(job.Certificate, job.Key)
	if err != nil {
		return fmt.Errorf("client certificate: %w", err)
	}
	c.config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		c.presented = true
		return &own, nil
	}
	return nil
}

func (c *client) pin(suite handshake.Suite) error {
	if suite == 0 {
		return nil
	}
	return loadgen.PinSuite(suite)
}

// run makes a full handshake and n more, which are what was asked.
func (c *client) run(n int) (confirmed uint64, err error) {
	first := c.spec
	first.Kind = handshake.Full
	if err := c.dial(first); err != nil {
		return 0, fmt.Errorf("first handshake: %w", err)
	}
	for i := range n {
		if err := c.dial(c.spec); err != nil {
			return uint64(i) + 1, fmt.Errorf("handshake %d: %w", i+1, err)
		}
	}
	return uint64(n) + 1, nil
}

// dial makes one handshake and reads the confirming byte, and with it the ticket before it.
func (c *client) dial(asked handshake.Spec) error {
	client := tls.Client(conn{c.wire, c.wire.end}, c.config)
	if asked.Kind == handshake.Full {
		c.presented = false
	}
	if err := client.Handshake(); err != nil {
		return err
	}
	var word [1]byte
	if _, err := io.ReadFull(client, word[:]); err != nil {
		return err
	}
	if word[0] != handshake.Confirmation {
		return errors.New("wrong confirming byte")
	}
	if err := c.wire.end(); err != nil {
		return err
	}
	return asked.Check(handshake.ClientOutcome(client.ConnectionState(), c.presented))
}

// Get takes the newest ticket, which is used once (RFC 8446, section C.4).
func (c *client) Get(string) (*tls.ClientSessionState, bool) {
	session := c.session
	c.session = nil
	return session, session != nil
}

// Put keeps the newest ticket. A nil session only says that a ticket, used up already, was no good.
func (c *client) Put(_ string, session *tls.ClientSessionState) {
	if session != nil {
		c.session = session
	}
}
