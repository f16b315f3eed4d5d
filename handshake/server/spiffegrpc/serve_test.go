package spiffegrpc

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/x509bundle"
	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"
	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/structpb"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

const domainName = "lab.example"

// lab is a trust domain with an agent that serves it.
type lab struct {
	*testing.T
	domain *spiffe.Domain
	agent  *spiffe.Agent
}

func newLab(t *testing.T, ttl time.Duration) *lab {
	t.Helper()
	domain, err := spiffe.NewDomain(domainName, handshake.ECDSAP256, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	agent, err := spiffe.NewAgent(spiffe.AgentOptions{
		Socket: filepath.Join(t.TempDir(), "agent.sock"),
		Domain: domain,
		Entries: []spiffe.Entry{
			{Path: ServerPath, UID: -1, TTL: ttl}, {Path: ClientPath, UID: -1, TTL: ttl}, {Path: "/other", UID: -1, TTL: ttl},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(agent.Stop)
	return &lab{t, domain, agent}
}

// settings are those of both sides.
func (l *lab) settings() handshake.SPIFFE {
	return handshake.SPIFFE{Socket: l.agent.Address(), Domain: domainName}
}

// serve serves until the test ends, and returns the address.
func (l *lab) serve(o Options) string {
	l.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	if o.SPIFFE.Socket == "" {
		o.SPIFFE.Socket, o.SPIFFE.Domain = l.agent.Address(), domainName
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error)
	go func() { served <- Serve(ctx, listener, o) }()
	l.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			l.Errorf("serve: %v", err)
		}
	})
	return listener.Addr().String()
}

func (l *lab) dial(address string, o ClientOptions) *Client {
	l.Helper()
	if o.SPIFFE.Socket == "" {
		o.SPIFFE.Socket, o.SPIFFE.Domain = l.agent.Address(), domainName
	}
	c, err := Dial(l.Context(), address, o)
	if err != nil {
		l.Fatal(err)
	}
	l.Cleanup(func() { c.Close() })
	return c
}

// fixed is a source that never changes.
type fixed struct {
	svid   *x509svid.SVID
	domain *spiffe.Domain
}

func (f fixed) GetX509SVID() (*x509svid.SVID, error) { return f.svid, nil }
func (f fixed) GetX509BundleForTrustDomain(spiffeid.TrustDomain) (*x509bundle.Bundle, error) {
	return f.domain.Bundle().X509Bundle(), nil
}
func (f fixed) Close() error { return nil }

func (l *lab) fixed(path string, serial uint64, life time.Duration) fixed {
	l.Helper()
	now := time.Now()
	svid, err := l.domain.SVID(path, serial, now, now.Add(life))
	if err != nil {
		l.Fatal(err)
	}
	return fixed{svid, l.domain}
}

func TestCall(t *testing.T) {
	l := newLab(t, time.Hour)
	c := l.dial(l.serve(Options{}), ClientOptions{})
	for range 2 {
		r, err := c.Call(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Caller != "spiffe://lab.example/client" || r.Serial == 0 || r.Presented == 0 || r.Resumed {
			t.Errorf("got %+v", r)
		}
		if r.Left <= 0 || r.Left > time.Hour+time.Second || r.Age > time.Hour {
			t.Errorf("got an identity of the age %v with %v left", r.Age, r.Left)
		}
	}
}

// TestWho refuses callers in handshakes and calls, each by what is on.
func TestWho(t *testing.T) {
	l := newLab(t, time.Hour)
	failing := func(context.Context, Request) (Decision, error) {
		return Decision{Allow: true}, errors.New("no answer")
	}
	for _, test := range []struct {
		name, path string
		settings   handshake.SPIFFE
		code       codes.Code
		reason     string
	}{
		{"any of the domain", "/other", handshake.SPIFFE{}, codes.OK, ""},
		{"the one named", ClientPath, handshake.SPIFFE{Peer: "spiffe://lab.example/client"}, codes.OK, ""},
		{"another than named", "/other", handshake.SPIFFE{Peer: "spiffe://lab.example/client"}, codes.Unavailable, ""},
		{"by function", ClientPath, handshake.SPIFFE{Policy: "function"}, codes.OK, ""},
		{"not by function", "/other", handshake.SPIFFE{Policy: "function"}, codes.PermissionDenied, "method not allowed"},
		{"policy fails", ClientPath, handshake.SPIFFE{Policy: "failing"}, codes.PermissionDenied, "policy failed"},
		{"no token", ClientPath, handshake.SPIFFE{JWT: true}, codes.PermissionDenied, "no JWT-SVID"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := test.settings
			s.Socket, s.Domain = l.agent.Address(), domainName
			address := l.serve(Options{SPIFFE: s, Policies: map[string]Policy{"failing": failing}})
			_, err := l.dial(address, ClientOptions{Path: test.path}).Call(t.Context())
			if got := status.Convert(err); got.Code() != test.code || test.reason != "" && got.Message() != test.reason {
				t.Errorf("got %v, want %v %s", err, test.code, test.reason)
			}
		})
	}
}

// TestDomains refuses an identity of another trust domain.
func TestDomains(t *testing.T) {
	l, other := newLab(t, time.Hour), (*lab)(nil)
	domain, err := spiffe.NewDomain("other.example", handshake.ECDSAP256, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	other = &lab{t, domain, l.agent}
	c := l.dial(l.serve(Options{}), ClientOptions{Source: other.fixed(ClientPath, 1, time.Hour)})
	if _, err := c.Call(t.Context()); status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, want a handshake that fails", err)
	}
}

// TestAuthorizedNoMore asks the authoriser for each call, over a connection that it let in.
func TestAuthorizedNoMore(t *testing.T) {
	l := newLab(t, time.Hour)
	policy := spiffe.NewPolicy(tlsconfig.AuthorizeAny())
	c := l.dial(l.serve(Options{Authorize: policy.Authorize}), ClientOptions{})
	if _, err := c.Call(t.Context()); err != nil {
		t.Fatal(err)
	}
	policy.Set(tlsconfig.AuthorizeOneOf())
	if _, err := c.Call(t.Context()); status.Code(err) != codes.PermissionDenied {
		t.Errorf("got %v, want %v", err, codes.PermissionDenied)
	}
}

func TestNoIdentity(t *testing.T) {
	l := newLab(t, time.Hour)
	socket := "unix://" + filepath.Join(t.TempDir(), "nobody.sock")
	for _, test := range []struct {
		name    string
		options Options
		want    string
	}{
		{"no agent", Options{SPIFFE: handshake.SPIFFE{Socket: socket}}, socket},
		{"expired", Options{Source: l.fixed(ServerPath, 1, -time.Second)}, "has expired"},
		{"another domain", Options{SPIFFE: handshake.SPIFFE{Socket: l.agent.Address(), Domain: "other.example"}}, "not of other.example"},
		{"unknown policy", Options{SPIFFE: handshake.SPIFFE{Socket: l.agent.Address(), Policy: "opa"}}, `no policy "opa"`},
		{"unknown resumption", Options{SPIFFE: handshake.SPIFFE{Socket: l.agent.Address(), Resumption: "hope"}}, "hope"},
		{"unknown tracing", Options{SPIFFE: handshake.SPIFFE{Socket: l.agent.Address(), Tracing: "paper"}}, "paper"},
	} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		test.options.Patience = 200 * time.Millisecond
		err = Serve(t.Context(), listener, test.options)
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
		if conn, err := net.Dial("tcp", listener.Addr().String()); err == nil {
			conn.Close()
			t.Errorf("%s: the listener is open", test.name)
		}
	}
}

