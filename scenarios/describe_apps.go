package scenarios

import (
	"strings"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
)

// appWords says what a variant's server speaks, where that is more than plain, and what its clients offer.
func appWords(v Variant) (words []string) {
	if v.Server.App != plain {
		words = append(words, strings.TrimSpace(v.Server.App+" "+gatewayWords(v.Server.Gateway)+spiffeWords(v.Server.SPIFFE)))
	}
	if v.Offer != nil {
		words = append(words, "offers "+plural(len(v.Offer), "protocol"))
	}
	return words
}

// gatewayWords writes the settings of a gateway as the file does.
func gatewayWords(g *server.Gateway) string {
	if g == nil {
		return ""
	}
	words := given(
		Setting{"config", g.Config}, Setting{"prefer", g.Prefer}, Setting{"every", lengthOr(g.Every, "")}, Setting{"handshakes", numberOr(g.Handshakes, "")},
	)
	for _, b := range g.Health {
		words = append(words, "health of "+b.Protocol+" at "+b.URL)
	}
	return strings.Join(words, ", ")
}

// spiffeWords writes what deals with identities as the file does.
func spiffeWords(p *handshake.SPIFFE) string {
	if p == nil {
		return ""
	}
	words := given(
		Setting{"ttl", lengthOr(p.TTL, "")}, Setting{"resumption", p.Resumption},
		Setting{"max_age", lengthOr(p.MaxAge, "")}, Setting{"grace", lengthOr(p.Grace, "")}, Setting{"keepalive", lengthOr(p.Keepalive, "")},
		Setting{"expiry", ifTrue(p.Expiry)}, Setting{"policy", p.Policy}, Setting{"tracing", p.Tracing}, Setting{"audit", ifTrue(p.Audit)},
		Setting{"breaker", ifTrue(p.Breaker)}, Setting{"jwt", ifTrue(p.JWT)}, Setting{"peer", p.Peer},
	)
	return strings.Join(words, ", ")
}

// given writes the settings that have a value.
func given(all ...Setting) (words []string) {
	for _, s := range all {
		switch s.Value {
		case "":
		case "true":
			words = append(words, s.Key)
		default:
			words = append(words, s.Key+" "+s.Value)
		}
	}
	return words
}

func ifTrue(on bool) string {
	if on {
		return "true"
	}
	return ""
}
