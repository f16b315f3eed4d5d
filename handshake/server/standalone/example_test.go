package standalone_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server/standalone"
)

// A server is given paths, and says where it listens; a handshake shows the generation.
func Example() {
	dir, _ := os.MkdirTemp("", "standalone")
	defer os.RemoveAll(dir)
	authority, _ := rotation.NewAuthority(time.Now(), handshake.ECDSAP256)
	first, _ := authority.Issue(1)
	place := rotation.Place{Dir: dir, Method: rotation.Rename}
	if err := place.Prepare(first); err != nil {
		fmt.Println(err)
		return
	}

	ctx, stop := context.WithCancel(context.Background())
	in, out := io.Pipe()
	defer stop()
	ended := make(chan error)
	go func() {
		settings := standalone.Settings{
			Reload: reload.Settings{Strategy: reload.Static, Files: place.Files()},
			Listen: "127.0.0.1:0",
		}
		ended <- standalone.Serve(ctx, settings, out, os.Stderr)
	}()
	var hello standalone.Hello
	if err := json.NewDecoder(in).Decode(&hello); err != nil {
		fmt.Println(err)
		return
	}

	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(authority.Roots())
	conn, err := tls.Dial("tcp", hello.Listen, &tls.Config{RootCAs: roots})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("generation", conn.ConnectionState().PeerCertificates[0].SerialNumber)
	conn.Close()
	stop()
	fmt.Println(<-ended)
	// Output:
	// generation 1
	// <nil>
}
