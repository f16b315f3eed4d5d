package staple_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tlslab/tlslab/handshake/staple"
)

// source is a responder in the process whose answers a test may change.
type source struct {
	mu      sync.Mutex
	answer  func() ([]byte, error)
	fetched []time.Time
}

func (s *source) fetch(context.Context) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fetched = append(s.fetched, time.Now())
	return s.answer()
}

func (s *source) will(answer func() ([]byte, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = answer
}

// run keeps a staple until the test ends.
func run(t *testing.T, s *staple.Stapler) {
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	synctest.Wait()
}

// In a bubble, no time passes but what a test sleeps, so every instant is exact.
func TestStaplerRefreshes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := newAuthority(t, "root")
		leaf := a.leaf(t, 7).certificate
		r := a.responder(t)
		r.Set(leaf.SerialNumber, staple.Good)
		sign := func() ([]byte, error) { return r.Respond(leaf.SerialNumber, time.Now(), time.Hour) }
		down := func() ([]byte, error) { return nil, errors.New("down") }
		s := &source{answer: sign}
		stapler := staple.NewStapler(leaf, a.certificate, s.fetch)
		if stapler.Staple() != nil {
			t.Error("a staple before it ran")
		}
		run(t, stapler)
		began := time.Now()
		check := func(want error, refreshes, failures uint64) {
			t.Helper()
			synctest.Wait()
			if err := staple.Check(stapler.Staple(), leaf, a.certificate, time.Now()); !errors.Is(err, want) {
				t.Errorf("after %v: got %v, want %v", time.Since(began), err, want)
			}
			if gotR, gotF := stapler.Counts(); gotR != refreshes || gotF != failures {
				t.Errorf("after %v: got %d refreshes, %d failures, want %d, %d", time.Since(began), gotR, gotF, refreshes, failures)
			}
		}
		check(nil, 1, 0)
		time.Sleep(30*time.Minute - time.Second)
		check(nil, 1, 0)
		time.Sleep(time.Second) // half of the validity
		check(nil, 2, 0)
		s.will(down)
		time.Sleep(30 * time.Minute)
		check(nil, 2, 1)
		time.Sleep(100 * time.Millisecond)
		check(nil, 2, 2)
		time.Sleep(200 * time.Millisecond)
		check(nil, 2, 3)
		time.Sleep(30 * time.Minute) // the staple is stale: 2 more in each minute after 0.1 + 0.2 + ... + 51.2 s
		_, failures := stapler.Counts()
		check(staple.ErrMissing, 2, failures)
		if failures < 30 || failures > 42 {
			t.Errorf("%d tries in 30 minutes, want one a minute at last", failures)
		}
		s.will(sign)
		time.Sleep(time.Minute)
		check(nil, 3, failures)
	})
}

// Whatever a responder says, or somebody in its place, handshakes have the staple that was last believed, or none.
func TestStaplerBelieves(t *testing.T) {
	a := newAuthority(t, "root")
	leaf := a.leaf(t, 7).certificate
	for name, tt := range staples(t, a, leaf) {
		s := &source{answer: func() ([]byte, error) { return tt.bytes, nil }}
		stapler := staple.NewStapler(leaf, a.certificate, s.fetch)
		stapler.Refresh(t.Context())
		believed := tt.want == nil || errors.Is(tt.want, staple.ErrRevoked) || errors.Is(tt.want, staple.ErrUnknown)
		if got := stapler.Staple() != nil; got != believed {
			t.Errorf("%s: got a staple: %t, want %t", name, got, believed)
		}
	}
}

func TestStaplerKeepsTheNewest(t *testing.T) {
	a := newAuthority(t, "root")
	leaf := a.leaf(t, 7).certificate
	r := a.responder(t)
	r.Set(leaf.SerialNumber, staple.Good)
	old := said(t, r, leaf, time.Now().Add(-time.Minute))
	r.Set(leaf.SerialNumber, staple.Revoked)
	newer := said(t, r, leaf, time.Now())
	s := &source{answer: func() ([]byte, error) { return newer, nil }}
	stapler := staple.NewStapler(leaf, a.certificate, s.fetch)
	stapler.Refresh(t.Context())
	s.will(func() ([]byte, error) { return old, nil })
	if wait := stapler.Refresh(t.Context()); wait != 0 || string(stapler.Staple()) != string(newer) {
		t.Errorf("an older staple took the place of a newer one, for %v", wait)
	}
}

func TestStaplerCertificate(t *testing.T) {
	a := newAuthority(t, "root")
	server, other := a.leaf(t, 7), a.leaf(t, 8)
	fresh := good(t, a.responder(t), server.certificate)
	stapler := staple.NewStapler(server.certificate, a.certificate, func(context.Context) ([]byte, error) { return fresh, nil })
	stapler.Refresh(t.Context())
	own, foreign := server.tls(), other.tls()
	foreign.OCSPStaple = fresh
	if got := stapler.Certificate(&own); string(got.OCSPStaple) != string(fresh) || own.OCSPStaple != nil {
		t.Error("its own certificate is to have the staple, in a copy")
	}
	if got := stapler.Certificate(&foreign); got.OCSPStaple != nil {
		t.Error("another certificate has its staple")
	}
}

// Handshakes go on while staples change.
func TestStaplerServes(t *testing.T) {
	a := newAuthority(t, "root")
	server := a.leaf(t, 7)
	r := a.responder(t)
	r.Set(server.certificate.SerialNumber, staple.Good)
	stapler := staple.NewStapler(server.certificate, a.certificate, func(context.Context) ([]byte, error) {
		return r.Respond(server.certificate.SerialNumber, time.Now(), time.Hour)
	})
	stapler.Refresh(t.Context())
	c := server.tls()
	to := listenWith(t, &tls.Config{GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
		return stapler.Certificate(&c), nil
	}})
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	var clients sync.WaitGroup
	for range 4 {
		clients.Go(func() {
			for range 10 {
				config := staple.Demand(&tls.Config{RootCAs: pool, ServerName: "server.lab.example"})
				if _, err := dial(to, config); err != nil {
					t.Error(err)
				}
				stapler.Refresh(t.Context())
			}
		})
	}
	clients.Wait()
}
