package variant

import (
	"context"
	"os"
	"path/filepath"
)

const (
	counterPackage = "handshake/counted"
	counterName    = "tlslab-counter"
)

var theCounter = program{counterPackage, counterName, "counter"}

// BuildCounter builds the program whose instructions are counted, of the sources and with the flags and environment
// that [Builder.Build] gives the server of b. It is a test program, for the reason that package counted gives, and the
// go command installs none: a tool outside a checkout needs sources that the build names. Otherwise it is as Build.
func (b *Builder) BuildCounter(ctx context.Context, build Build) (*Binary, error) {
	return b.build(ctx, build, theCounter)
}

// withMain says why a tree has no such server.
func (p program) withMain(src source) error {
	if src.dir == "" {
		return nil // the go command will say
	}
	if _, err := os.Stat(filepath.Join(src.dir, p.pkg)); err != nil {
		return because(ErrSource, "name the root of a source tree that has this server, or a ref that has it", "%s has no %s", src.name, p.pkg)
	}
	return nil
}

// in says why sources do not have the program.
func (p program) in(src source) error {
	if p != theCounter {
		return p.withMain(src)
	}
	if src.dir == "" {
		return because(ErrSource, "run tlslab inside a checkout, or name one with the build's source",
			"the counter is a test program, which the go command does not install from a module version")
	}
	if tests, _ := filepath.Glob(filepath.Join(src.dir, counterPackage, "*_test.go")); len(tests) == 0 {
		return because(ErrSource, "name sources that can be counted", "%s has no %s", src.name, counterPackage)
	}
	return nil
}
