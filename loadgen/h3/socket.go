package h3

import (
	"net"
	"sync/atomic"
	"time"
)

// counted is a UDP socket that counts its payload. quic-go reads and writes it packet by packet: what it does to a
// *net.UDPConn, batches and all, could not be counted.
type counted struct {
	conn    *net.UDPConn
	in, out atomic.Uint64
}

// listen opens a socket on the address that packets to the target leave from.
func listen(target *net.UDPAddr) (*counted, error) {
	route, err := net.DialUDP("udp", nil, target) // sends nothing
	if err != nil {
		return nil, err
	}
	own := *route.LocalAddr().(*net.UDPAddr)
	route.Close()
	own.Port = 0
	conn, err := net.ListenUDP("udp", &own)
	if err != nil {
		return nil, err
	}
	return &counted{conn: conn}, nil
}

// read is what the socket has carried.
func (c *counted) read() (in, out uint64) { return c.in.Load(), c.out.Load() }

// since is what it has carried since then.
func (c *counted) since(in, out uint64) (uint64, uint64) { return c.in.Load() - in, c.out.Load() - out }

func (c *counted) ReadFrom(b []byte) (int, net.Addr, error) {
	n, from, err := c.conn.ReadFrom(b)
	c.in.Add(uint64(n))
	return n, from, err
}

func (c *counted) WriteTo(b []byte, to net.Addr) (int, error) {
	n, err := c.conn.WriteTo(b, to)
	c.out.Add(uint64(n))
	return n, err
}

func (c *counted) Close() error                       { return c.conn.Close() }
func (c *counted) LocalAddr() net.Addr                { return c.conn.LocalAddr() }
func (c *counted) SetDeadline(t time.Time) error      { return c.conn.SetDeadline(t) }
func (c *counted) SetReadDeadline(t time.Time) error  { return c.conn.SetReadDeadline(t) }
func (c *counted) SetWriteDeadline(t time.Time) error { return c.conn.SetWriteDeadline(t) }
func (c *counted) SetReadBuffer(bytes int) error      { return c.conn.SetReadBuffer(bytes) }
func (c *counted) SetWriteBuffer(bytes int) error     { return c.conn.SetWriteBuffer(bytes) }
