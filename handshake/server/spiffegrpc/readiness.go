package spiffegrpc

import (
	"context"
	"time"

	"github.com/spiffe/go-spiffe/v2/svid/x509svid"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"
)

// How often the server looks at its own identity: a hundred times in its life, within these bounds.
const (
	minLook = 10 * time.Millisecond
	maxLook = time.Second
)

// readiness tells the health service whether the server's own identity is good for a while.
type readiness struct {
	health *health.Server
	source x509svid.Source
}

func newReadiness(s *grpc.Server, source x509svid.Source) *readiness {
	r := &readiness{health.NewServer(), source}
	grpc_health_v1.RegisterHealthServer(s, r.health)
	r.look()
	return r
}

// follow looks again and again until what it returns is called.
func (r *readiness) follow(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(r.look()):
			}
		}
	}()
	return func() { cancel(); <-done }
}

// look says what is true now, and when to look again.
func (r *readiness) look() time.Duration {
	svid, err := r.source.GetX509SVID()
	if err != nil {
		r.health.SetServingStatus("", grpc_health_v1.HealthCheckResponse_NOT_SERVING)
		return minLook
	}
	leaf := svid.Certificates[0]
	status := grpc_health_v1.HealthCheckResponse_SERVING
	if time.Until(leaf.NotAfter) < margin(leaf.NotBefore, leaf.NotAfter) {
		status = grpc_health_v1.HealthCheckResponse_NOT_SERVING
	}
	r.health.SetServingStatus("", status)
	r.health.SetServingStatus(service, status)
	return min(max(leaf.NotAfter.Sub(leaf.NotBefore)/100, minLook), maxLook)
}
