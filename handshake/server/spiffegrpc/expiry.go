package spiffegrpc

import (
	"context"
	"net"
	"time"
)

// maxMargin is of identities that live long.
const maxMargin = time.Minute

// margin is how long before its end an identity is no longer relied on: a quarter of its life, at most a minute. Who
// renews at half of it has had a quarter to do so.
func margin(notBefore, notAfter time.Time) time.Duration {
	return min(notAfter.Sub(notBefore)/4, maxMargin)
}

// expire ends a connection with the caller's identity: it asks the client to leave a margin before, and closes at the
// end. A client that comes within the margin has not renewed: to ask it to leave would only make it come again.
func expire(c *conn, secured net.Conn) net.Conn {
	left := time.Until(c.caller.notAfter)
	drain := left - margin(c.caller.notBefore, c.caller.notAfter)
	f := &framed{Conn: secured}
	timers := []*time.Timer{time.AfterFunc(left, func() { c.Close() })}
	if drain > 0 {
		timers = append(timers, time.AfterFunc(drain, func() { f.Leave() })) // an error is one of the connection, and ends it anyway
	}
	stop := func() {
		for _, t := range timers {
			t.Stop()
		}
	}
	c.waiting.Store(&stop)
	return f
}

// unexpired refuses the calls of an identity that has expired.
func unexpired(_ context.Context, r Request) (Decision, error) {
	if time.Now().After(r.NotAfter) {
		return Decision{Reason: "identity expired"}, nil
	}
	return Decision{Allow: true}, nil
}
