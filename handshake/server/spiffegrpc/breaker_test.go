package spiffegrpc

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"google.golang.org/grpc/status"
)

var client = spiffeid.RequireFromString("spiffe://lab.example/client")

// hand is a handshake with the key of a number, of a certificate that is valid since then.
func hand(key byte, notBefore time.Time) caller {
	return caller{id: client, serial: uint64(key), notBefore: notBefore, key: [32]byte{key}}
}

func (b *breaker) reason(serial uint64) string {
	d, _ := b.check(context.Background(), Request{Caller: client, Serial: serial})
	return d.Reason
}

func (b *breaker) told(allow bool) { b.tell(Record{Caller: client, Decision: Decision{Allow: allow}}) }

// TestTwoKeys isolates an identity whose older key shakes hands when the newer one has been there for long, lets one
// call through for trial when it has cooled, and then all.
func TestTwoKeys(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(Limits{Overlap: time.Second, Cool: 5 * time.Second})
		old := hand(1, time.Now())
		b.meet(old)
		time.Sleep(time.Minute)
		b.meet(hand(2, time.Now()))
		time.Sleep(time.Second)
		b.meet(old)
		if got := b.reason(1); got != "" {
			t.Errorf("within the overlap: got %q", got)
		}
		time.Sleep(time.Millisecond)
		resumed := old
		resumed.resumed = true
		b.meet(resumed)
		if got := b.reason(1); got != "" {
			t.Errorf("resumed: got %q", got)
		}
		b.meet(old)
		if got, want := b.reason(2), isolated+twoKeys; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		time.Sleep(5 * time.Second)
		if got := []string{b.reason(2), b.reason(2)}; got[0] != "" || got[1] == "" {
			t.Errorf("half open: got %q, want one call let through", got)
		}
		b.told(true)
		if got := b.reason(2); got != "" {
			t.Errorf("after the trial: got %q", got)
		}
	})
}

func TestBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBreaker(Limits{Burst: 3, Window: time.Second, Cool: 5 * time.Second})
		for range 10 { // not a burst
			b.told(false)
			time.Sleep(600 * time.Millisecond)
		}
		if got := b.reason(1); got != "" {
			t.Errorf("got %q", got)
		}
		time.Sleep(2 * time.Second)
		for range 3 {
			b.told(false)
		}
		if got, want := b.reason(1), isolated+manyRefusals; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		time.Sleep(5 * time.Second)
		b.reason(1)
		b.told(false)
		if got := b.reason(1); got == "" {
			t.Error("free after a trial that was refused")
		}
		other := spiffeid.RequireFromString("spiffe://lab.example/other")
		if d, _ := b.check(t.Context(), Request{Caller: other}); !d.Allow {
			t.Errorf("another identity: got %+v", d)
		}
	})
}

// TestRotationsAreNormal rotates a hundred times, at any pace, with handshakes of the older key that come late.
func TestRotationsAreNormal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, pace := range []time.Duration{time.Millisecond, 300 * time.Millisecond, time.Hour} {
			b := newBreaker(Limits{})
			for i := range byte(100) {
				b.meet(hand(i, time.Now().Truncate(time.Second)))
				if i > 0 {
					b.meet(hand(i-1, time.Now().Add(-pace).Truncate(time.Second)))
				}
				b.meet(hand(i, time.Now().Truncate(time.Second)))
				if got := b.reason(uint64(i)); got != "" {
					t.Fatalf("every %v: rotation %d: got %q", pace, i, got)
				}
				time.Sleep(pace)
			}
		}
	})
}

// TestNeverIssued isolates who comes with a certificate that the agent does not know.
func TestNeverIssued(t *testing.T) {
	l := newLab(t, time.Hour)
	s := l.settings()
	s.Breaker = true
	issued := func(_ spiffeid.ID, serial uint64) bool { return serial != 999 }
	address := l.serve(Options{SPIFFE: s, Breaker: Limits{Issued: issued, Grace: 50 * time.Millisecond, Overlap: time.Hour}})
	stolen := l.dial(address, ClientOptions{Source: l.fixed(ClientPath, 999, time.Hour)})
	got := l.callUntil(stolen, time.Now().Add(500*time.Millisecond))
	if got.failed == 0 || got.failed == got.calls {
		t.Errorf("got %+v, want calls refused after the grace", got)
	}
	_, err := l.dial(address, ClientOptions{}).Call(t.Context())
	if got, want := status.Convert(err).Message(), isolated+unknownSerial; got != want {
		t.Errorf("the identity's owner: got %q, want %q", got, want)
	}
	if _, err := l.dial(address, ClientOptions{Path: "/other"}).Call(t.Context()); err != nil {
		t.Errorf("another identity: %v", err)
	}
}

// TestBreakerOff is the control of TestNeverIssued.
func TestBreakerOff(t *testing.T) {
	l := newLab(t, time.Hour)
	issued := func(spiffeid.ID, uint64) bool { return false }
	c := l.dial(l.serve(Options{Breaker: Limits{Issued: issued, Grace: time.Nanosecond}}), ClientOptions{})
	if got := l.callUntil(c, time.Now().Add(100*time.Millisecond)); got.failed > 0 {
		t.Errorf("got %+v", got)
	}
}

func TestRecordsAreBounded(t *testing.T) {
	b := newBreaker(Limits{})
	for i := range 2 * maxRecords {
		id, err := spiffeid.FromPathf(client.TrustDomain(), "/%d", i)
		if err != nil {
			t.Fatal(err)
		}
		b.tell(Record{Caller: id})
	}
	if got := len(b.records); got != maxRecords {
		t.Errorf("got %d records, want %d", got, maxRecords)
	}
}
