package spiffe

import (
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"github.com/spiffe/go-spiffe/v2/workloadapi"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

func TestTokens(t *testing.T) {
	entries := []Entry{{Path: "/server", UID: -1, Audiences: []string{"them"}}, {Path: "/client", UID: -1, Audiences: []string{"them"}}}
	a := startAgent(t, AgentOptions{Entries: entries})
	ctx := asked(t)
	c, err := workloadapi.New(ctx, workloadapi.WithAddr(a.Address()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	all, err := c.FetchJWTSVIDs(ctx, jwtsvid.Params{Audience: "them"})
	if err != nil || len(all) != 2 {
		t.Fatalf("%d tokens, %v", len(all), err)
	}
	id, _ := a.options.Domain.ID("/client")
	one, err := c.FetchJWTSVID(ctx, jwtsvid.Params{Audience: "them", Subject: id})
	if err != nil || one.ID != id {
		t.Fatalf("token of %v, %v", one, err)
	}
	if got, err := c.ValidateJWTSVID(ctx, one.Marshal(), "them"); err != nil || got.ID != id {
		t.Errorf("validated %v, %v", got, err)
	}
	if _, err := c.ValidateJWTSVID(ctx, one.Marshal(), "others"); status.Code(err) != codes.InvalidArgument {
		t.Errorf("for another audience: %v", err)
	}
	if _, err := c.FetchJWTSVID(ctx, jwtsvid.Params{Audience: "others"}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("an audience that no entry has: %v", err)
	}
	other, _ := spiffeid.FromString("spiffe://foreign.example/client")
	if _, err := c.FetchJWTSVID(ctx, jwtsvid.Params{Audience: "them", Subject: other}); status.Code(err) != codes.PermissionDenied {
		t.Errorf("an ID of another domain: %v", err)
	}
	if _, err := stub(t, a).FetchJWTSVID(asked(t, "workload.spiffe.io", "true"), &workload.JWTSVIDRequest{}); status.Code(err) != codes.InvalidArgument {
		t.Errorf("no audience: %v", err)
	}
}

func TestBundlesArePushed(t *testing.T) {
	foreign := newTestDomain(t, "foreign.example")
	a := startAgent(t, AgentOptions{Entries: []Entry{{Path: "/all", UID: -1}}})
	l := dial(t, a, "/all")
	has := func() bool { _, err := l.GetX509BundleForTrustDomain(foreign.Name()); return err == nil }
	if has() {
		t.Fatal("a foreign bundle out of nowhere")
	}
	a.Federate(foreign.Bundle())
	until(t, l, has)
	ctx := asked(t)
	c, err := workloadapi.New(ctx, workloadapi.WithAddr(a.Address()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if set, err := c.FetchX509Bundles(ctx); err != nil || set.Len() != 2 {
		t.Errorf("X.509 bundles %v, %v", set, err)
	}
	if set, err := c.FetchJWTBundles(ctx); err != nil || set.Len() != 2 {
		t.Errorf("JWT bundles %v, %v", set, err)
	}
	a.Unfederate("foreign.example")
	until(t, l, func() bool { return !has() })

	own := func() string {
		b, err := l.GetX509BundleForTrustDomain(a.options.Domain.Name())
		if err != nil {
			return err.Error()
		}
		return string(concat(b.X509Authorities()))
	}
	before := own()
	a.Withdraw()
	until(t, l, func() bool { return own() != before })
	a.Restore()
	until(t, l, func() bool { return own() == before })
	if err := a.options.Domain.Prepare(time.Now()); err != nil {
		t.Fatal(err)
	}
	until(t, l, func() bool { return own() != before })
}

func TestFederatesWithSome(t *testing.T) {
	entries := []Entry{{Path: "/one", UID: -1, Federates: []string{"b.example"}}}
	a := startAgent(t, AgentOptions{Entries: entries})
	a.Federate(newTestDomain(t, "b.example").Bundle())
	a.Federate(newTestDomain(t, "c.example").Bundle())
	answer, err := x509Answer(asked(t, "workload.spiffe.io", "true"), stub(t, a))
	if err != nil || len(answer.FederatedBundles) != 1 || answer.FederatedBundles["spiffe://b.example"] == nil {
		t.Errorf("%d bundles, %v", len(answer.GetFederatedBundles()), err)
	}
}
