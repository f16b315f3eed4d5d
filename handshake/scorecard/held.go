package scorecard

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"os"
	"time"
)

// connections is how many connections are held open through a trial, over all planes.
const connections = 8

// aliveTime is how long a connection is listened to, and how long an echo may take.
const (
	listenTime = 20 * time.Millisecond
	echoTime   = time.Second
)

// held is a connection that is to outlive every rotation.
type held struct {
	conn *tls.Conn
	echo bool
}

// hold opens connections, the same number on each plane.
func hold(ctx context.Context, planes []plane) (all []held, err error) {
	ctx, cancel := context.WithTimeout(ctx, readyTime)
	defer cancel()
	for n := range connections {
		var shown uint64
		on := planes[n%len(planes)]
		conn, _, err := on.dial(ctx, &shown)
		if err != nil {
			release(all)
			return nil, err
		}
		all = append(all, held{conn, on.node})
	}
	return all, nil
}

func release(all []held) {
	for _, h := range all {
		reset(h.conn)
	}
}

// dropped is how many of the connections are gone.
func dropped(all []held) (n int) {
	listen, echo := time.Now().Add(listenTime), time.Now().Add(echoTime)
	for _, h := range all {
		if h.echo && !h.echoes(echo) || !h.echo && !h.alive(listen) {
			n++
		}
	}
	return n
}

// alive: the peer has nothing to say, and has not gone.
func (h held) alive(until time.Time) bool {
	h.conn.SetReadDeadline(until)
	_, err := h.conn.Read(make([]byte, 1))
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

func (h held) echoes(until time.Time) bool {
	h.conn.SetDeadline(until)
	word := []byte{'?'}
	if _, err := h.conn.Write(word); err != nil {
		return false
	}
	_, err := io.ReadFull(h.conn, word)
	return err == nil && word[0] == '?'
}
