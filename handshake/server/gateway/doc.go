// Package gateway is the app of an HTTPS gateway: one certificate source for HTTP/1.1 and HTTP/2 over TCP by net/http,
// and HTTP/3 over UDP by quic-go at the same port.
//
//	GET /          204 without a body: the confirmation that the server verified the client's Finished
//	GET /identity  200 with what was negotiated, as JSON: see [Identity]
//
// # Which protocol is spoken
//
// Over TCP the negotiated ALPN protocol decides: h2 is HTTP/2; everything else is HTTP/1.1, also no protocol at all,
// and a name that the gateway knows from its list alone. So a list of any length can be measured with whatever a
// client offers, h3 over TCP included, which is a string there. net/http itself would close such a connection without
// an answer. Over UDP the only protocol is h3, whatever the list says; a client that offers another, or none, is refused
// (RFC 9001, section 8.1). A TCP answer names the UDP port in Alt-Svc (RFC 7838).
//
// A build with BoringCrypto refuses to serve HTTP/3: quic-go 0.65 cannot end a handshake there.
//
// # What counts
//
// Every TCP connection, and every QUIC connection attempt, is accepted once and ends once in the ledger: completed if
// its handshake was complete and a request was answered, else rejected. Early data is a GET that was answered before
// the client's Finished came, so there the answer proves only that the server took the data; the ledger counts it as
// completed when the Finished has come.
//
// # What ALPN lists depend on
//
// The list of a handshake is taken when its ClientHello has arrived, from a list that is swapped as a whole. A backend
// that is not healthy sends its protocol to the end of the list and never out of it: a client that speaks nothing else
// is still served.
package gateway
