//go:build race

package edge

// raced: the race detector finds a client's 0-RTT in quic-go, quic-go/quic-go#4303: the server's transport parameters
// are stored while a stream that is opened early reads those of the session.
const raced = true
