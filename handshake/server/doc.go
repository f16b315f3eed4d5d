// Package server is the instrumented server that every variant runs: stock crypto/tls over TCP, a ledger, and a
// control channel on its own standard input and output (see [Settings], [Request], [Reply]).
//
// # Why the server confirms
//
// In TLS 1.3 a client's handshake call returns when the client has sent its Finished. The server may still be
// seconds behind in its queue, or may reject the client's certificate. So the server sends one byte,
// [handshake.Confirmation], after its own handshake call returned, and counts a handshake as completed once that
// byte is written. Session tickets, if the client asked for them, precede it on the wire: who has read the
// confirmation has read the ticket.
//
// # Why a stretch has quiet edges
//
// Begin and end wait until no connection is open, so that what the ledger, getrusage(2) and the allocator counted
// between them belongs to the same handshakes, all of them and no others.
package server
