package accel

import (
	"fmt"
	"slices"
	"strings"
)

// code is one way to compute a primitive.
type code struct {
	kind  Kind
	name  string   // short, for refusals
	text  string   // for [Path.Code]; empty: the name
	needs []string // features
	mixed bool     // portable with assembly in it, which a purego build has not
	xsys  bool     // the features are those that golang.org/x/sys/cpu sees
}

func (c code) String() string {
	if c.text == "" {
		return c.name
	}
	return c.text
}

// codes are the ways of the standard library, the fastest first. The last of each needs nothing.
type codes map[Primitive][]code

// codesOf are the ways of Go 1.26, read in crypto/internal/fips140 and vendor/golang.org/x/crypto; nil for an
// architecture that nothing is known of. The snapshots that GOFIPS140 selects ask for the same features; v1.0.0 is
// without SHA3 instructions, and has a little assembly for Curve25519 on arm64, which changes no kind.
func codesOf(goos, goarch string) codes {
	switch goarch {
	case "amd64":
		return amd64Codes
	case "arm64":
		if goos == "darwin" {
			return arm64DarwinCodes
		}
		return arm64Codes
	case "s390x":
		return s390xCodes
	}
	return nil
}

var fiat = []code{{kind: Portable, name: "fiat-crypto", text: "Go: fiat-crypto's field arithmetic"}}

const lacksFeature = "this CPU has no "

// machine is a CPU under one reader of GODEBUG.
type machine struct {
	features []string
	hidden   map[string]string // option by feature
}

// lacks is why code with these needs cannot run, or "".
func (m machine) lacks(needs []string) string {
	var missing []string
	for _, f := range needs {
		if !slices.Contains(m.features, f) {
			missing = append(missing, f)
		}
	}
	if len(missing) > 0 {
		return lacksFeature + strings.Join(missing, ", ")
	}
	for _, f := range needs {
		if option := m.hidden[f]; option != "" {
			return "GODEBUG " + option
		}
	}
	return ""
}

// chooser knows all that decides.
type chooser struct {
	build Build
	std   machine // as the standard library sees it
	xsys  machine // as golang.org/x/sys/cpu sees it
	codes codes
}

func newChooser(features []string, b Build) chooser {
	return chooser{
		build: b,
		std:   machine{features, b.hiddenFromStd()},
		xsys:  machine{features, b.hiddenFromXSys()},
		codes: codesOf(b.goos(), b.goarch()),
	}
}

// refusal is why a way cannot be taken, or "".
func (c chooser) refusal(w code) string {
	m := c.std
	if w.xsys {
		m = c.xsys
	}
	pure := c.build.purego() && (w.kind == Assembly || w.mixed)
	because := m.lacks(w.needs)
	if pure && !strings.HasPrefix(because, lacksFeature) {
		return "build tag purego"
	}
	return because
}

// first takes the first way that is not refused.
func (c chooser) first(ways []code) (taken code, refused []Refusal) {
	for _, w := range ways {
		because := c.refusal(w)
		if because == "" {
			return w, refused
		}
		refused = append(refused, Refusal{w.name, because})
	}
	panic(fmt.Sprintf("accel: of %d ways, the last is refused", len(ways)))
}
