package exact

import (
	"maps"
	"slices"
	"strings"
)

// class is what a package's instructions are counted under.
type class string

const (
	crypto      class = "crypto"
	goRuntime   class = "runtime"
	application class = "other"
)

// The import paths of each class, with everything below them; all others are [application]. The runtime's share moves
// with the garbage collector and the scheduler, so it has a margin of its own.
var (
	cryptoPaths  = []string{"crypto", "golang.org/x/crypto", "vendor/golang.org/x/crypto"}
	runtimePaths = []string{"runtime", "internal/chacha8rand", "math/rand", "internal/runtime", "internal/bytealg", "internal/sync", "sync", "testing"}
)

// class is that of an import path. Code without a package is BoringCrypto's C where a build has it, else assembly of
// the runtime.
func (k Key) class(path string) class {
	within := func(root string) bool { return path == root || strings.HasPrefix(path, root+"/") }
	switch {
	case slices.ContainsFunc(cryptoPaths, within), path == "" && strings.Contains(k.GOEXPERIMENT, "boringcrypto"):
		return crypto
	case path == "", slices.ContainsFunc(runtimePaths, within):
		return goRuntime
	}
	return application
}

// Values are the counts by the names of package metric's counted metrics. What was not counted is absent: no
// handshake does without a byte, an allocation or an instruction, so a zero was not counted either.
//
// Where the counter gives totals only, all of a side's instructions are without a package. They are
// "instructions" and "client_instructions", without classes.
func (c Counts) Values() map[string]float64 {
	values := map[string]float64{
		"counted.allocs":      c.Server.Allocs,
		"counted.alloc_bytes": c.Server.AllocBytes,
		"counted.wire_bytes":  c.Server.Sent + c.Client.Sent,
		"syscalls":            total(c.Syscalls),
	}
	server, client := c.instructions(c.Server), c.instructions(c.Client)
	values["instructions"] = server[""]
	values["instructions.crypto"] = server[crypto]
	values["instructions.other"] = server[application]
	values["instructions.runtime"] = server[goRuntime]
	values["client_instructions"] = client[""]
	values["client_instructions.crypto"] = client[crypto]
	values["client_instructions.other"] = client[application]
	maps.DeleteFunc(values, func(_ string, v float64) bool { return v <= 0 })
	return values
}

// instructions are a side's instructions by class; under the class "" where only their total is known.
func (c Counts) instructions(s Side) map[class]float64 {
	sums := map[class]float64{}
	for path, n := range s.Instructions {
		if len(s.Instructions) == 1 && path == "" {
			sums[""] += n
		} else {
			sums[c.Key.class(path)] += n
		}
	}
	return sums
}
