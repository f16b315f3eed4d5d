package variant_test

import (
	"errors"
	"fmt"
	"strings"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
)

// A build that cannot be is refused before anything is compiled, with a hint.
func ExampleAvailable() {
	err := variant.Available(variant.Build{Backend: variant.Std, GOFIPS140: "certified"})
	var with *variant.Error
	if errors.As(err, &with) {
		fmt.Println(err)
		fmt.Println("hint:", with.Hint)
	}
	// Output:
	// build cannot run here: gofips140 "certified" with the std backend
	// hint: ask for the fips140 backend, or leave gofips140 out
}

// The gate names what a binary without BoringCrypto lacks, although its version string says boringcrypto.
func ExampleVerify() {
	asked := variant.Build{Backend: variant.BoringCrypto}
	built := variant.SBOM{
		Go:       "go1.26.8-X:boringcrypto",
		Symbol:   variant.StandardSymbol,
		Settings: map[string]string{"CGO_ENABLED": "0", "GOEXPERIMENT": "boringcrypto"},
	}
	for _, finding := range variant.Verify(asked, nil, built, server.Hello{}, "") {
		if strings.HasPrefix(finding, "backend") || strings.HasPrefix(finding, "CGO") {
			fmt.Println(finding)
		}
	}
	// Output:
	// backend: asked for boringcrypto, but the binary has no crypto/internal/boring/sig.BoringCrypto: without cgo it is silently left out
	// CGO_ENABLED: asked for 1, got 0
}
