package scenarios

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/variant"
)

// What servers speak above TLS.
const (
	plain      = "plain"
	gateway    = "gateway"
	spiffegrpc = "spiffegrpc"
)

// Protocols by their names in ALPN.
const (
	http1 = "http/1.1"
	http2 = "h2"
	http3 = "h3"
)

func apps() []string { return []string{plain, gateway, spiffegrpc} }

// ownServer decodes a variant's own server settings, over those that it inherits. What its app has no use for is not
// inherited; where the variant says it, it is a mistake.
func (d *decoder) ownServer(n *yaml.Node, s *Server) {
	d.server(n, "a variant's server", s)
	for key, of := range ownSettings() {
		if given := under(n, key); given != nil && s.App != of {
			d.add(at(given), "set app: "+of, "a server of the app %s has no %q", s.App, key)
		}
	}
	if s.App != spiffegrpc {
		return
	}
	for key, forget := range map[string]func(){
		"alpn": func() { s.ALPN = nil }, "reload": func() { s.Reload = nil }, "accel": func() { s.Accel = "" },
	} {
		if under(n, key) == nil {
			forget()
		}
	}
}

// ownSettings are the keys of a server that are about one app.
func ownSettings() map[string]string {
	return map[string]string{"gateway": gateway, "spiffe": spiffegrpc}
}

// lintServer refuses settings of the scenario's server that are about an app of no variant.
func (d *decoder) lintServer(s *Scenario) {
	for key, of := range ownSettings() {
		place, given := s.serverKeys[key]
		if given && !slices.ContainsFunc(s.Variants, func(v Variant) bool { return v.Server.App == of }) {
			d.add(place, "set app: "+of, "no variant has the app %s, which %q is about", of, key)
		}
	}
}

// settle fills in what follows from apps, when variants and cells are known: the protocols that servers offer, and the
// cells of a scenario of gRPC alone.
func (s *Scenario) settle() {
	for i := range s.Variants {
		s.Variants[i].Server.settle()
		switch v := &s.Variants[i].Server; {
		case v.ALPN != nil:
		case v.App == spiffegrpc:
			v.ALPN = []string{http2}
		case v.App == gateway && slices.Contains(s.protocols(), http3):
			v.ALPN = []string{http2, http1, http3}
		case v.App == gateway:
			v.ALPN = []string{http2, http1}
		}
	}
	other := slices.ContainsFunc(s.Variants, func(v Variant) bool { return v.Server.App != spiffegrpc })
	if other || len(s.Variants) == 0 {
		return
	}
	if !s.matrix.mutualGiven {
		s.matrix.mutual = []bool{true}
	}
	if !s.matrix.alpnGiven {
		s.matrix.alpn = []string{http2}
	}
}

// settle leaves a server the settings of its own app.
func (s *Server) settle() {
	if s.App != gateway {
		s.Gateway = nil
	}
	switch {
	case s.App != spiffegrpc:
		s.SPIFFE = nil
	case s.SPIFFE == nil:
		p := defaultSPIFFE()
		s.SPIFFE = &p
	}
}

// protocols are those that cells ask for.
func (s *Scenario) protocols() []string {
	all := slices.Clone(s.matrix.alpn)
	for _, r := range s.matrix.include {
		all = append(all, r.alpn...)
	}
	return all
}

// lintApp refuses settings that a variant's app ignores, and an offer of its clients that its server would refuse.
func (d *decoder) lintApp(v Variant) {
	if v.Server.App == spiffegrpc {
		d.lintGRPC(v)
	}
	if v.Offer == nil || v.Server.App == spiffegrpc {
		return
	}
	switch chosen := handshake.Negotiated(v.Server.ALPN, v.Offer); {
	case chosen == http3:
		d.add(v.offerAt, "leave h3 out of the offer", "variant %q: its clients would negotiate h3 over TCP, and it is spoken over QUIC alone", v.Name)
	case chosen == "" && len(v.Server.ALPN) > 0:
		d.add(v.offerAt, "its server offers: "+strings.Join(v.Server.ALPN, ", "),
			"variant %q: its server has none of the protocols that its clients offer, so it would refuse every handshake", v.Name)
	}
}

// opaSource has the server that speaks Rego; it is a module of its own, for no other server needs its dependencies.
const opaSource = "handshake/server/spiffegrpc/opa"

func (d *decoder) lintGRPC(v Variant) {
	if v.Server.SPIFFE.Policy == "opa" && v.Build.Source == (variant.Source{}) {
		d.add(v.at, "set source: {path: "+opaSource+"}", "variant %q: policy opa takes a server of its own", v.Name)
	}
	if !slices.Equal(v.Server.ALPN, []string{http2}) {
		d.add(v.at, "leave alpn out", "variant %q: gRPC offers h2 and nothing else", v.Name)
	}
	if v.Offer != nil {
		d.add(v.offerAt, "leave it out", "variant %q: gRPC clients offer h2 and nothing else", v.Name)
	}
	if v.reloads() {
		d.add(v.at, "leave reload out", "variant %q: identities come from a Workload API, not from files", v.Name)
	}
	if v.Server.Accel != "" && v.Server.Accel != "std" {
		d.add(v.at, "leave accel out", "variant %q: accel %s signs with one key for life, and identities change keys", v.Name, v.Server.Accel)
	}
}

// notItsApp is why a variant's app, or the dialer that fits it, cannot run a cell, or "".
func notItsApp(v Variant, s handshake.Spec) string {
	app := v.Server.App
	switch {
	case s.Kind == handshake.Live && app != spiffegrpc:
		return "live connections are those of the app spiffegrpc"
	case app == spiffegrpc:
		return notGRPC(s)
	case s.Kind == handshake.Early && s.ALPN != http3:
		return "early data is sent over QUIC alone, which takes the ALPN protocol h3"
	case s.ALPN == http3 && app != gateway:
		return "h3 is spoken by the app gateway alone"
	case s.ALPN == http3 && v.Offer != nil:
		return "its clients offer protocols of their own, and a QUIC client offers h3 alone"
	}
	spoken := s.Of(v.Server.ALPN, v.Offer).ALPN
	if app == gateway && !slices.Contains([]string{"", http1, http2, http3}, spoken) {
		return "the gateway speaks h2, http/1.1 and h3, not " + spoken
	}
	return ""
}

// notGRPC is why gRPC over SPIFFE identities cannot run a cell, or "".
func notGRPC(s handshake.Spec) string {
	switch {
	case s.Kind == handshake.Resumed || s.Kind == handshake.Early:
		return "its dialer resumes no session"
	case !s.Mutual:
		return "both sides of the app spiffegrpc show an identity, which takes mutual: true"
	case s.ALPN != http2:
		return "gRPC negotiates h2, which takes alpn: h2"
	}
	return ""
}
