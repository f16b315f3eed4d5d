package spiffe

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// stub is a bare client, which sends what it is told to and knows nothing of the Workload API's rules.
func stub(t testing.TB, a *Agent) workload.SpiffeWorkloadAPIClient {
	t.Helper()
	conn, err := grpc.NewClient(a.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return workload.NewSpiffeWorkloadAPIClient(conn)
}

func asked(t testing.TB, header ...string) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), never)
	t.Cleanup(cancel)
	return metadata.NewOutgoingContext(ctx, metadata.Pairs(header...))
}

func x509Answer(ctx context.Context, c workload.SpiffeWorkloadAPIClient) (*workload.X509SVIDResponse, error) {
	stream, err := c.FetchX509SVID(ctx, &workload.X509SVIDRequest{})
	if err != nil {
		return nil, err
	}
	return stream.Recv()
}

func TestSecurityHeader(t *testing.T) {
	c := stub(t, startAgent(t, AgentOptions{Entries: pair}))
	for _, test := range []struct {
		name   string
		header []string
		want   codes.Code
	}{
		{"none", nil, codes.InvalidArgument},
		{"false", []string{"workload.spiffe.io", "false"}, codes.InvalidArgument},
		{"twice", []string{"workload.spiffe.io", "true", "workload.spiffe.io", "true"}, codes.InvalidArgument},
		{"true", []string{"workload.spiffe.io", "true"}, codes.OK},
	} {
		ctx := asked(t, test.header...)
		_, err := x509Answer(ctx, c)
		if got := status.Code(err); got != test.want {
			t.Errorf("header %s: stream %v, want %v", test.name, got, test.want)
		}
		_, err = c.FetchJWTSVID(ctx, &workload.JWTSVIDRequest{Audience: []string{"them"}})
		if got := status.Code(err); got != test.want {
			t.Errorf("header %s: call %v, want %v", test.name, got, test.want)
		}
	}
}

func TestAttestation(t *testing.T) {
	me, _ := os.Executable()
	for _, test := range []struct {
		name  string
		entry Entry
		want  codes.Code
	}{
		{"any", Entry{Path: "/a", UID: -1}, codes.OK},
		{"own user", Entry{Path: "/a", UID: os.Getuid()}, codes.OK},
		{"another user", Entry{Path: "/a", UID: os.Getuid() + 1}, codes.PermissionDenied},
		{"another executable", Entry{Path: "/a", UID: -1, Executable: me + "x"}, codes.PermissionDenied},
	} {
		a := startAgent(t, AgentOptions{Entries: []Entry{test.entry}})
		_, err := x509Answer(asked(t, "workload.spiffe.io", "true"), stub(t, a))
		if got := status.Code(err); got != test.want {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestAnswersOfFaultyAgents(t *testing.T) {
	a := startAgent(t, AgentOptions{Entries: pair, Delay: time.Millisecond})
	c := stub(t, a)
	for _, test := range []struct {
		fault Fault
		code  codes.Code
		ids   []string
		bare  bool // without a bundle
	}{
		{fault: None, ids: []string{"spiffe://lab.example/server", "spiffe://lab.example/client"}},
		{fault: Slow, ids: []string{"spiffe://lab.example/server", "spiffe://lab.example/client"}},
		{fault: Deny, code: codes.PermissionDenied},
		{fault: Reset, code: codes.Unavailable},
		{fault: Empty},
		{fault: TwoSVIDs, ids: []string{"spiffe://lab.example/decoy", "spiffe://lab.example/server", "spiffe://lab.example/client"}},
		{fault: NoBundle, ids: []string{"spiffe://lab.example/server", "spiffe://lab.example/client"}, bare: true},
		{fault: ForeignDomain, ids: []string{"spiffe://stranger.example/server", "spiffe://stranger.example/client"}},
	} {
		a.Fault(test.fault)
		answer, err := x509Answer(asked(t, "workload.spiffe.io", "true"), c)
		if got := status.Code(err); got != test.code {
			t.Errorf("%v: %v, want %v", test.fault, got, test.code)
		}
		if got, want := len(answer.GetSvids()), len(test.ids); got != want {
			t.Fatalf("%v: %d identities, want %d", test.fault, got, want)
		}
		for i, s := range answer.GetSvids() {
			if s.SpiffeId != test.ids[i] || (len(s.Bundle) == 0) != test.bare {
				t.Errorf("%v: %s with %d bytes of bundle, want %s", test.fault, s.SpiffeId, len(s.Bundle), test.ids[i])
			}
		}
	}
}

// TestClientsOfFaultyAgents is what a real source makes of each fault that sets in while it is connected.
func TestClientsOfFaultyAgents(t *testing.T) {
	for _, fault := range []Fault{Reset, Empty, Deny, Slow, TwoSVIDs} {
		a := startAgent(t, AgentOptions{Entries: pair, Delay: time.Millisecond})
		l := dial(t, a, "/client")
		a.Fault(fault)
		a.Rotate()
		if svid, err := l.GetX509SVID(); err != nil || svid.ID.Path() != "/client" {
			t.Errorf("%v: %v, %v", fault, svid, err)
		}
		a.Fault(None)
		generation := a.Rotate()
		until(t, l, func() bool { return l.Serial() == generation })
	}
}

func TestDialTellsWhy(t *testing.T) {
	t.Parallel()
	a := startAgent(t, AgentOptions{Entries: pair})
	ctx, cancel := context.WithTimeout(context.Background(), never)
	defer cancel()
	if _, err := Dial(ctx, a.Address(), "/nobody"); err == nil {
		t.Error("there is an identity that nobody has")
	}
	a.Fault(Deny)
	ctx, cancel = context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_, err := Dial(ctx, a.Address(), "/client")
	if err == nil || !strings.Contains(err.Error(), "PermissionDenied") {
		t.Errorf("%v, want what the agent said", err)
	}
}

func TestStreamsAreBounded(t *testing.T) {
	a := startAgent(t, AgentOptions{Entries: pair, Streams: 2})
	dial(t, a, "/server")
	dial(t, a, "/client")
	if got := a.Streams(); got != 2 {
		t.Fatalf("%d streams, want 2", got)
	}
	_, err := x509Answer(asked(t, "workload.spiffe.io", "true"), stub(t, a))
	if got := status.Code(err); got != codes.ResourceExhausted {
		t.Errorf("one more: %v, want %v", got, codes.ResourceExhausted)
	}
}
