// Package spiffegrpc is gRPC over mutual TLS between SPIFFE identities: a server.App, the same server for use within a
// process ([Serve]), and a stock grpc-go client for it ([Dial]).
//
// Identities come from a Workload API and change while the server runs; nothing is served without one. The one method,
// [Method], takes and gives well-known types and is registered by hand, beside health and reflection, so that grpcurl
// and every other client can speak to it:
//
//	TCP -> TLS: both X.509-SVIDs verified, the peer's ID authorised -> HTTP/2 -> guard -> Confirm
//
// # The guard
//
// Every call passes a chain of checks, of which the settings choose: the breaker, the expiry of the caller's identity,
// its ID, its JWT-SVID, the policy. The caller is who the connection's certificate says, never a common name, never
// metadata. The first check that refuses decides, and the decision goes to those who asked for it: journal, span,
// breaker. A refused call ends with PermissionDenied and the reason.
//
// # Why a connection is told to go before it has to
//
// TLS looks at a certificate once. A connection, and the calls over it, outlive the certificate unless somebody ends
// them. With Expiry two things do. Some time before the peer's leaf expires (see [margin]), the connection carries a
// GOAWAY of NO_ERROR for the highest stream (RFC 9113, section 6.8): calls under way and those that cross it on the wire
// are served, new ones go to a new connection, for which a client that renews at half of the life of its identity has a
// new leaf. And at the leaf's end the connection is closed, whatever is under way, and from then on each call is refused:
// so no call is authorised by an expired identity, and no call of a client that renews fails. grpc-go sends a GOAWAY to
// one connection by age alone, so it is written between two frames here.
//
// # How it is counted
//
// The ledger has each TCP connection, which is completed when one call over it was allowed and answered; or, where the
// settings say live, each call.
package spiffegrpc
