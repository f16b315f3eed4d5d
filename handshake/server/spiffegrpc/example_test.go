package spiffegrpc_test

import (
	"context"
	"fmt"

	"github.com/spiffe/go-spiffe/v2/spiffeid"

	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
)

func ExampleFunction() {
	domain := spiffeid.RequireTrustDomainFromString("lab.example")
	policy := spiffegrpc.Function(domain, map[string][]string{"/client": {spiffegrpc.Method}})
	for _, caller := range []string{"spiffe://lab.example/client", "spiffe://lab.example/other", "spiffe://other.example/client"} {
		request := spiffegrpc.Request{Caller: spiffeid.RequireFromString(caller), Method: spiffegrpc.Method}
		decision, _ := policy(context.Background(), request)
		fmt.Printf("%s %t %q\n", caller, decision.Allow, decision.Reason)
	}
	// Output:
	// spiffe://lab.example/client true ""
	// spiffe://lab.example/other false "method not allowed"
	// spiffe://other.example/client false "another trust domain"
}
