package identity

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/peer"
)

// office is a gRPC server whose one service is grpc-go's own health check: a call is enough, it need not say anything.
type office struct {
	server  *grpc.Server
	address string
	served  chan error
}

func openOffice(l net.Listener, config *tls.Config, book *register, options ...grpc.ServerOption) *office {
	options = append(options,
		grpc.Creds(credentials.NewTLS(config)),
		grpc.UnaryInterceptor(func(ctx context.Context, request any, _ *grpc.UnaryServerInfo, next grpc.UnaryHandler) (any, error) {
			from, ok := peer.FromContext(ctx)
			if !ok {
				return nil, errors.New("a call from nowhere")
			}
			book.call(from.Addr.String(), from.AuthInfo.(credentials.TLSInfo).State, time.Now())
			return next(ctx, request)
		}))
	o := &office{server: grpc.NewServer(options...), address: l.Addr().String(), served: make(chan error, 1)}
	grpc_health_v1.RegisterHealthServer(o.server, health.NewServer())
	go func() { o.served <- o.server.Serve(l) }()
	return o
}

func (o *office) close() {
	o.server.Stop()
	<-o.served
}

// tally is what callers counted.
type tally struct{ calls, failed atomic.Int64 }

const (
	callTime = 5 * time.Second
	thinking = time.Millisecond // between an answer and the next call
)

// callInTurn makes one call after the other on a client that reconnects by itself, until ctx ends; the last one is
// waited for. It returns the last failure.
func callInTurn(ctx context.Context, address string, config *tls.Config, t *tally) (failure error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(credentials.NewTLS(config)))
	if err != nil {
		return err
	}
	defer conn.Close()
	client := grpc_health_v1.NewHealthClient(conn)
	for pause(ctx, thinking) {
		t.calls.Add(1)
		if err := callOnce(ctx, client); err != nil {
			t.failed.Add(1)
			failure = err
		}
	}
	return failure
}

func callOnce(ctx context.Context, client grpc_health_v1.HealthClient) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), callTime)
	defer cancel()
	_, err := client.Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	return err
}
