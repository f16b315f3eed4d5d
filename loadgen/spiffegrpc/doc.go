// Package spiffegrpc is the dialer of gRPC over mutual TLS between SPIFFE identities: grpc-go as it is, with an identity
// from a Workload API. What it calls is the method of package handshake/server/spiffegrpc.
//
// A full or a resumed handshake is a channel of its own: one TCP connection, one handshake, one call, whose reply is the
// server's confirmation. A live one is a call over a connection that its worker has had since the warm-up; grpc-go
// replaces that when the server asks for it or closes it. Such a call has no handshake: connected and complete are when
// it began, and a handshake time of zero is not one that was measured.
//
// A live call that fails counts as connected where the server has refused it, and as not connected where grpc-go never
// had an answer to it.
package spiffegrpc
