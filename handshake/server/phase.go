package server

import (
	"context"
	"crypto"
	"crypto/tls"
	"io"
	"net"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
)

// phase is a part of a handshake as the callbacks of crypto/tls let it be seen from outside.
type phase uint8

const (
	clientHello  phase = iota // the ClientHello is awaited and parsed
	negotiate                 // parameters and the key share; after a HelloRetryRequest the second ClientHello too
	resume                    // a ticket was accepted: all the rest of a resumed handshake
	certificate               // the certificate is chosen, keys are derived, ServerHello to Certificate are made
	sign                      // CertificateVerify is signed
	finish                    // the server's flight is sent and the client's answer awaited and verified
	confirmation              // the handshake is over and the confirming byte is sent
	phases       = 7
)

// kind is whether the handshake is full or resumed, as far as it is known yet.
type kind uint8

const (
	unknown kind = iota
	full
	resumed
	kinds = 3
)

var (
	phaseNames = [phases]string{"client-hello", "negotiate", "resume", "certificate", "sign", "finish", "confirm"}
	kindNames  = [kinds]string{"unknown", "full", "resumed"}
	labels     = labelSets()
)

// labelSets makes every pair of labels once, so that setting them costs no allocation.
func labelSets() (sets [phases][kinds]context.Context) {
	for p := range sets {
		for k := range sets[p] {
			pair := pprof.Labels("tls_phase", phaseNames[p], "kind", kindNames[k])
			sets[p][k] = pprof.WithLabels(context.Background(), pair)
		}
	}
	return sets
}

// What the server writes into an execution trace: package results/exectrace reads it.
const (
	regionName  = "tls_handshake" // around tls.Conn.Handshake
	phaseMark   = "tls_phase"     // a phase begins
	portMark    = "tls_port"      // the peer's
	failedMark  = "tls_failed"
	stretchMark = "tls_stretch" // see [tracing]
)

// enter begins a phase of the handshake that this goroutine carries out: its CPU samples bear the labels from here
// on, and an execution trace that is being taken gets a mark.
func enter(p phase, k kind) {
	pprof.SetGoroutineLabels(labels[p][k])
	mark(phaseMark, phaseNames[p])
}

func mark(category, message string) {
	if trace.IsEnabled() {
		trace.Log(context.Background(), category, message)
	}
}

// EnterConfirmation ends the handshake of this goroutine: what it does from here on is not the handshake's.
func EnterConfirmation(didResume bool) {
	if didResume {
		enter(confirmation, resumed)
	} else {
		enter(confirmation, full)
	}
}

// shake carries out the handshake, and says in labels and in the execution trace that it does.
func shake(conn *tls.Conn) error {
	defer trace.StartRegion(context.Background(), regionName).End()
	if trace.IsEnabled() {
		mark(portMark, strconv.Itoa(int(port(conn.RemoteAddr()))))
	}
	enter(clientHello, unknown)
	err := conn.Handshake()
	if err != nil {
		mark(failedMark, "")
	}
	return err
}

// port is that of a TCP address; zero of another.
func port(a net.Addr) uint16 {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return uint16(tcp.Port)
	}
	return 0
}

// follow makes the handshakes of config enter their phases, and lets plants grow in them. It changes nothing that a
// client could see: the callbacks leave every decision to those that were there before, else to crypto/tls, unless a
// plant serves another certificate.
func follow(config *tls.Config, plants *plants) {
	configure, choose, unwrap := config.GetConfigForClient, config.GetCertificate, config.UnwrapSession
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		enter(negotiate, unknown)
		plants.hello(hello)
		if configure == nil {
			return nil, nil
		}
		return configure(hello)
	}
	config.GetCertificate = func(hello *tls.ClientHelloInfo) (served *tls.Certificate, err error) {
		enter(certificate, full)
		if choose != nil {
			served, err = choose(hello)
			served = dressed(served)
		}
		return plants.choice(hello, served), err
	}
	if unwrap == nil {
		unwrap = config.DecryptTicket
	}
	config.UnwrapSession = func(ticket []byte, state tls.ConnectionState) (*tls.SessionState, error) {
		session, err := unwrap(ticket, state)
		if session != nil {
			enter(resume, resumed)
		}
		return session, err
	}
	for i := range config.Certificates {
		phased(&config.Certificates[i])
		plants.serves = config.Certificates[i]
	}
}

// dressed is a certificate, the use of whose key is a phase of its own. That of a reload strategy is so already.
func dressed(c *tls.Certificate) *tls.Certificate {
	if c == nil {
		return nil
	}
	if _, is := c.PrivateKey.(phasedSigner); is {
		return c
	}
	own := *c
	phased(&own)
	return &own
}

// phased makes the use of a certificate's key a phase of its own.
func phased(c *tls.Certificate) {
	if key, ok := c.PrivateKey.(crypto.Signer); ok {
		c.PrivateKey = phasedSigner{key}
	}
}

// phasedSigner is a private key whose use is a phase of its own. crypto/tls asks a key for no more than
// [crypto.Signer], in FIPS mode and with BoringCrypto too; the key within decides how it signs.
type phasedSigner struct{ crypto.Signer }

func (s phasedSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	enter(sign, full)
	defer enter(finish, full)
	return s.Signer.Sign(random, digest, opts)
}
