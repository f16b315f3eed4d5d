package spiffegrpc

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake"
	app "github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
	"github.com/tlslab/tlslab/loadgen"
)

// defaultTimeout is of a handshake, as in package loadgen.
const defaultTimeout = 10 * time.Second

// dialer makes the handshakes, or the calls, of one job.
type dialer struct {
	spec    handshake.Spec
	target  string // host:port
	name    string // that the client asks for, in the TLS handshake and of HTTP/2
	timeout time.Duration
	rst     bool

	source *spiffe.Live
	tokens *app.Tokens // nil: calls bear no JWT-SVID
	keyLog *os.File    // nil unless asked for
	seats  chan *seat  // one for each worker
	all    []*seat
}

// Open is a loadgen.Opener. It waits for an identity, at most ten seconds.
func Open(job loadgen.Job) (loadgen.Engine, error) {
	if err := check(job); err != nil {
		return nil, err
	}
	if job.Spec.Suite != 0 {
		if err := loadgen.PinSuite(job.Spec.Suite); err != nil {
			return nil, err
		}
	}
	d := &dialer{
		spec: job.Spec, target: job.Target, name: cmp.Or(job.ServerName, job.Target),
		timeout: cmp.Or(job.Timeout, defaultTimeout), rst: job.Close == loadgen.RST,
	}
	if err := d.furnish(job); err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return d, nil
}

// check finds what this dialer cannot do.
func check(job loadgen.Job) error {
	s := job.Spec
	switch {
	case job.SPIFFE == nil:
		return errors.New("the dialer spiffegrpc needs the settings of identities")
	case job.Close != loadgen.RST && job.Close != loadgen.FIN:
		return fmt.Errorf("unknown close %q", job.Close)
	case s.Kind != handshake.Full && s.Kind != handshake.Resumed && s.Kind != handshake.Live:
		return fmt.Errorf("handshakes of the kind %s: the dialer spiffegrpc makes full, resumed and live ones", s.Kind)
	case s.Kind == handshake.Resumed && job.SPIFFE.Resumption == spiffe.Off:
		return errors.New("resumed handshakes where resumption is off")
	case s.ALPN != "h2" || job.Offer != nil && !slices.Equal(job.Offer, []string{"h2"}):
		return errors.New("gRPC is spoken over the protocol h2 and no other")
	case !s.Mutual:
		return errors.New("SPIFFE identities are those of both sides: the handshake must be mutual")
	case job.Delay != nil:
		return errors.New("the dialer spiffegrpc delays no ClientHello")
	}
	return nil
}

func (d *dialer) furnish(job loadgen.Job) (err error) {
	ctx, cancel := context.WithTimeout(context.Background(), app.Patience)
	defer cancel()
	if d.source, err = spiffe.Dial(ctx, job.SPIFFE.Socket, app.ClientPath); err != nil {
		return fmt.Errorf("no identity %s from %q: %w", app.ClientPath, job.SPIFFE.Socket, err)
	}
	if job.SPIFFE.JWT {
		if d.tokens, err = app.NewTokens(*job.SPIFFE, d.source); err != nil {
			return err
		}
	}
	if job.KeyLog != "" {
		if d.keyLog, err = os.OpenFile(job.KeyLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600); err != nil {
			return err
		}
	}
	d.seats = make(chan *seat, job.Load.Workers)
	for range job.Load.Workers {
		config, err := d.config(*job.SPIFFE)
		if err != nil {
			return err
		}
		s := newSeat(d, config)
		d.all = append(d.all, s)
		d.seats <- s
	}
	return nil
}

// config is one worker's: sessions to resume are its own.
func (d *dialer) config(s handshake.SPIFFE) (*tls.Config, error) {
	config, err := app.ClientConfig(d.source, s)
	if err != nil {
		return nil, err
	}
	if d.spec.Kind != handshake.Resumed {
		config.ClientSessionCache = nil
	}
	if d.spec.Group != 0 {
		config.CurvePreferences = []tls.CurveID{tls.CurveID(d.spec.Group)}
	}
	if d.keyLog != nil {
		config.KeyLogWriter = d.keyLog
	}
	return config, nil
}

// Fill makes the connections of live calls, and the sessions of resumed handshakes.
func (d *dialer) Fill(ctx context.Context) error {
	if d.spec.Kind == handshake.Full {
		return nil
	}
	began := time.Now()
	now := func() time.Duration { return time.Since(began) }
	for _, s := range d.all {
		ctx, cancel := context.WithTimeout(ctx, d.timeout)
		var err error
		if d.spec.Kind == handshake.Live {
			err = s.connect(ctx)
		} else if err = s.shake(ctx, now, &handshake.Observation{}); errors.Is(err, handshake.ErrMismatch) {
			err = nil // it was full, so that the next one can be resumed
		}
		cancel()
		if err != nil {
			return fmt.Errorf("fill: %w", err)
		}
	}
	return nil
}

// Dial makes one handshake with a call, or one call.
func (d *dialer) Dial(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	s := <-d.seats
	defer func() { d.seats <- s }()
	ctx, cancel := context.WithTimeout(ctx, d.timeout)
	defer cancel()
	if d.spec.Kind == handshake.Live {
		return s.call(ctx, now, o)
	}
	return s.shake(ctx, now, o)
}

// Harvest is described at loadgen.Engine: there are no delays.
func (d *dialer) Harvest() []loadgen.Delayed { return nil }

// Close closes what is open.
func (d *dialer) Close() error {
	var errs []error
	for _, s := range d.all {
		errs = append(errs, s.close())
	}
	if d.tokens != nil {
		errs = append(errs, d.tokens.Close())
	}
	if d.keyLog != nil {
		errs = append(errs, d.keyLog.Close())
	}
	if d.source != nil {
		errs = append(errs, d.source.Close())
	}
	return errors.Join(errs...)
}
