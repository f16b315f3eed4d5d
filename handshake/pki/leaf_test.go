package pki_test

import (
	"bytes"
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/pki"
)

var both = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}

func TestLeafAsRequested(t *testing.T) {
	a := authority(t, handshake.ECDSAP256)
	from := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	leaf := keyPair(t)(a.Leaf(pki.Request{
		Names: []string{"edge.example.test"}, Usage: both, Serial: 1<<64 - 1, Signature: handshake.Ed25519,
		NotBefore: from, NotAfter: from.Add(time.Minute),
	})).Leaf
	if !leaf.SerialNumber.IsUint64() || leaf.SerialNumber.Uint64() != 1<<64-1 {
		t.Errorf("serial number: got %v", leaf.SerialNumber)
	}
	if !leaf.NotBefore.Equal(from) || !leaf.NotAfter.Equal(from.Add(time.Minute)) {
		t.Errorf("valid from %v to %v", leaf.NotBefore, leaf.NotAfter)
	}
	if !slices.Equal(leaf.ExtKeyUsage, both) || handshake.SignatureOf(leaf) != handshake.Ed25519 {
		t.Errorf("usage %v, %v", leaf.ExtKeyUsage, handshake.SignatureOf(leaf))
	}
}

func TestLeafRenewed(t *testing.T) {
	for _, sig := range schemes {
		a := authority(t, sig)
		request := pki.Request{Names: []string{"edge.example.test"}, Usage: both, Serial: 2}
		old, err := a.Leaf(request)
		if err != nil {
			t.Fatal(err)
		}
		request.Serial, request.Key = 3, old.Key
		renewed, err := a.Leaf(request)
		if err != nil {
			t.Fatal(err)
		}
		keyPair(t)(renewed, nil)
		if !bytes.Equal(renewed.Key, old.Key) || bytes.Equal(renewed.Certificate, old.Certificate) {
			t.Errorf("%v: a renewal has another key, or the same leaf", sig)
		}
	}
}

func TestLeafRefused(t *testing.T) {
	a := authority(t, handshake.ECDSAP256)
	names := []string{"edge.example.test"}
	for name, r := range map[string]pki.Request{
		"no name":               {},
		"unknown scheme":        {Names: names, Signature: 0x0999},
		"key that is none":      {Names: names, Key: []byte("edge")},
		"certificate for a key": {Names: names, Key: a.Roots()},
	} {
		if pair, err := a.Leaf(r); err == nil || pair.Key != nil {
			t.Errorf("%s: got %v and a key of %d bytes", name, err, len(pair.Key))
		}
	}
}
