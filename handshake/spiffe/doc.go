// Package spiffe is a SPIFFE trust domain for the lab, with the agent that hands out its identities, and what both
// ends of a TLS connection make of them.
//
// A [Domain] has authorities and signs X.509-SVIDs and JWT-SVIDs. An [Agent] attests who calls its unix socket and
// serves the Workload API to them: real clients of go-spiffe connect to it. [Dial] is such a client, [Live] a source
// that follows what the agent pushes. [ServerConfig] and [ClientConfig] are mutual TLS between two sources, with four
// ways to deal with session tickets. [Publish] and [Follow] exchange bundles between trust domains.
//
// # Generations
//
// The serial number of a leaf is its generation: a number that grows with every renewal of an agent, so that whoever
// sees a connection can tell how old the identity is that it shows. The identities that one [Agent.Rotate] renews
// share a number, which an authority in the field must not do (RFC 5280, section 4.1.2.2).
//
// # Why resumption needs a setting
//
// go-spiffe verifies a peer in VerifyPeerCertificate, and crypto/tls does not call that for a resumed connection: it
// takes the peer's certificate from the ticket. A peer whose authority has left the bundle, or whom the authoriser
// denies by now, gets in for as long as its ticket lives. What to do about it is the third argument of [ServerConfig].
//
// To verify resumed connections as well is safe, but a client whose authority was exchanged stays outside with its old
// ticket, whatever its new identity is. Tickets that end with an epoch let it in by a full handshake.
//
// # Whole seconds
//
// Certificates know whole seconds only. The agent rounds the end of an identity up, so it lives up to a second longer
// than its time to live, and the beginning down.
package spiffe
