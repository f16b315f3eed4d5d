package opa

import (
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
	"github.com/tlslab/tlslab/handshake/variant"
)

// TestVariant builds this folder's server as a variant from another source, and calls it.
func TestVariant(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a server")
	}
	build := variant.Build{Source: variant.Source{Path: "."}}
	builder := &variant.Builder{Cache: t.TempDir()}
	binary, err := builder.Build(t.Context(), build, "spiffegrpc")
	if err != nil {
		t.Fatal(err)
	}
	agent := startAgent(t)
	s := handshake.SPIFFE{Socket: agent.Address(), Domain: "lab.example", Policy: "opa"}
	process, err := variant.Start(t.Context(), *binary, variant.Options{Settings: server.Settings{App: "spiffegrpc", SPIFFE: &s}})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := process.Stop(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	for _, finding := range variant.Verify(build, nil, binary.SBOM, process.Hello(), process.Stderr()) {
		t.Error(finding)
	}
	for path, want := range map[string]codes.Code{spiffegrpc.ClientPath: codes.OK, "/other": codes.PermissionDenied} {
		client, err := spiffegrpc.Dial(t.Context(), process.Hello().Address, spiffegrpc.ClientOptions{SPIFFE: s, Path: path})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := client.Call(t.Context()); status.Code(err) != want {
			t.Errorf("%s: got %v, want %v", path, err, want)
		}
		client.Close()
	}
}

func startAgent(t *testing.T) *spiffe.Agent {
	t.Helper()
	domain, err := spiffe.NewDomain("lab.example", handshake.ECDSAP256, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	agent, err := spiffe.NewAgent(spiffe.AgentOptions{
		Socket: filepath.Join(t.TempDir(), "agent.sock"),
		Domain: domain,
		Entries: []spiffe.Entry{
			{Path: spiffegrpc.ServerPath, UID: -1}, {Path: spiffegrpc.ClientPath, UID: -1}, {Path: "/other", UID: -1},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(agent.Stop)
	return agent
}
