package server

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/tls"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/accel/p384"
)

// signer is the lab's signer in the place of the certificate's key.
type signer struct {
	*p384.Signer
	path   p384.Path
	why    string
	before p384.Stats // when the stretch began
}

// accelerate puts the signer that the settings ask for in the place of the key; nil: crypto/tls signs by itself. With
// auto that is so for a key that is not of P-384, and where no path runs here.
func (s Settings) accelerate(config *tls.Config) (*signer, error) {
	if s.Accel == "" || s.Accel == string(p384.Std) {
		return nil, nil
	}
	pair := &config.Certificates[0]
	key, ok := pair.PrivateKey.(*ecdsa.PrivateKey)
	if ok = ok && key.Curve == elliptic.P384(); !ok && s.Accel == "auto" {
		return nil, nil
	} else if !ok {
		return nil, fmt.Errorf("accel %s: the certificate's key is not of P-384", s.Accel)
	}
	chosen := &signer{path: p384.Path(s.Accel), why: "asked for by name"}
	if s.Accel == "auto" {
		if chosen.path, chosen.why = fastest(); chosen.path == p384.Std {
			return chosen, nil
		}
	}
	var err error
	if chosen.Signer, err = p384.NewSigner(key, chosen.path, p384.Options{}); err != nil {
		return nil, fmt.Errorf("accel %s: %w", s.Accel, err)
	}
	pair.PrivateKey = chosen.Signer
	return chosen, nil
}

// fastest is the first path that nothing refuses, and what refused those before it.
func fastest() (path p384.Path, why string) {
	why = "the fastest that runs here"
	for _, s := range p384.Paths() {
		if s.Refused == "" {
			return s.Path, why
		}
		why += fmt.Sprintf("; not %s: %s", s.Path, s.Refused)
	}
	return p384.Std, why
}

func (s *signer) identity() (path, why string) {
	if s == nil {
		return "", ""
	}
	return string(s.path), s.why
}

func (s *signer) begin() {
	if s != nil && s.Signer != nil {
		s.before = s.Stats()
	}
}

// end is what the signer did since begin.
func (s *signer) end() *Signer {
	if s == nil || s.Signer == nil {
		return nil
	}
	now, before := s.Stats(), s.before
	return &Signer{
		Path:       string(s.path),
		Signatures: now.Signatures - before.Signatures,
		Batches:    now.Batches - before.Batches,
		Fill:       since(now.Fill[:], before.Fill[:]),
		Waits:      since(now.Waits[:], before.Waits[:]),
		Kernel:     time.Duration(now.KernelNanos - before.KernelNanos),
		Single:     now.Single - before.Single,
		Fallbacks:  more(now.Fallbacks, before.Fallbacks),
		Verified:   now.Verified - before.Verified,
	}
}

func since(now, before []uint64) []uint64 {
	gain := make([]uint64, len(now))
	for i := range now {
		gain[i] = now[i] - before[i]
	}
	return gain
}
