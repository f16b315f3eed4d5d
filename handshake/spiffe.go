package handshake

import "time"

// SPIFFE is how the app spiffegrpc and its dialer deal with identities.
type SPIFFE struct {
	Socket     string        `json:"socket"`                 // Workload API, as unix:///path
	Domain     string        `json:"domain"`                 // trust domain of server and client
	TTL        time.Duration `json:"ttl_ns,omitempty"`       // of the identities that the lab's own agent issues, and renews at half of it; zero: 1 h
	Peer       string        `json:"peer,omitempty"`         // SPIFFE ID that the other side must have; empty: any of the trust domain
	Resumption string        `json:"resumption,omitempty"`   // default (empty), as go-spiffe leaves it; off, no tickets; recheck, every connection is verified again; epoch, tickets of an older bundle are refused
	MaxAge     time.Duration `json:"max_age_ns,omitempty"`   // MaxConnectionAge; zero: no limit
	Grace      time.Duration `json:"grace_ns,omitempty"`     // MaxConnectionAgeGrace
	Keepalive  time.Duration `json:"keepalive_ns,omitempty"` // pings of an idle connection; zero: none
	Expiry     bool          `json:"expiry,omitempty"`       // close a connection when the peer's identity expires
	Policy     string        `json:"policy,omitempty"`       // who authorises a call: none (empty), function, opa
	Tracing    string        `json:"tracing,omitempty"`      // none (empty), otel
	Audit      bool          `json:"audit,omitempty"`        // keep a record of every decision
	Breaker    bool          `json:"breaker,omitempty"`      // isolate a peer whose identity is used anomalously
	JWT        bool          `json:"jwt,omitempty"`          // every call bears a JWT-SVID, too
}
