package reports

import (
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
)

// The rows of the table of variants about what a server speaks above TLS. Each is empty where nothing was set.

func protocolsOf(list []string) string {
	if list != nil && len(list) == 0 {
		return "none"
	}
	return strings.Join(list, " ")
}

func gatewayOf(v results.Variant) string {
	if v.Gateway == nil {
		return ""
	}
	g := *v.Gateway
	return said(
		with("GetConfigForClient", g.Config), with("prefer", g.Prefer), with("health", backends(g.Health)), with("every", lasting(g.Every)),
		with("handshakes at once", positive(int64(g.Handshakes))),
	)
}

func backends(all []server.Backend) string {
	var text []string
	for _, b := range all {
		text = append(text, b.Protocol)
	}
	return strings.Join(text, " ")
}

func spiffeOf(v results.Variant) string {
	if v.SPIFFE == nil {
		return ""
	}
	return said(identitySettings(*v.SPIFFE)...)
}

func identitySettings(s handshake.SPIFFE) []string {
	is := func(yes bool) string { return map[bool]string{true: "yes"}[yes] }
	return []string{
		with("domain", s.Domain), with("time to live", lasting(s.TTL)), with("peer", s.Peer), with("resumption", s.Resumption),
		with("connection age at most", lasting(s.MaxAge)), with("grace", lasting(s.Grace)), with("keepalive", lasting(s.Keepalive)),
		with("closes at expiry", is(s.Expiry)), with("policy", s.Policy), with("tracing", s.Tracing), with("audit", is(s.Audit)),
		with("breaker", is(s.Breaker)), with("JWT", is(s.JWT)),
	}
}

// with is a setting by name; empty where it has no value.
func with(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

// said joins what is not empty.
func said(parts ...string) string { return strings.Join(names(parts...), ", ") }

// lasting writes a duration that was set.
func lasting(d time.Duration) string {
	if d == 0 {
		return ""
	}
	return d.String()
}
