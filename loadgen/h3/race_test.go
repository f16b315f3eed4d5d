//go:build race

package h3

// raced says that the race detector runs. It finds quic-go's own race between a client that opens a stream for early
// data and the server's transport parameters: quic-go/quic-go#4303.
const raced = true
