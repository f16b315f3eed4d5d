package spiffe

import (
	"context"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"github.com/spiffe/go-spiffe/v2/svid/jwtsvid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"
	"google.golang.org/grpc/peer"
	"google.golang.org/grpc/status"
)

// preface is what an HTTP/2 client begins with (RFC 9113, section 3.4), and empty settings.
const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"

var methods = []string{
	workload.SpiffeWorkloadAPI_FetchX509SVID_FullMethodName,
	workload.SpiffeWorkloadAPI_FetchX509Bundles_FullMethodName,
	workload.SpiffeWorkloadAPI_FetchJWTSVID_FullMethodName,
	workload.SpiffeWorkloadAPI_FetchJWTBundles_FullMethodName,
	workload.SpiffeWorkloadAPI_ValidateJWTSVID_FullMethodName,
	workload.SpiffeWorkloadAPI_FetchWITSVID_FullMethodName,
	"/SpiffeWorkloadAPI/NoSuchMethod",
}

// plain sends and receives messages as they are.
type plain struct{}

func (plain) Marshal(v any) (mem.BufferSlice, error) {
	return mem.BufferSlice{mem.SliceBuffer(*v.(*[]byte))}, nil
}
func (plain) Unmarshal(data mem.BufferSlice, v any) error {
	*v.(*[]byte) = data.Materialize()
	return nil
}
func (plain) Name() string { return "proto" }

// FuzzWorkloadAPI throws bytes at the socket: as they are, behind a proper preface, and as the message of each method.
// Whatever they are, a workload that comes after them is served.
func FuzzWorkloadAPI(f *testing.F) {
	for _, seed := range []string{
		"", "GET / HTTP/1.1\r\n\r\n", preface, preface[:10],
		"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08",                 // RST_STREAM of a stream that is not
		"\x00\x00\x00\x01\x04\x00\x00\x00\x00",                                 // HEADERS of stream 0
		"\xff\xff\xff\x00\x00\x00\x00\x00\x01",                                 // a frame of 16 MiB
		"\x00\x00\x08\x06\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", // PING
		"\x0a\x04them", "\x0a\x04them\x12\x1bspiffe://lab.example/server", "\x0a\xff\xff\xff\xff\x0f", "\x12\x02\xff\xfe",
	} {
		for way := range byte(len(methods) + 2) {
			f.Add(way, []byte(seed))
		}
	}
	a := startAgent(f, AgentOptions{Entries: pair})
	raw, err := grpc.NewClient(a.Address(), grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(plain{})))
	if err != nil {
		f.Fatal(err)
	}
	defer raw.Close()
	client := stub(f, a)
	ctx := asked(f, "workload.spiffe.io", "true")
	f.Fuzz(func(t *testing.T, way byte, data []byte) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), never)
		defer cancel()
		switch way %= byte(len(methods) + 2); way {
		case 0:
			throw(t, a, string(data))
		case 1:
			throw(t, a, preface+string(data))
		default:
			call(ctx, raw, methods[way-2], data)
		}
		answer, err := x509Answer(ctx, client)
		if err != nil || len(answer.Svids) != len(pair) {
			t.Fatalf("the agent no longer serves: %d identities, %v", len(answer.GetSvids()), err)
		}
	})
}

// throw writes to the socket, says that this is all, and reads what comes back, for a moment at most.
func throw(t *testing.T, a *Agent, data string) {
	t.Helper()
	c, err := net.Dial("unix", a.options.Socket)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(time.Second))
	io.WriteString(c, data) // may fail: the agent need not read all
	c.(*net.UnixConn).CloseWrite()
	io.Copy(io.Discard, c)
}

// call sends one message and reads one, by a stream, as which a unary call looks the same on the wire.
func call(ctx context.Context, conn *grpc.ClientConn, method string, message []byte) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := conn.NewStream(ctx, &grpc.StreamDesc{ServerStreams: true, ClientStreams: true}, method)
	if err != nil {
		return
	}
	if stream.SendMsg(&message) == nil && stream.CloseSend() == nil {
		var answer []byte
		stream.RecvMsg(&answer)
	}
}

// FuzzRequest calls the handlers of requests that say something. A token that they give must be good, and they must
// not take one that they did not give.
func FuzzRequest(f *testing.F) {
	a := startAgent(f, AgentOptions{Entries: pair})
	foreign := newTestDomain(f, "lab.example")
	forged, err := foreign.JWT("/server", []string{"them"}, time.Now().Add(time.Hour))
	if err != nil {
		f.Fatal(err)
	}
	f.Add("them", "", "")
	f.Add("them", "spiffe://lab.example/server", forged)
	f.Add("", "spiffe://lab.example", "a.b.c")
	f.Add("a\nb", "spiffe://other.example/x", strings.Repeat(".", 100))
	f.Add("\xfc", "", "") // which JSON cannot say
	f.Add(strings.Repeat("x", longestAudience+1), "http://lab.example/", "eyJhbGciOiJub25lIn0.e30.")
	ctx := peer.NewContext(context.Background(), &peer.Peer{AuthInfo: caller{uid: pair[0].UID}})
	s := &api{agent: a}
	f.Fuzz(func(t *testing.T, audiences, id, token string) {
		audience := strings.Split(audiences, "\n")
		answer, err := s.FetchJWTSVID(ctx, &workload.JWTSVIDRequest{Audience: audience, SpiffeId: id})
		expected(t, err)
		for _, m := range answer.GetSvids() {
			svid, err := jwtsvid.ParseAndValidate(m.Svid, a.options.Domain, audience[:1])
			if err != nil || svid.ID.String() != m.SpiffeId || id != "" && id != m.SpiffeId {
				t.Errorf("token of %s for %q: %v", m.SpiffeId, audience, err)
			}
		}
		if _, err := s.ValidateJWTSVID(ctx, &workload.ValidateJWTSVIDRequest{Audience: audience[0], Svid: token}); err == nil {
			t.Errorf("the token %q was taken", token)
		} else {
			expected(t, err)
		}
	})
}

func expected(t *testing.T, err error) {
	t.Helper()
	if !slices.Contains([]codes.Code{codes.OK, codes.InvalidArgument, codes.PermissionDenied}, status.Code(err)) {
		t.Error(err)
	}
}
