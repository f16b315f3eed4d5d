// Package opa is a policy of the app spiffegrpc that Open Policy Agent evaluates, as a library in the process. It is a
// module of its own, so that no other server has a line of Open Policy Agent in it; a variant builds its server from
// this folder as another source.
//
// A policy is a module of Rego v1 with the rule data.tlslab.authz.allow. Its input has, of a call,
//
//	caller         SPIFFE ID
//	domain, path   the two parts of it
//	server_domain  trust domain of the server
//	method         "/service/method"
//	serial         of the caller's leaf
//	left           until the caller's leaf expires, seconds
//	resumed        whether the leaf is the one of a ticket
package opa

import (
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/open-policy-agent/opa/v1/rego"

	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
)

//go:embed policy.rego
var baseline string

// Baseline is the text of the policy that allows what spiffegrpc.Baseline does.
func Baseline() string { return baseline }

// rule is what a policy is asked for.
const rule = "data.tlslab.authz.allow"

// New compiles a policy once, for many decisions. What is not allowed is refused, where the rule is not defined, too.
func New(ctx context.Context, module string) (spiffegrpc.Policy, error) {
	query, err := rego.New(rego.Query(rule), rego.Module("policy.rego", module), rego.StrictBuiltinErrors(true)).PrepareForEval(ctx)
	if err != nil {
		return nil, fmt.Errorf("policy: %w", err)
	}
	return func(ctx context.Context, r spiffegrpc.Request) (spiffegrpc.Decision, error) {
		results, err := query.Eval(ctx, rego.EvalInput(input(r)))
		if err != nil {
			return spiffegrpc.Decision{}, err
		}
		if !results.Allowed() {
			return spiffegrpc.Decision{Reason: "not allowed by policy"}, nil
		}
		return spiffegrpc.Decision{Allow: true}, nil
	}, nil
}

func input(r spiffegrpc.Request) map[string]any {
	return map[string]any{
		"caller":        r.Caller.String(),
		"domain":        r.Caller.TrustDomain().Name(),
		"path":          r.Caller.Path(),
		"server_domain": r.Server.TrustDomain().Name(),
		"method":        r.Method,
		"serial":        r.Serial,
		"left":          time.Until(r.NotAfter).Seconds(),
		"resumed":       r.Resumed,
	}
}
