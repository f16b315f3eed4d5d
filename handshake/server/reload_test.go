package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// shelf is files that a server reloads, with who issues what is in them.
type shelf struct {
	t         *testing.T
	place     rotation.Place
	authority *rotation.Authority
	client    *tls.Config
	seen      tls.ConnectionState // of the last handshake
}

func newShelf(t *testing.T) *shelf {
	t.Helper()
	a, err := rotation.NewAuthority(time.Now(), handshake.ECDSAP256, "edge.example.test")
	if err != nil {
		t.Fatal(err)
	}
	s := &shelf{t: t, place: rotation.Place{Dir: t.TempDir(), Method: rotation.Rename}, authority: a}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(a.Roots())
	s.client = &tls.Config{RootCAs: roots, ServerName: "edge.example.test", VerifyConnection: func(c tls.ConnectionState) error {
		s.seen = c
		return nil
	}}
	if err := s.place.Prepare(s.issue(1)); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *shelf) issue(generation uint64) rotation.Material {
	s.t.Helper()
	m, err := s.authority.Issue(generation)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// rotate gives the certificate a time that differs from that of the one before, whatever the file system's clock says:
// polls see nothing else.
func (s *shelf) rotate(m rotation.Material) {
	s.t.Helper()
	if _, err := rotation.Take(s.place.Steps(m)); err != nil {
		s.t.Fatal(err)
	}
	later := time.Now().Add(time.Duration(m.Generation) * time.Second)
	if err := os.Chtimes(s.place.Files().Certificate, later, later); err != nil {
		s.t.Fatal(err)
	}
}

func (s *shelf) settings(strategy string) Settings {
	return Settings{App: "plain", Reload: &reload.Settings{Strategy: strategy, Files: s.place.Files()}}
}

// shows makes a handshake and checks which generation it shows.
func (s *shelf) shows(c *child, want uint64) {
	s.t.Helper()
	if err := c.shake(s.client); err != nil {
		s.t.Fatal(err)
	}
	if got := s.seen.PeerCertificates[0].SerialNumber.Uint64(); got != want {
		s.t.Errorf("the handshake shows generation %d, want %d", got, want)
	}
}

func TestReloadByCommand(t *testing.T) {
	s := newShelf(t)
	c := start(t, s.settings(reload.CommandBoot))
	clock := handshake.NewClock()
	s.shows(c, 1)
	c.do("begin")
	s.rotate(s.issue(2))
	s.shows(c, 1)
	before := clock.Now()
	c.do("reload")
	after := clock.Now()
	s.shows(c, 2)
	s.rotate(rotation.Material{Generation: 3, Certificate: s.issue(3).Certificate})
	if r := c.say(Request{Do: "reload"}); r.Error == "" {
		t.Error("a pair that does not match was believed")
	}
	s.shows(c, 2)
	report := c.do("end").Report
	if l := report.Ledger; l.Completed != 3 || l.Rejected != 0 || l.Shape.Signatures["ecdsa-p256"] != 3 {
		t.Errorf("ledger: %+v", l)
	}
	r := report.Reload
	if r.Generation != 2 || r.Reloads["ok"] != 1 || r.Failing == "" || r.Reloads["refused: "+r.Failing] != 1 || len(r.Reloads) != 2 {
		t.Errorf("reload: %+v", r)
	}
	if len(r.Published) != 1 || r.Published[0].Generation != 2 || r.Published[0].At < before || r.Published[0].At > after {
		t.Errorf("published %+v, want generation 2 between %v and %v", r.Published, before, after)
	}
	c.do("begin")
	if r := c.do("end").Report.Reload; r.Generation != 2 || len(r.Reloads) != 0 || len(r.Published) != 0 {
		t.Errorf("a stretch in which nothing happened: %+v", r)
	}
}

// A lazy strategy is asked in each handshake, under mutual authentication and beside a new ticket key every moment.
func TestReloadInHandshake(t *testing.T) {
	s := newShelf(t)
	presented, err := s.authority.Client(1)
	if err != nil {
		t.Fatal(err)
	}
	pair, err := tls.X509KeyPair(presented.Certificate, presented.Key)
	if err != nil {
		t.Fatal(err)
	}
	s.client.Certificates = []tls.Certificate{pair}
	settings := s.settings(reload.PollShipped)
	settings.Mutual, settings.Tickets, settings.Rotate = true, true, time.Millisecond
	c := start(t, settings)
	c.do("begin")
	s.shows(c, 1)
	s.rotate(s.issue(2))
	s.shows(c, 2)
	s.client.Certificates = nil
	if err := c.shake(s.client); err == nil {
		t.Error("a client without a certificate was confirmed")
	}
	report := c.do("end").Report
	if l := report.Ledger; l.Shape.Mutual != 2 || l.Rejected != 1 || report.Reload.Generation != 2 {
		t.Errorf("ledger %+v, reload %+v", l, report.Reload)
	}
}

func TestNothingToCommand(t *testing.T) {
	s := newShelf(t)
	for _, tt := range []struct {
		settings Settings
		want     string
	}{
		{setup(t).settings, "certificates do not change"},
		{s.settings(reload.Static), "the strategy takes no commands"},
	} {
		c := start(t, tt.settings)
		if r := c.say(Request{Do: "reload"}); r.Error != tt.want {
			t.Errorf("got %q, want %q", r.Error, tt.want)
		}
		c.do("begin")
		if got := c.do("end").Report.Reload; (got == nil) != (tt.settings.Reload == nil) {
			t.Errorf("the report has %+v", got)
		}
	}
}

func TestReloadIsRefused(t *testing.T) {
	s := newShelf(t)
	accelerated, mutual, absent := s.settings(reload.Static), s.settings(reload.Static), s.settings(reload.Static)
	accelerated.Accel = "auto"
	mutual.Mutual, mutual.Reload.Files.Authorities = true, ""
	absent.Reload.Files.Key += ".absent"
	for want, settings := range map[string]Settings{
		"accel auto: it signs with one key":          accelerated,
		"mutual: no file of certificate authorities": mutual,
		"reload: open ": absent,
		`reload: unknown reload strategy "nonesuch"`: s.settings("nonesuch"),
	} {
		if p, err := newHouse(t.Context(), settings, apps); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("got %v, %v, want %s", p, err, want)
		}
	}
}