// TestRotation calls without a pause while identities rotate: no call fails and the breaker sees nothing.
func TestRotation(t *testing.T) {
	l := newLab(t, time.Hour)
	issued := func(id spiffeid.ID, serial uint64) bool {
		for _, p := range l.agent.Pushes() {
			if p.Path == id.Path() && p.Serial == serial {
				return true
			}
		}
		return false
	}
	s := l.settings()
	s.Breaker, s.Expiry, s.Policy = true, true, "function"
	address := l.serve(Options{SPIFFE: s, Breaker: Limits{Issued: issued, Overlap: 100 * time.Millisecond}})
	live, stop := l.dial(address, ClientOptions{}), atomic.Bool{}
	done := make(chan int)
	go func() {
		n := 0
		for ; !stop.Load(); n++ {
			if _, err := live.Call(t.Context()); err != nil {
				t.Errorf("call %d: %v", n, err)
				break
			}
		}
		done <- n
	}()
	source, err := spiffe.Dial(t.Context(), l.agent.Address(), ClientPath)
	if err != nil {
		t.Fatal(err)
	}
	defer source.Close()
	for range 20 {
		generation := l.agent.Rotate()
		for source.Serial() < generation {
			<-source.Updated()
		}
		c := l.dial(address, ClientOptions{Source: source})
		r, err := c.Call(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if r.Presented != generation {
			t.Errorf("generation: got %d, want %d", r.Presented, generation)
		}
		c.Close()
	}
	stop.Store(true)
	if n := <-done; n == 0 {
		t.Error("no call over the live connection")
	}
}

// TestStockClient is a client that has no line of this package.
func TestStockClient(t *testing.T) {
	l := newLab(t, time.Hour)
	address := l.serve(Options{})
	source := l.fixed(ClientPath, 1, time.Hour)
	config := tlsconfig.MTLSClientConfig(source, source, tlsconfig.AuthorizeID(spiffeid.RequireFromString("spiffe://lab.example/server")))
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	var reply structpb.Struct
	if err := conn.Invoke(t.Context(), "/tlslab.Confirmation/Confirm", &emptypb.Empty{}, &reply); err != nil {
		t.Fatal(err)
	}
	if got, want := reply.Fields["caller"].GetStringValue(), "spiffe://lab.example/client"; got != want {
		t.Errorf("caller: got %q, want %q", got, want)
	}
	if got := methodsBySymbol(t, conn, "tlslab.Confirmation"); got != "Confirm(.google.protobuf.Empty)" {
		t.Errorf("by reflection: got %s", got)
	}
}

// methodsBySymbol asks the server to describe a service, as grpcurl does.
func methodsBySymbol(t *testing.T, conn *grpc.ClientConn, symbol string) string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stream, err := grpc_reflection_v1.NewServerReflectionClient(conn).ServerReflectionInfo(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ask := &grpc_reflection_v1.ServerReflectionRequest_FileContainingSymbol{FileContainingSymbol: symbol}
	if err := stream.Send(&grpc_reflection_v1.ServerReflectionRequest{MessageRequest: ask}); err != nil {
		t.Fatal(err)
	}
	answer, err := stream.Recv()
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for _, raw := range answer.GetFileDescriptorResponse().GetFileDescriptorProto() {
		var file descriptorpb.FileDescriptorProto
		if err := proto.Unmarshal(raw, &file); err != nil {
			t.Fatal(err)
		}
		for _, s := range file.GetService() {
			for _, m := range s.GetMethod() {
				text += m.GetName() + "(" + m.GetInputType() + ")"
			}
		}
	}
	return text
}
