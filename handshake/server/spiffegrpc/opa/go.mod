module github.com/tlslab/tlslab/handshake/server/spiffegrpc/opa

go 1.26.0

require (
	github.com/open-policy-agent/opa v1.22.2
	github.com/spiffe/go-spiffe/v2 v2.9.0
	github.com/tlslab/tlslab v0.0.0
)

replace github.com/tlslab/tlslab => ../../../..
