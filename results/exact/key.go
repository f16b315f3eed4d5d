package exact

import (
	"fmt"
	"slices"
	"strings"
)

// Differences says in words what differs between two keys, this one's first: "toolchain: go1.26.8 against go1.26.7".
// Empty: their counts can be compared.
func (k Key) Differences(other Key) (all []string) {
	differ := func(what, mine, its string) {
		if mine != its {
			all = append(all, fmt.Sprintf("%s: %s against %s", what, orNone(mine), orNone(its)))
		}
	}
	differ("counter", k.Counter, other.Counter)
	differ("toolchain", k.Go, other.Go)
	differ("system", k.OS+"/"+k.Arch, other.OS+"/"+other.Arch)
	differ("instruction set level", k.Level, other.Level)
	differ("GOEXPERIMENT", k.GOEXPERIMENT, other.GOEXPERIMENT)
	differ("GOFIPS140", k.GOFIPS140, other.GOFIPS140)
	differ("GODEBUG", k.GODEBUG, other.GODEBUG)
	differ("tags", joined(k.Tags), joined(other.Tags))
	differ("profile", k.PGO, other.PGO)
	if with, without := missing(other.Features, k.Features), missing(k.Features, other.Features); with+without != "" {
		all = append(all, fmt.Sprintf("CPU features: %s only here, %s only there", orNone(with), orNone(without)))
	}
	differ("randomness", seeded(k.Seeded), seeded(other.Seeded))
	differ("handshakes", slope(k.Handshakes), slope(other.Handshakes))
	return all
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func joined(words []string) string { return strings.Join(slices.Sorted(slices.Values(words)), " ") }

// missing is what of all is not in some.
func missing(some, all []string) string {
	return joined(slices.DeleteFunc(slices.Clone(all), func(s string) bool { return slices.Contains(some, s) }))
}

func seeded(yes bool) string {
	if yes {
		return "seeded"
	}
	return "unseeded"
}

func slope(n [2]int) string { return fmt.Sprintf("%d to %d", n[0], n[1]) }
