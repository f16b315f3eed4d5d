// Command tlslab-spiffegrpc is the server that a variant with the app spiffegrpc runs: gRPC over mutual TLS between SPIFFE
// identities. tlslab builds it and speaks to it over standard input and output; like this it is of no use on its own.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
)

func main() {
	apps := map[string]server.App{"spiffegrpc": spiffegrpc.App{}}
	if err := server.Control(context.Background(), os.Stdin, os.Stdout, apps); err != nil {
		fmt.Fprintln(os.Stderr, "tlslab-spiffegrpc:", err)
		os.Exit(1)
	}
}
