package loadgen

import "net/netip"

// sources is how many addresses of 127.0.0.0/8 handshakes come from in turn: with a port range of 28,232, seven
// million connections to one server address before a port must be free again.
const sources = 250

// source is the address, without a port, that handshake number seq comes from: 127.1.0.1 and up, or 127.2.0.1 and up
// where the server may have one of those itself. A source equal to the target could connect to itself.
func source(target netip.Addr, seq uint64) netip.AddrPort {
	net := byte(1)
	if target.As4()[1] == net {
		net = 2
	}
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, net, 0, byte(seq%sources) + 1}), 0)
}
