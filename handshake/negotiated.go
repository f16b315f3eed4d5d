package handshake

import "slices"

// Negotiated is the ALPN protocol that a server with these protocols, in order of preference, chooses of those that a
// client offers; empty: none. A server that offers none ignores what is offered (RFC 7301, section 3.2); one that finds
// none of its own refuses the handshake.
func Negotiated(server, offer []string) string {
	for _, p := range server {
		if slices.Contains(offer, p) {
			return p
		}
	}
	return ""
}

// Of is what is asked of a handshake where a variant's clients offer protocols of their own: s with the protocol that
// is chosen then. Without an offer it is s.
func (s Spec) Of(server, offer []string) Spec {
	if offer != nil {
		s.ALPN = Negotiated(server, offer)
	}
	return s
}
