package spiffe

import (
	"context"
	"time"

	"github.com/spiffe/go-spiffe/v2/bundle/spiffebundle"
	"github.com/spiffe/go-spiffe/v2/proto/spiffe/workload"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// api is the Workload API as gRPC calls it.
type api struct {
	workload.UnimplementedSpiffeWorkloadAPIServer
	agent *Agent
}

func (s *api) FetchX509SVID(_ *workload.X509SVIDRequest, stream grpc.ServerStreamingServer[workload.X509SVIDResponse]) error {
	return follow(s.agent, stream, (*view).identities)
}

func (s *api) FetchX509Bundles(_ *workload.X509BundlesRequest, stream grpc.ServerStreamingServer[workload.X509BundlesResponse]) error {
	return follow(s.agent, stream, (*view).x509Bundles)
}

func (s *api) FetchJWTBundles(_ *workload.JWTBundlesRequest, stream grpc.ServerStreamingServer[workload.JWTBundlesResponse]) error {
	return follow(s.agent, stream, (*view).jwtBundles)
}

// follow sends an answer, and another one whenever the agent has changed, until the caller leaves or the agent stops.
func follow[T any](a *Agent, stream grpc.ServerStreamingServer[T], answer func(*view) (*T, error)) error {
	ctx := stream.Context()
	since, err := a.enter()
	if err != nil {
		return err
	}
	defer a.leave()
	for {
		v, err := a.look(ctx)
		if err != nil {
			return err
		}
		if err := v.patience(ctx); err != nil {
			return err
		}
		message, err := answer(v)
		if err != nil {
			return err
		}
		if err := stream.Send(message); err != nil {
			return err
		}
		a.sent(v, since)
		since = v.version
		select {
		case <-ctx.Done():
			return status.FromContextError(ctx.Err()).Err()
		case <-v.news:
		}
	}
}

func (a *Agent) enter() (since uint64, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.open >= a.options.Streams {
		return 0, status.Errorf(codes.ResourceExhausted, "%d streams are open already", a.open)
	}
	a.open++
	return a.version, nil
}

func (a *Agent) leave() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.open--
}

// view is what one caller may see of the agent at one time.
type view struct {
	agent     *Agent
	version   uint64
	entries   []Entry
	held      []identity
	own       *spiffebundle.Bundle
	federated []*spiffebundle.Bundle
	fault     Fault
	pushes    []*push // that an answer with identities takes along
	news      <-chan struct{}
}

func (a *Agent) faulty() Fault {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.fault
}

// look is the caller's view, or why there is none for it.
func (a *Agent) look(ctx context.Context) (*view, error) {
	who, known := callerOf(ctx)
	a.mu.Lock()
	defer a.mu.Unlock()
	v := &view{agent: a, version: a.version, own: a.bundle(), fault: a.fault, news: a.news}
	for i, e := range a.options.Entries {
		if known && e.matches(who) && a.identities[i].svid != nil {
			v.entries = append(v.entries, e)
			v.held = append(v.held, a.identities[i])
		}
	}
	switch {
	case a.fault == Reset:
		return nil, status.Error(codes.Unavailable, "reset")
	case a.fault == Deny || len(v.entries) == 0:
		return nil, status.Error(codes.PermissionDenied, "no identity issued")
	}
	for name, b := range a.federated {
		if v.federates(name.Name()) {
			v.federated = append(v.federated, b)
		}
	}
	return v, nil
}

// patience keeps the answer of a slow agent back.
func (v *view) patience(ctx context.Context) error {
	if v.fault != Slow {
		return nil
	}
	timer := time.NewTimer(v.agent.options.Delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return status.FromContextError(ctx.Err()).Err()
	case <-timer.C:
		return nil
	}
}

// sent notes what a stream has been given that was opened, or written to last, at a version of the agent.
func (a *Agent) sent(v *view, since uint64) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, p := range v.pushes {
		p.wrote(since, now)
	}
}
