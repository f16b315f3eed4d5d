package h3

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
)

// protocol is the only ALPN protocol of HTTP/3 (RFC 9114, section 3.1).
const protocol = "h3"

const (
	defaultTimeout = 10 * time.Second // of one handshake
	maxIdle        = 5 * time.Second  // after which a server, too, gives up a connection whose end it has missed
	ticketWait     = time.Second      // for a ticket after the answer
)

// dialer is the engine of a job.
type dialer struct {
	spec    handshake.Spec
	target  net.Addr
	timeout time.Duration
	request []byte
	workers int
	config  *quic.Config
	desks   chan *desk // one for each worker
	all     []*desk
	keyLog  io.WriteCloser // nil unless asked for
}

// desk is what one worker dials with.
type desk struct {
	*loadgen.Seat
	socket    *counted
	transport *quic.Transport
}

// Open is the [loadgen.Opener] of the dialer. It pins the job's suite for the whole process.
func Open(job loadgen.Job) (loadgen.Engine, error) {
	if err := check(job); err != nil {
		return nil, err
	}
	if job.Spec.Suite != 0 {
		if err := loadgen.PinSuite(job.Spec.Suite); err != nil {
			return nil, err
		}
	}
	target, err := net.ResolveUDPAddr("udp", job.Target)
	if err != nil {
		return nil, fmt.Errorf("target: %w", err)
	}
	d := &dialer{
		spec:    job.Spec,
		target:  target,
		timeout: cmp.Or(job.Timeout, defaultTimeout),
		request: request(job.ServerName),
		workers: job.Load.Workers,
		desks:   make(chan *desk, job.Load.Workers),
	}
	d.config = &quic.Config{HandshakeIdleTimeout: d.timeout, MaxIdleTimeout: min(d.timeout, maxIdle)}
	if err := d.furnish(job); err != nil {
		d.Close()
		return nil, err
	}
	return d, nil
}

// check refuses what the dialer cannot do.
func check(job loadgen.Job) error {
	switch {
	case job.App != "gateway":
		return fmt.Errorf("the dialer h3 does not speak to the app %q", job.App)
	case job.Spec.Kind == handshake.Live:
		return errors.New("handshakes of the kind live: the dialer h3 makes full, resumed and early ones")
	case job.Spec.ALPN != protocol:
		return fmt.Errorf("alpn %q: over QUIC it is h3", job.Spec.ALPN)
	case job.Delay != nil:
		return errors.New("the dialer h3 delays nothing")
	}
	return nil
}

// furnish makes the desks.
func (d *dialer) furnish(job loadgen.Job) (err error) {
	if d.keyLog, err = loadgen.OpenKeyLog(job); err != nil {
		return err
	}
	offer := job.Offer
	if offer == nil {
		offer = []string{protocol}
	}
	seats, err := loadgen.Seats(job, offer, d.keyLog)
	if err != nil {
		return err
	}
	if resumes(d.spec.Kind) {
		d.config.TokenStore = quic.NewLRUTokenStore(1, 2*d.workers)
	}
	for range d.workers {
		socket, err := listen(d.target.(*net.UDPAddr))
		if err != nil {
			return err
		}
		one := &desk{<-seats, socket, &quic.Transport{Conn: socket}}
		d.all = append(d.all, one)
		d.desks <- one
	}
	return nil
}

func resumes(k handshake.Kind) bool { return k == handshake.Resumed || k == handshake.Early }

// Harvest is described at [loadgen.Engine].
func (d *dialer) Harvest() []loadgen.Delayed { return nil }

// Close closes the sockets and the key log.
func (d *dialer) Close() (err error) {
	for _, one := range d.all {
		err = errors.Join(err, one.transport.Close(), one.socket.Close())
	}
	if d.keyLog != nil {
		err = errors.Join(err, d.keyLog.Close())
	}
	return err
}

// Fill makes the full handshakes that the others need tickets from; for other kinds it does nothing. See
// [loadgen.Stock.Fill].
func (d *dialer) Fill(ctx context.Context) error {
	if !resumes(d.spec.Kind) {
		return nil
	}
	return loadgen.FillTickets(ctx, filler{d}, d.workers)
}

// filler dials without using a ticket up.
type filler struct{ *dialer }

func (f filler) Dial(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	return f.dial(ctx, now, o, handshake.Full)
}

// Dial makes one handshake; see [loadgen.Dialer].
func (d *dialer) Dial(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	return d.dial(ctx, now, o, d.spec.Kind)
}
