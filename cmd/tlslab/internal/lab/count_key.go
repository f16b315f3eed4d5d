package lab

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/scenarios"
)

// key is all that decides which code ran, as the counted program says it itself.
func (c *count) key(v scenarios.Variant, hello counted.Hello, n sizes) (exact.Key, error) {
	is := hello.Identity()
	k := exact.Key{
		Counter:      c.counter.name(),
		Go:           is.Go,
		OS:           is.OS,
		Arch:         is.Arch,
		Level:        level(is),
		GOEXPERIMENT: is.Build["GOEXPERIMENT"],
		GOFIPS140:    is.Build["GOFIPS140"],
		GODEBUG:      v.Env["GODEBUG"],
		Features:     hello.Features,
		Seeded:       hello.Seeded,
		Handshakes:   n,
	}
	if tags := is.Build["-tags"]; tags != "" {
		k.Tags = strings.Split(tags, ",")
		slices.Sort(k.Tags)
	}
	if v.Build.PGO == "" {
		return k, nil
	}
	profile, err := os.ReadFile(v.Build.PGO)
	sum := sha256.Sum256(profile)
	k.PGO = hex.EncodeToString(sum[:])
	return k, err
}

func level(is server.Hello) string {
	for _, name := range []string{"GOAMD64", "GOARM64"} {
		if l := is.Build[name]; l != "" {
			return l
		}
	}
	return ""
}
