// Command tlslab-server is the server that a variant runs. tlslab builds it once for each variant and speaks to it
// over standard input and output; it is of no use on its own.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tlslab/tlslab/handshake/server"
)

func main() {
	if err := server.Control(context.Background(), os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "tlslab-server:", err)
		os.Exit(1)
	}
}
