package spiffe

import (
	"context"
	"errors"
	"net"

	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/peer"
)

// caller is what the kernel says of the process at the other end of a unix socket.
type caller struct {
	uid        int
	pid        int    // zero: unknown
	executable string // empty: not to be read
}

// AuthType makes a caller gRPC's [credentials.AuthInfo].
func (caller) AuthType() string { return "unix" }

// matches says whether an entry is for the caller.
func (e Entry) matches(c caller) bool {
	return (e.UID == -1 || e.UID == c.uid) && (e.Executable == "" || e.Executable == c.executable)
}

// attestation is the transport of the agent's socket: no TLS, but the caller is asked of the kernel, once for each
// connection. A process that hands its connection to another hands its identity on as well.
type attestation struct{ agent *Agent }

func (t attestation) ServerHandshake(c net.Conn) (net.Conn, credentials.AuthInfo, error) {
	if t.agent.faulty() == Reset {
		return nil, nil, errors.New("reset")
	}
	unix, ok := c.(*net.UnixConn)
	if !ok {
		return nil, nil, errors.New("not a unix socket")
	}
	who, err := attest(unix)
	if err != nil {
		return nil, nil, err
	}
	return c, who, nil
}

func (attestation) ClientHandshake(context.Context, string, net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return nil, nil, errors.New("for servers only")
}

func (attestation) Info() credentials.ProtocolInfo {
	return credentials.ProtocolInfo{SecurityProtocol: "unix"}
}

func (t attestation) Clone() credentials.TransportCredentials { return t }

func (attestation) OverrideServerName(string) error { return nil }

// callerOf is who is at the other end of a call.
func callerOf(ctx context.Context) (caller, bool) {
	p, ok := peer.FromContext(ctx)
	if !ok {
		return caller{}, false
	}
	who, ok := p.AuthInfo.(caller)
	return who, ok
}
