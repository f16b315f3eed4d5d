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
//
// # Certificates that change
//
// With [Settings.Reload] a strategy of package reload decides what is served. Its callbacks run inside those that follow
// the phases, its keys inside the ones that do, and its book is part of the [Report]: what came of its reloads during
// the stretch, and when each identity was published. A strategy that dies does not take the server with it.
//
// # What can be seen from within
//
// A handshake tells what it is at through the callbacks of crypto/tls: its goroutine bears the labels tls_phase and
// kind, so that every CPU profile splits by them ("go tool pprof -tags"), and marks an execution trace if one is
// being taken. The phases are client-hello, negotiate, then certificate, sign and finish of a full handshake or
// resume of a resumed one, and confirm. A label costs some ten nanoseconds, all of them with their callbacks one
// allocation and less than a microsecond; so they are always on. The certificate's phase is seen where the client
// names a server, without which crypto/tls does not ask for one.
//
// CPU profiles are taken in windows on request, an execution trace too; and so that an observer or a gate can be put
// to the test, the server plants known delays and known work in its own handshakes: see [Plant].
package server
