package h3

import (
	"context"
	"errors"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
)

// noError is H3_NO_ERROR: RFC 9114, section 8.1.
const noError = 0x100

func (d *dialer) dial(ctx context.Context, now func() time.Duration, o *handshake.Observation, kind handshake.Kind) error {
	desk := <-d.desks
	defer func() { d.desks <- desk }()
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	desk.Begin(resumes(kind))
	in, out := desk.socket.read()
	o.Connected = now()
	conn, err := d.confirm(ctx, desk, now, o, kind == handshake.Early)
	if conn != nil {
		defer conn.CloseWithError(noError, "")
	}
	if err != nil {
		return plain(ctx, err)
	}
	o.BytesIn, o.BytesOut = desk.socket.since(in, out)
	d.awaitTicket(ctx, desk)
	state := conn.ConnectionState()
	o.Outcome = handshake.ClientOutcome(state.TLS, desk.End(state.TLS.DidResume))
	o.Outcome.Early = state.Used0RTT
	o.Generation = loadgen.GenerationOf(state.TLS.PeerCertificates[0])
	return d.spec.Check(o.Outcome)
}

// confirm handshakes and waits for the answer. The connection is not nil where there is one to close.
func (d *dialer) confirm(ctx context.Context, desk *desk, now func() time.Duration, o *handshake.Observation, early bool) (*quic.Conn, error) {
	dial := desk.transport.Dial
	if early {
		dial = desk.transport.DialEarly
	}
	conn, err := dial(ctx, d.target, desk.Config, d.config)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.CloseWithError(noError, "") })
	defer stop()
	asked, err := d.ask(conn)
	if err == nil {
		err = d.complete(conn, now, o)
	}
	if err == nil {
		err = answered(asked)
	}
	if errors.Is(err, quic.Err0RTTRejected) {
		err = d.again(ctx, conn, now, o)
	}
	if err == nil {
		o.Confirmed = now()
	}
	return conn, err
}

// complete waits until the client has verified the server's Finished.
func (d *dialer) complete(conn *quic.Conn, now func() time.Duration, o *handshake.Observation) error {
	select {
	case <-conn.HandshakeComplete():
	case <-conn.Context().Done():
		return context.Cause(conn.Context())
	}
	o.Complete = now()
	return nil
}

// again asks once more on a connection whose early data the server did not take: it is not what was asked for, and
// confirmed all the same.
func (d *dialer) again(ctx context.Context, conn *quic.Conn, now func() time.Duration, o *handshake.Observation) error {
	if _, err := conn.NextConnection(ctx); err != nil {
		return err
	}
	if o.Complete == 0 {
		o.Complete = now()
	}
	asked, err := d.ask(conn)
	if err != nil {
		return err
	}
	return answered(asked)
}

// awaitTicket waits for the ticket that a resumed handshake will need, for a while: a server may give none, which the
// ledger will show.
func (d *dialer) awaitTicket(ctx context.Context, desk *desk) {
	arrived := desk.Arrived()
	if arrived == nil {
		return
	}
	timer := time.NewTimer(ticketWait)
	defer timer.Stop()
	select {
	case <-arrived:
	case <-timer.C:
	case <-ctx.Done():
	}
}