// A plant that changes what is served changes the certificate of now.
func TestPlantOfReloading(t *testing.T) {
	s := newShelf(t)
	c := start(t, s.settings(reload.PollShipped))
	if r := c.say(Request{Do: "plant", Plant: &Plant{Component: "bytes", Count: 1000, Every: 2}}); r.Error != "" {
		t.Fatal(r.Error)
	}
	for generation := uint64(1); generation <= 4; generation++ {
		s.rotate(s.issue(generation))
		s.shows(c, generation)
		if got, want := len(s.seen.OCSPResponse), int(1000*((generation+1)%2)); got != want {
			t.Errorf("generation %d has %d bytes stapled to it, want %d", generation, got, want)
		}
	}
}

// Handshakes with a key that came by reloading have the phases of any other. That of signing ends in the last one.
func TestPhasesOfReloading(t *testing.T) {
	s := newShelf(t)
	settings := s.settings(reload.PollShipped)
	settings.Tickets = true
	config, err := settings.config()
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := settings.reloading(config, handshake.NewClock()); err != nil {
		t.Fatal(err)
	}
	config.SetSessionTicketKeys([][32]byte{ticketKey()})
	follow(config, &plants{})
	s.client.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	for _, want := range []string{"finish full", "resume resumed"} {
		serveOne(t, config, s.client, func() {
			if got := ownLabels(t); got != want {
				t.Errorf("the handshake ends in the phase %q, want %q", got, want)
			}
		})
	}
}

// dying is a strategy that follows its files for a while.
type dying struct {
	reload.Strategy
	why error
}

func (d dying) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-time.After(time.Second):
		return d.why
	}
}

// A strategy that dies is in the report, without the path that it died over; one that ended with the server is not.
func TestStrategyThatDies(t *testing.T) {
	lost := &os.PathError{Op: "watch", Path: "/somewhere", Err: errors.New("gone")}
	for _, tt := range []struct {
		after time.Duration
		why   error
		want  string
	}{
		{time.Hour, lost, "follows the files no more: watch: gone"},
		{time.Hour, errors.New("panic: no file"), "follows the files no more: panic: no file"},
		{time.Millisecond, lost, ""},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), tt.after)
			defer cancel()
			r := &reloading{Strategy: dying{why: tt.why}, book: &reload.Book{}}
			r.run(ctx)
			if got := r.end().Failing; got != tt.want {
				t.Errorf("after %v: %q, want %q", tt.after, got, tt.want)
			}
		})
	}
}
