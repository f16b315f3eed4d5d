package spiffegrpc

import (
	"bytes"
	"context"
	"io"
	"net"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// seen is what a client has seen of many calls.
type seen struct {
	calls, failed, expired int
	oldest                 time.Duration
}

// callUntil calls every few milliseconds until a time.
func (l *lab) callUntil(c *Client, until time.Time) (s seen) {
	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for ; time.Now().Before(until); <-ticker.C {
		r, err := c.Call(l.Context())
		s.calls++
		if err != nil {
			s.failed++
			l.Log(err)
			continue
		}
		if r.Left < 0 {
			s.expired++
		}
		s.oldest = max(s.oldest, r.Age)
	}
	return s
}

// TestRenewed has a client that renews: it loses no call, and is never believed longer than its identity lasts.
func TestRenewed(t *testing.T) {
	t.Parallel()
	l := newLab(t, 2*time.Second)
	s := l.settings()
	s.Expiry = true
	got := l.callUntil(l.dial(l.serve(Options{SPIFFE: s}), ClientOptions{}), time.Now().Add(5*time.Second))
	if got.failed > 0 || got.expired > 0 || got.calls == 0 || got.oldest > 3*time.Second {
		t.Errorf("got %+v, want no failed call and none of an expired identity", got)
	}
}

// TestNotClosed is the control of TestRenewed: a connection outlives the identity that it was opened with.
func TestNotClosed(t *testing.T) {
	t.Parallel()
	l := newLab(t, 2*time.Second)
	got := l.callUntil(l.dial(l.serve(Options{}), ClientOptions{}), time.Now().Add(4*time.Second))
	if got.failed > 0 || got.expired == 0 {
		t.Errorf("got %+v, want calls of an expired identity", got)
	}
}

// TestNotRenewed has a client that does not renew: what it has under way is cut off at the end of its identity.
func TestNotRenewed(t *testing.T) {
	t.Parallel()
	l := newLab(t, time.Hour)
	s := l.settings()
	s.Expiry = true
	source := l.fixed(ClientPath, 1, 2*time.Second)
	end := source.svid.Certificates[0].NotAfter
	c := l.dial(l.serve(Options{SPIFFE: s}), ClientOptions{Source: source})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	watch, err := grpc_health_v1.NewHealthClient(c.Connection()).Watch(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, err = watch.Recv()
	}
	if cut := time.Since(end); status.Code(err) != codes.Unavailable || cut < 0 || cut > 5*time.Second {
		t.Errorf("got %v, %v after the end", err, cut)
	}
	if _, err := c.Call(ctx); err == nil {
		t.Error("a call of an expired identity was allowed")
	}
}

func TestUnexpired(t *testing.T) {
	for left, want := range map[time.Duration]bool{time.Minute: true, -time.Nanosecond: false} {
		if d, err := unexpired(t.Context(), Request{NotAfter: time.Now().Add(left)}); err != nil || d.Allow != want {
			t.Errorf("%v left: got %+v, %v", left, d, err)
		}
	}
}

// TestReadiness has a server whose identity is not renewed.
func TestReadiness(t *testing.T) {
	t.Parallel()
	l := newLab(t, time.Hour)
	source := l.fixed(ServerPath, 1, 3*time.Second)
	leaf := source.svid.Certificates[0]
	c := l.dial(l.serve(Options{Source: source}), ClientOptions{})
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	watch, err := grpc_health_v1.NewHealthClient(c.Connection()).Watch(ctx, &grpc_health_v1.HealthCheckRequest{Service: service})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []grpc_health_v1.HealthCheckResponse_ServingStatus{
		grpc_health_v1.HealthCheckResponse_SERVING, grpc_health_v1.HealthCheckResponse_NOT_SERVING,
	} {
		got, err := watch.Recv()
		if err != nil || got.Status != want {
			t.Fatalf("got %v, %v, want %v", got, err, want)
		}
	}
	if !time.Now().Before(leaf.NotAfter) {
		t.Error("ready until the identity had expired")
	}
}

// wires keeps what is written.
type wires struct {
	net.Conn
	bytes.Buffer
}

func (w *wires) Write(b []byte) (int, error) { return w.Buffer.Write(b) }
func (w *wires) Read([]byte) (int, error)    { return 0, io.EOF }

// TestLeave asks for a GOAWAY at every byte of three frames: it comes once, and between two frames.
func TestLeave(t *testing.T) {
	var frames bytes.Buffer
	framer := http2.NewFramer(&frames, nil)
	framer.WriteSettings(http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 14})
	framer.WriteData(1, false, make([]byte, 300))
	framer.WriteSettingsAck()
	text := frames.Bytes()
	for at := range len(text) {
		w := &wires{}
		f := &framed{Conn: w}
		for i := range text {
			if i == at {
				if err := f.Leave(); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := f.Write(text[i : i+1]); err != nil {
				t.Fatal(err)
			}
		}
		if got := goAways(t, &w.Buffer); got != 1 {
			t.Fatalf("asked at byte %d: got %d", at, got)
		}
	}
}

// TestLeaveOnce writes no GOAWAY where grpc-go has written one.
func TestLeaveOnce(t *testing.T) {
	w := &wires{}
	f := &framed{Conn: w}
	framer := http2.NewFramer(f, nil)
	framer.WriteSettings()
	framer.WriteGoAway(3, http2.ErrCodeNo, nil)
	before := w.Len()
	if err := f.Leave(); err != nil || w.Len() != before {
		t.Errorf("got %v, and %d bytes more", err, w.Len()-before)
	}
}

func goAways(t *testing.T, r io.Reader) (n int) {
	t.Helper()
	framer := http2.NewFramer(nil, r)
	for i := 0; ; i++ {
		frame, err := framer.ReadFrame()
		if err == io.EOF && i == 4 {
			return n
		}
		if err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
		if away, ok := frame.(*http2.GoAwayFrame); ok {
			n++
			if i == 0 || away.LastStreamID != 1<<31-1 || away.ErrCode != http2.ErrCodeNo {
				t.Errorf("frame %d: got %v", i, away)
			}
		}
	}
}

func TestMargin(t *testing.T) {
	begin := time.Now()
	for life, want := range map[time.Duration]time.Duration{4 * time.Second: time.Second, time.Hour: time.Minute} {
		if got := margin(begin, begin.Add(life)); got != want {
			t.Errorf("%v: got %v, want %v", life, got, want)
		}
	}
}

// TestAge has a server that lets connections live for a while alone.
func TestAge(t *testing.T) {
	t.Parallel()
	l := newLab(t, time.Hour)
	s := l.settings()
	s.MaxAge, s.Grace, s.Keepalive = 100*time.Millisecond, time.Second, time.Second
	var connections int
	c := l.dial(l.serve(Options{SPIFFE: s}), ClientOptions{Dial: func(ctx context.Context, address string) (net.Conn, error) {
		connections++
		return (&net.Dialer{}).DialContext(ctx, "tcp", address)
	}})
	if got := l.callUntil(c, time.Now().Add(time.Second)); got.failed > 0 || connections < 3 {
		t.Errorf("got %+v over %d connections", got, connections)
	}
}
