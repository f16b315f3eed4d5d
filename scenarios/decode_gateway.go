package scenarios

import (
	"net/netip"
	"net/url"
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake/server"
)

const mostHandshakes = 1 << 16 // at once

// gateway decodes how the app gateway chooses what it serves, over what it inherits.
func (d *decoder) gateway(n *yaml.Node, s *Server) {
	var g server.Gateway
	if s.Gateway != nil {
		g = *s.Gateway
	}
	before := len(d.found)
	d.mapping(n, "gateway",
		field{"config", value(d, &g.Config, unless("none", oneOf("config", "none", "static", "clone", "swapped")))},
		field{"prefer", value(d, &g.Prefer, unless("settings", oneOf("prefer", "settings", "health")))},
		field{"health", func(n *yaml.Node) { d.health(n, &g) }},
		field{"every", value(d, &g.Every, readSpan)},
		field{"handshakes", d.whole(&g.Handshakes, 1, mostHandshakes)},
	)
	s.Gateway = &g
	if len(d.found) > before {
		return
	}
	switch asks := g.Prefer == "health"; {
	case asks && g.Health == nil:
		d.add(at(n), "add health: [{protocol: h2, url: ...}]", "health orders the protocols, and nobody is asked for it")
	case !asks && (under(n, "health") != nil || under(n, "every") != nil):
		d.add(at(n), "add prefer: health", "nobody's health matters where the settings order the protocols")
	}
}

// health decodes who is asked whether a protocol's backend is healthy, in place of what was inherited.
func (d *decoder) health(n *yaml.Node, g *server.Gateway) {
	g.Health = nil
	d.list(n, "health", func(n *yaml.Node) {
		var b server.Backend
		before := len(d.found)
		d.mapping(n, "a backend",
			field{"protocol", value(d, &b.Protocol, oneOf("protocol", "h2", "http/1.1"))},
			field{"url", value(d, &b.URL, readURL)},
		)
		switch again := func(o server.Backend) bool { return o.Protocol == b.Protocol }; {
		case len(d.found) > before:
		case b.Protocol == "" || b.URL == "":
			d.add(at(n), `write {protocol: h2, url: "http://127.0.0.1:9000/healthz"}`, `a backend needs a "protocol" and a "url"`)
		case slices.ContainsFunc(g.Health, again):
			d.add(at(n), "", "two backends are for %s", b.Protocol)
		default:
			g.Health = append(g.Health, b)
		}
	})
}

// readURL reads where a backend says whether it is healthy. Only loopback is allowed, as for servers.
func readURL(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || u.Scheme != "http" || u.Host == "" {
		return "", wrong(`write "http://127.0.0.1:9000/healthz"`, "%q is no URL of a backend", clip(s))
	}
	if address, err := netip.ParseAddr(u.Hostname()); err != nil || !address.IsLoopback() {
		return "", wrong("backends are asked at 127.0.0.1 or [::1]", "%s is not a loopback address", clip(u.Hostname()))
	}
	return s, nil
}
