package spiffegrpc

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/grpc/reflection/grpc_reflection_v1alpha"
)

// Request is what is to be decided: a call, and who asks for it by the certificate of the connection.
type Request struct {
	Caller   spiffeid.ID
	Server   spiffeid.ID
	Method   string    // "/service/method"
	Serial   uint64    // of the caller's leaf; zero: it has more than 64 bits
	NotAfter time.Time // of the caller's leaf
	Resumed  bool      // the leaf is the one of a ticket
}

// Decision is what was decided. An ID that is empty is filled in.
type Decision struct {
	Allow  bool
	ID     string
	Reason string // of a refusal, in few and stable words
}

// Policy decides on calls, several at once. An error refuses the call.
type Policy func(context.Context, Request) (Decision, error)

// Function is the built-in policy: it allows callers of a trust domain, by path, what is listed for them. Methods that
// everybody needs who looks at a server, of health and reflection, are to be listed, too: see [Baseline].
func Function(domain spiffeid.TrustDomain, allowed map[string][]string) Policy {
	return func(_ context.Context, r Request) (Decision, error) {
		if !r.Caller.MemberOf(domain) {
			return Decision{Reason: "another trust domain"}, nil
		}
		if !slices.Contains(allowed[r.Caller.Path()], r.Method) {
			return Decision{Reason: "method not allowed"}, nil
		}
		return Decision{Allow: true}, nil
	}
}

// Baseline is what [Function] allows where the setting policy is "function": everything that the server has, to the
// identity of a client.
func Baseline() map[string][]string {
	return map[string][]string{ClientPath: {
		Method,
		grpc_health_v1.Health_Check_FullMethodName,
		grpc_health_v1.Health_Watch_FullMethodName,
		grpc_reflection_v1.ServerReflection_ServerReflectionInfo_FullMethodName,
		grpc_reflection_v1alpha.ServerReflection_ServerReflectionInfo_FullMethodName,
	}}
}

// policy is the one that the settings name; nil: none.
func (o Options) policy(own spiffeid.ID) (Policy, error) {
	name := o.SPIFFE.Policy
	if chosen := o.Policies[name]; chosen != nil {
		return chosen, nil
	}
	switch name {
	case "":
		return nil, nil
	case "function":
		return Function(own.TrustDomain(), Baseline()), nil
	}
	return nil, fmt.Errorf("spiffegrpc: this server has no policy %q", name)
}
