package spiffe_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffetls/tlsconfig"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/spiffe"
)

// A workload gets an identity from the lab's agent, and a config for a server of it.
func Example() {
	domain, _ := spiffe.NewDomain("lab.example", handshake.ECDSAP256, time.Now())
	dir, _ := os.MkdirTemp("", "spiffe")
	defer os.RemoveAll(dir)
	agent, _ := spiffe.NewAgent(spiffe.AgentOptions{
		Socket:  filepath.Join(dir, "agent.sock"),
		Domain:  domain,
		Entries: []spiffe.Entry{{Path: "/server", UID: os.Getuid(), TTL: 15 * time.Minute}},
	})
	if err := agent.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer agent.Stop()

	live, err := spiffe.Dial(context.Background(), agent.Address(), "/server")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer live.Close()
	svid, _ := live.GetX509SVID()
	fmt.Println(svid.ID, "generation", live.Serial(), "ready", live.Ready())

	_, err = spiffe.ServerConfig(live, tlsconfig.AuthorizeMemberOf(domain.Name()), spiffe.Epoch)
	fmt.Println(err)
	// Output:
	// spiffe://lab.example/server generation 1 ready true
	// <nil>
}
