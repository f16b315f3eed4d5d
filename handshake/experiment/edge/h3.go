package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/quic-go/quic-go"
	"github.com/quic-go/quic-go/http3"
)

// serveH3 serves HTTP/3 until it is stopped, and accepts early data. One server at a time has the transport.
func serveH3(on *quic.Transport, config *tls.Config) (stop func(), err error) {
	listener, err := on.ListenEarly(http3.ConfigureTLSConfig(config), &quic.Config{Allow0RTT: true})
	if err != nil {
		return nil, err
	}
	s := &http3.Server{Handler: http.HandlerFunc(answer)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.ServeListener(listener)
	}()
	return func() {
		listener.Close()
		<-done
		s.Close()
	}, nil
}

// visitor makes one request of each connection over QUIC.
type visitor struct {
	address string
	config  *tls.Config
	kept    *shelf // of the config; nil: it keeps no sessions
	early   bool   // the request is early data where there is a session for it
}

// visit returns what its connection came to, which is known too where the request failed after the handshake. Where the
// visitor keeps sessions it waits for the new ticket.
func (v *visitor) visit(ctx context.Context) (state quic.ConnectionState, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var conn *quic.Conn // the last one: the transport makes another where it cannot use the first
	transport := &http3.Transport{TLSClientConfig: v.config, Dial: func(ctx context.Context, address string, config *tls.Config, q *quic.Config) (_ *quic.Conn, err error) {
		if conn != nil {
			conn.CloseWithError(0, "")
		}
		if v.early {
			conn, err = quic.DialAddrEarly(ctx, address, config, q)
		} else {
			conn, err = quic.DialAddr(ctx, address, config, q)
		}
		return conn, err
	}}
	defer transport.Close()
	method := http.MethodGet
	if v.early {
		method = http3.MethodGet0RTT
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://"+v.address, nil)
	if err != nil {
		return state, err
	}
	response, err := transport.RoundTrip(request)
	if err == nil {
		_, err = io.Copy(io.Discard, response.Body)
		response.Body.Close()
	}
	if ctx.Err() != nil || conn == nil { // at the end of ctx the transport may still dial
		return state, errors.Join(err, context.Cause(ctx))
	}
	defer conn.CloseWithError(0, "")
	select {
	case <-conn.HandshakeComplete():
	case <-conn.Context().Done():
		return state, errors.Join(err, context.Cause(conn.Context()))
	case <-ctx.Done():
		return state, context.Cause(ctx)
	}
	if err == nil && v.kept != nil {
		err = v.kept.await(ctx)
	}
	return conn.ConnectionState(), err
}

var _ tls.ClientSessionCache = &shelf{}

// shelf keeps the newest session of one server.
type shelf struct {
	empty bool // it offers none
	put   chan *tls.ClientSessionState
	kept  *tls.ClientSessionState
}

func newShelf() *shelf { return &shelf{put: make(chan *tls.ClientSessionState, 16)} }

// Get implements [tls.ClientSessionCache].
func (s *shelf) Get(string) (*tls.ClientSessionState, bool) {
	if s.empty || s.kept == nil {
		return nil, false
	}
	return s.kept, true
}

// Put implements [tls.ClientSessionCache]. A session that nobody awaits is dropped.
func (s *shelf) Put(_ string, session *tls.ClientSessionState) {
	if session == nil {
		return
	}
	select {
	case s.put <- session:
	default:
	}
}

// await is until a new session has been put.
func (s *shelf) await(ctx context.Context) error {
	late := time.NewTimer(patience)
	defer late.Stop()
	select {
	case s.kept = <-s.put:
		return nil
	case <-late.C:
		return errors.New("the server sent no ticket")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
