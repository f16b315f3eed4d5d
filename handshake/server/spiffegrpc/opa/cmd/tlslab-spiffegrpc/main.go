// Command tlslab-spiffegrpc is the server of the module tlslab of the same name, with one policy more: "opa".
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc/opa"
)

func main() {
	if err := serve(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "tlslab-spiffegrpc:", err)
		os.Exit(1)
	}
}

func serve(ctx context.Context) error {
	policy, err := opa.New(ctx, opa.Baseline())
	if err != nil {
		return err
	}
	app := spiffegrpc.App{Policies: map[string]spiffegrpc.Policy{"opa": policy}}
	return server.Control(ctx, os.Stdin, os.Stdout, map[string]server.App{"spiffegrpc": app})
}
