// Package identity asks real servers and clients what becomes of identities that are short-lived, pushed, withdrawn or
// missing. Each experiment builds a trust domain with a Workload API agent of its own, opens go-spiffe sources at the
// agent's socket, and lets stock crypto/tls and grpc-go do the rest.
//
// # Why seconds stand for minutes
//
// An identity that lives for an hour shows its expiry once an hour. Here it lives for some seconds, and everything that
// is published as a share of its life, such as MaxConnectionAge, is scaled with it. X.509 times are whole seconds, and
// an end is rounded up, so an identity may live up to a second longer than asked; two seconds are the least life that is
// asked for.
//
// # Why a client that trusts anybody
//
// When the question is whom a server accepts, the client must not refuse first. Such a client presents an identity that
// it keeps after the agent has taken it back, and takes any server; what it reads is the server's one byte, for in TLS
// 1.3 its own handshake is complete before the server has looked at its certificate.
//
// # Why the age of an identity has three columns
//
// A server believes what the certificate said that it verified last. On a full handshake that is the identity of now. A
// resumed handshake brings back the certificate of the session's first handshake, and a live connection that of its
// handshake, however often both sides were renewed since. So the age of what is believed, now less NotBefore, is kept
// apart by kind: full, resumed and live.
//
// # Why an outage has two back-offs
//
// How soon a workload is back after its agent was away is decided by pauses of the client's: go-spiffe's grows by a
// second with every attempt up to thirty, and grpc-go has one of its own below it. The published arms leave both as they
// are.
//
// # Why flat is said by pairs
//
// A goroutine, a descriptor or a kilobyte for each rotation is small and fatal. Counts are taken with everything still
// running, before the storm and after it, once what is closing has closed; heap after two collections, of which the
// second frees what finalisers held.
package identity
