// Command tlslab-server is the server that a variant runs. tlslab builds it once for each variant and speaks to it
// over standard input and output; like this it is of no use on its own.
//
// tlslab-server reload is a server of its own: it serves certificates that are files, by the reload strategy that is
// asked for.
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/tlslab/tlslab/handshake/server"
)

func main() {
	if len(os.Args) > 1 {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	if err := server.Control(context.Background(), os.Stdin, os.Stdout, map[string]server.App{"plain": server.Plain{}}); err != nil {
		fmt.Fprintln(os.Stderr, "tlslab-server:", err)
		os.Exit(1)
	}
}
