// Command tlslab is a TLS 1.3 handshake lab: it measures what handshakes cost a server, compares builds of that
// server, and says how sure it is.
//
// The exit code is the verdict; see exit.go.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}
