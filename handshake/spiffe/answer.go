package spiffe

import (
	"bytes"
	"crypto/x509"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// federates says whether one of the caller's entries federates with a domain.
func (v *view) federates(domain string) bool {
	return slices.ContainsFunc(v.entries, func(e Entry) bool {
		return e.Federates == nil || slices.Contains(e.Federates, domain)
	})
}

// identities is all that the caller is entitled to, in the order of the entries.
func (v *view) identities() (*workload.X509SVIDResponse, error) {
	answer := &workload.X509SVIDResponse{FederatedBundles: map[string][]byte{}}
	for _, b := range v.federated {
		answer.FederatedBundles[b.TrustDomain().IDString()] = authorities(b)
	}
	if v.fault == Empty {
		return answer, nil
	}
	if v.fault == TwoSVIDs {
		decoy, err := v.another(v.agent.options.Domain, "/decoy")
		if err != nil {
			return nil, err
		}
		answer.Svids = append(answer.Svids, decoy)
	}
	for i, e := range v.entries {
		m, err := v.identity(i, e.Path)
		if err != nil {
			return nil, err
		}
		answer.Svids = append(answer.Svids, m)
	}
	return answer, nil
}

func (v *view) identity(i int, path string) (*workload.X509SVID, error) {
	switch v.fault {
	case ForeignDomain:
		return v.another(v.agent.stranger, path)
	case NoBundle:
		return message(v.held[i].svid, nil)
	}
	v.pushes = append(v.pushes, v.held[i].push)
	return message(v.held[i].svid, authorities(v.own))
}

// another is an identity of a domain, made for this answer.
func (v *view) another(d *Domain, path string) (*workload.X509SVID, error) {
	now := time.Now()
	svid, err := d.SVID(path, 1, now, now.Add(time.Hour))
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return message(svid, authorities(d.Bundle()))
}

func message(svid *x509svid.SVID, bundle []byte) (*workload.X509SVID, error) {
	chain, key, err := svid.MarshalRaw()
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &workload.X509SVID{SpiffeId: svid.ID.String(), X509Svid: chain, X509SvidKey: key, Bundle: bundle, Hint: svid.Hint}, nil
}

// authorities is the certificates of a bundle, one after the other, DER.
func authorities(b *spiffebundle.Bundle) []byte { return concat(b.X509Authorities()) }

func concat(certificates []*x509.Certificate) []byte {
	var all bytes.Buffer
	for _, c := range certificates {
		all.Write(c.Raw)
	}
	return all.Bytes()
}

func (v *view) x509Bundles() (*workload.X509BundlesResponse, error) {
	answer := &workload.X509BundlesResponse{Bundles: map[string][]byte{}}
	for _, b := range v.bundles() {
		answer.Bundles[b.TrustDomain().IDString()] = authorities(b)
	}
	return answer, nil
}

func (v *view) jwtBundles() (*workload.JWTBundlesResponse, error) {
	answer := &workload.JWTBundlesResponse{Bundles: map[string][]byte{}}
	for _, b := range v.bundles() {
		document, err := b.JWTBundle().Marshal()
		if err != nil {
			return nil, status.Error(codes.Internal, err.Error())
		}
		answer.Bundles[b.TrustDomain().IDString()] = document
	}
	return answer, nil
}

// bundles is the own one, unless that is missing, and the foreign ones.
func (v *view) bundles() []*spiffebundle.Bundle {
	if v.fault == NoBundle {
		return v.federated
	}
	return append([]*spiffebundle.Bundle{v.own}, v.federated...)
}
