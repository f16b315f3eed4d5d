// Package h3 is the dialer over QUIC: full, resumed and early handshakes by quic-go, each confirmed by the 204 that a
// GET of / gets over HTTP/3.
//
// # What the instants mean
//
//	Began, Connected   the first packet is about to be sent: QUIC has no connection before its handshake
//	Complete           the client has verified the server's Finished
//	Confirmed          the answer is there
//
// A full or resumed handshake sends its request when it is complete, so its answer proves that the server has verified
// the client's Finished. An early one sends its request with its first packets. Its answer proves only that the early
// data was accepted; the ticket that follows proves the rest, for a server gives none before, and the dialer waits for it
// before it closes the connection.
//
// # What is sent
//
// Each worker has a UDP socket, which all its connections use one after the other. Bytes are UDP payload: of all
// packets that the socket carried from the first packet to the confirmation. The request is written by hand, with
// nothing but the control stream that RFC 9114 (section 6.2.1) demands beside it, because the client must cost less than
// the server. A connection ends by CONNECTION_CLOSE, so that a server knows at once; a job's Close makes no difference.
package h3
