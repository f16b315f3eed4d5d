package scenarios

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
)

func TestGatewaySettings(t *testing.T) {
	health := []server.Backend{{Protocol: "h2", URL: "http://127.0.0.1:1"}}
	base := server.Gateway{Prefer: "health", Health: health, Every: time.Second}
	for _, tt := range []struct {
		variant string
		want    *server.Gateway
	}{
		{"", &base},
		{"gateway: {config: none, every: 50ms}", &server.Gateway{Prefer: "health", Health: health, Every: 50 * time.Millisecond}},
		{"gateway: {config: swapped}", &server.Gateway{Config: "swapped", Prefer: "health", Health: health, Every: time.Second}},
		{"app: plain", nil},
		{"app: spiffegrpc", nil},
	} {
		s := parsed(t, "load: {}\nserver: {app: gateway, gateway: {prefer: health, health: [{protocol: h2, url: 'http://127.0.0.1:1'}], every: 1s}}\n"+
			"variants: [{name: a, server: {"+tt.variant+"}}, {name: b, extends: a}, {name: c}]")
		for i, want := range []*server.Gateway{tt.want, tt.want, &base} {
			if got := s.Variants[i].Server.Gateway; !reflect.DeepEqual(got, want) {
				t.Errorf("{%s}: %s has %+v, want %+v", tt.variant, s.Variants[i].Name, got, want)
			}
		}
	}
}

func TestSPIFFESettings(t *testing.T) {
	base := handshake.SPIFFE{Domain: "lab.example", TTL: 3 * time.Second, Resumption: "epoch"}
	for _, tt := range []struct {
		variant string
		want    *handshake.SPIFFE
	}{
		{"", nil},
		{"app: gateway", nil},
		{"app: spiffegrpc", &base},
		{"app: spiffegrpc, spiffe: {resumption: default, policy: none, jwt: true}", &handshake.SPIFFE{Domain: "lab.example", TTL: 3 * time.Second, JWT: true}},
	} {
		s := parsed(t, "load: {}\nserver: {accel: auto, spiffe: {ttl: 3s, resumption: epoch}}\n"+
			"variants: [{name: a, server: {"+tt.variant+"}}, {name: b, extends: a}, {name: c, server: {app: spiffegrpc}}, {name: d}]")
		for i, want := range []*handshake.SPIFFE{tt.want, tt.want, &base, nil} {
			v := s.Variants[i]
			if got := v.Server.SPIFFE; !reflect.DeepEqual(got, want) {
				t.Errorf("{%s}: %s has %+v, want %+v", tt.variant, v.Name, got, want)
			}
			if got, want := v.Server.Accel, map[bool]string{true: "auto"}[want == nil]; got != want {
				t.Errorf("{%s}: %s has accel %q, want %q", tt.variant, v.Name, got, want)
			}
		}
	}
	s := parsed(t, "variants: [{name: a, server: {app: spiffegrpc}}]\nload: {}")
	if want := defaultSPIFFE(); *s.Variants[0].Server.SPIFFE != want {
		t.Errorf("got %+v, want %+v", s.Variants[0].Server.SPIFFE, want)
	}
}

// What a variant extends is its own: writing through one must not reach the other.
func TestCloneIsDeep(t *testing.T) {
	s := parsed(t, `
load: {}
variants:
  - name: a
    server: {app: gateway, gateway: {prefer: health, health: [{protocol: h2, url: "http://127.0.0.1:1"}]}}
    offer: [h2]
  - {name: b, extends: a}
  - {name: c, server: {app: spiffegrpc}}
`)
	a, b := s.Variants[0], s.Variants[1]
	b.Offer[0], b.Server.Gateway.Config, b.Server.Gateway.Health[0].Protocol = "x", "clone", "x"
	if a.Offer[0] != "h2" || a.Server.Gateway.Config != "" || a.Server.Gateway.Health[0].Protocol != "h2" {
		t.Errorf("a has the offer %q and %+v of b", a.Offer, a.Server.Gateway)
	}
	c := s.Variants[2].clone()
	c.Server.SPIFFE.TTL = time.Second
	if got := s.Variants[2].Server.SPIFFE.TTL; got != 0 {
		t.Errorf("c has the ttl %s of its clone", got)
	}
}

// Servers offer what their app speaks; the cells of gRPC alone are what gRPC negotiates.
func TestSettle(t *testing.T) {
	for _, tt := range []struct {
		text   string
		offers []string
		spec   string
	}{
		{"variants: [{name: a}]", nil, "full/X25519MLKEM768/ecdsa-p256/server-auth"},
		{"variants: [{name: a, server: {app: gateway}}]", []string{"h2", "http/1.1"}, "full/X25519MLKEM768/ecdsa-p256/server-auth"},
		{"variants: [{name: a, server: {app: gateway, alpn: h2}}]", []string{"h2"}, "full/X25519MLKEM768/ecdsa-p256/server-auth"},
		{
			"variants: [{name: a, server: {app: gateway}}]\ncells: {alpn: h3}",
			[]string{"h2", "http/1.1", "h3"}, "full/X25519MLKEM768/ecdsa-p256/server-auth/alpn=h3",
		},
		{
			"variants: [{name: a, server: {app: gateway}}]\ncells: {include: [{kind: early, alpn: h3}]}",
			[]string{"h2", "http/1.1", "h3"}, "full/X25519MLKEM768/ecdsa-p256/server-auth",
		},
		{"variants: [{name: a, server: {app: spiffegrpc}}]", []string{"h2"}, "full/X25519MLKEM768/ecdsa-p256/mutual/alpn=h2"},
		{"variants: [{name: a, server: {app: spiffegrpc}}]\ncells: {kind: live}", []string{"h2"}, "live/X25519MLKEM768/ecdsa-p256/mutual/alpn=h2"},
	} {
		s := parsed(t, "load: {}\n"+tt.text)
		if got := s.Variants[0].Server.ALPN; !slices.Equal(got, tt.offers) {
			t.Errorf("%s: the server offers %q, want %q", tt.text, got, tt.offers)
		}
		if got := s.points[0].spec.String(); got != tt.spec {
			t.Errorf("%s: got the cell %s, want %s", tt.text, got, tt.spec)
		}
	}
}

func TestDialerOf(t *testing.T) {
	for _, tt := range []struct {
		named, app, alpn, want string
	}{
		{"auto", "plain", "", "stock"},
		{"auto", "gateway", "h2", "stock"},
		{"auto", "gateway", "h3", "h3"},
		{"auto", "spiffegrpc", "h2", "spiffegrpc"},
		{"stock", "gateway", "", "stock"},
		{"h3", "gateway", "h3", "h3"},
	} {
		if got := (Client{Dialer: tt.named}).DialerOf(tt.app, handshake.Spec{ALPN: tt.alpn}); got != tt.want {
			t.Errorf("%s, %s, %s: got %s, want %s", tt.named, tt.app, tt.alpn, got, tt.want)
		}
	}
	parsed(t, "variants: [{name: a, server: {app: gateway}}]\nload: {}\nclient: {dialer: h3}\ncells: {alpn: h3, kind: [full, early]}")
}

func TestUncounted(t *testing.T) {
	p := planned(t, "variants: [{name: a}, {name: b, server: {app: gateway}}]\nload: {}\ninstruments: {exact: auto}", linux())
	if want := []string{"b has no exact counts: they are of the app plain, and it is gateway"}; !slices.Equal(p.Warnings, want) {
		t.Errorf("got warnings %q, want %q", p.Warnings, want)
	}
}
