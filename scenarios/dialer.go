package scenarios

import "github.com/tlslab/tlslab/handshake"

// stock is the dialer that fits whatever is no other's.
const stock = "stock"

func dialers() []string { return []string{"auto", stock, http3, spiffegrpc} }

// DialerOf is who makes the handshakes of a cell with a server of an app: the one that the client names, else the one
// that fits. The spec is the cell's with what is negotiated, [handshake.Spec.Of].
func (c Client) DialerOf(app string, spec handshake.Spec) string {
	if c.Dialer != "auto" {
		return c.Dialer
	}
	return fitting(app, spec)
}

func fitting(app string, spec handshake.Spec) string {
	switch {
	case app == spiffegrpc:
		return spiffegrpc
	case spec.ALPN == http3:
		return http3
	}
	return stock
}

// lintDialer refuses a dialer that does not fit a cell, and gRPC clients that would hide their identity.
func (d *decoder) lintDialer(s *Scenario) {
	for _, v := range s.Variants {
		if s.Client.Certificate == "none" && v.Server.App == spiffegrpc {
			d.add(v.at, "leave client.certificate out", "variant %q: clients of the app spiffegrpc show their identity always", v.Name)
		}
		for _, p := range s.points {
			if want := fitting(v.Server.App, p.spec); s.runs(v, p) && s.Client.DialerOf(v.Server.App, p.spec) != want {
				d.add(s.dialerAt, "leave it out", "the dialer %s does not fit variant %q in the cell %s, which takes %s", s.Client.Dialer, v.Name, p.spec, want)
				return
			}
		}
	}
}

// runs says whether a variant runs a point on some machine.
func (s *Scenario) runs(v Variant, p point) bool {
	_, out := p.without[v.Name]
	return !out && refusal(v, p.spec) == ""
}
