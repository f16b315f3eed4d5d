package reload

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"time"
)

// Load reads the files, one after the other.
func (f Files) Load() (p Pair, err error) {
	if p.Certificate, err = os.ReadFile(f.Certificate); err != nil {
		return Pair{}, err
	}
	if p.Key, err = os.ReadFile(f.Key); err != nil {
		return Pair{}, err
	}
	if f.Authorities != "" {
		p.Authorities, err = os.ReadFile(f.Authorities)
	}
	return p, err
}

// Identity believes whatever crypto/tls.X509KeyPair and x509.CertPool.AppendCertsFromPEM believe, as most programs do:
// a chain that was cut off between two certificates passes, and so does one that has expired.
func (p Pair) Identity() (*Identity, error) {
	pair, err := tls.X509KeyPair(p.Certificate, p.Key)
	if err != nil {
		return nil, err
	}
	if pair.Leaf == nil { // GODEBUG=x509keypairleaf=0
		if pair.Leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return nil, err
		}
	}
	id := &Identity{Generation: generation(pair.Leaf), Certificate: &pair, Loaded: time.Now()}
	if p.Authorities != nil {
		id.Authorities, id.Trusted = x509.NewCertPool(), blocks(p.Authorities)
		if !id.Authorities.AppendCertsFromPEM(p.Authorities) {
			return nil, errors.New("no certificate authority in the file of authorities")
		}
	}
	return id, nil
}

func generation(leaf *x509.Certificate) uint64 {
	if leaf.SerialNumber.IsUint64() {
		return leaf.SerialNumber.Uint64()
	}
	return 0
}

// blocks counts the certificates of a PEM text.
func blocks(text []byte) (n int) {
	for b, rest := pem.Decode(text); b != nil; b, rest = pem.Decode(rest) {
		if b.Type == "CERTIFICATE" {
			n++
		}
	}
	return n
}

// Open opens a strategy, which reads the files for the first time: a server that has no certificate does not start.
func Open(o Options) (Strategy, error) {
	open, ok := strategies[o.Strategy]
	if !ok {
		return nil, fmt.Errorf("unknown reload strategy %q", o.Strategy)
	}
	return open(o)
}

var strategies = map[string]func(Options) (Strategy, error){
	Static:           openStatic,
	NotifyDescribed:  openNotifyDescribed,
	NotifyShipped:    openNotifyShipped,
	PollDescribed:    openPollDescribed,
	PollShipped:      openPollShipped,
	CommandBoot:      openCommandBoot,
	CommandUnchecked: openCommandUnchecked,
	CommandCommitted: openCommitted,
	Reference:        openReference,
}
