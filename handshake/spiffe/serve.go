package spiffe

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

// Bounds of what a client may send: a request is some audiences and a token, never more than this.
const (
	largestMessage = 64 << 10 // bytes
	largestHeaders = 16 << 10 // bytes
	manyStreams    = 256      // of one connection
)

// run is the agent from a Start to a Stop.
type run struct {
	server *grpc.Server
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Start serves on the socket. Identities are renewed at half of their time to live, give or take the jitter, and pushed
// to every stream.
func (a *Agent) Start() error {
	a.life.Lock()
	defer a.life.Unlock()
	if a.run != nil {
		return errors.New("the agent runs already")
	}
	l, err := listen(a.options.Socket)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	r := &run{server: grpc.NewServer(
		grpc.Creds(attestation{a}),
		grpc.MaxRecvMsgSize(largestMessage),
		grpc.MaxHeaderListSize(largestHeaders),
		grpc.MaxConcurrentStreams(manyStreams),
		grpc.ConnectionTimeout(10*time.Second),
		grpc.WaitForHandlers(true),
		grpc.ChainUnaryInterceptor(checkUnary),
		grpc.ChainStreamInterceptor(checkStream),
	), cancel: cancel}
	workload.RegisterSpiffeWorkloadAPIServer(r.server, &api{agent: a})
	a.due(time.Now()) // so that there is something to serve
	bundle := a.options.Domain.Changed()
	r.done.Go(func() { a.renewals(ctx, bundle) })
	r.done.Go(func() { _ = r.server.Serve(l) }) // ends with Stop, without an error
	a.run = r
	return nil
}

// Stop is an outage: every stream breaks, and the socket is gone. When it returns nothing of the agent runs. Start may
// follow.
func (a *Agent) Stop() {
	a.life.Lock()
	defer a.life.Unlock()
	if a.run == nil {
		return
	}
	a.run.cancel()
	a.run.server.Stop()
	a.run.done.Wait()
	a.run = nil
}

// checkHeader refuses a call without the header that shows that its sender meant the Workload API, and was not tricked
// into calling it (SPIFFE Workload Endpoint, section 3).
func checkHeader(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	if v := md.Get("workload.spiffe.io"); len(v) != 1 || v[0] != "true" {
		return status.Error(codes.InvalidArgument, "security header missing from request")
	}
	return nil
}

func checkUnary(ctx context.Context, request any, _ *grpc.UnaryServerInfo, handle grpc.UnaryHandler) (any, error) {
	if err := checkHeader(ctx); err != nil {
		return nil, err
	}
	return handle(ctx, request)
}

func checkStream(server any, stream grpc.ServerStream, _ *grpc.StreamServerInfo, handle grpc.StreamHandler) error {
	if err := checkHeader(stream.Context()); err != nil {
		return err
	}
	return handle(server, stream)
}
