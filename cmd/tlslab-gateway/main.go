// Command tlslab-gateway is the server of variants whose app is gateway. It serves plain, too, so that the two apps can
// be compared in one build. tlslab speaks to it over standard input and output; like this it is of no use on its own.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/server/gateway"
)

func main() {
	os.Setenv("QUIC_GO_DISABLE_RECEIVE_BUFFER_WARNING", "true") // standard error is for people
	apps := map[string]server.App{"gateway": gateway.App{}, "plain": server.Plain{}}
	if err := server.Control(context.Background(), os.Stdin, os.Stdout, apps); err != nil {
		fmt.Fprintln(os.Stderr, "tlslab-gateway:", err)
		os.Exit(1)
	}
}
