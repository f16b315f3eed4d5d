package p384

import (
	"crypto/fips140"
	"sync"

	"github.com/tlslab/tlslab/accel/p384/internal/ifma8"
	"github.com/tlslab/tlslab/accel/p384/internal/single"
)

// maxLanes is how many lanes any path has.
const maxLanes = ifma8.Lanes

// engine is the code of a path.
type engine struct {
	path    Path
	why     string
	lanes   int
	alone   int // batches of up to this many signatures run one after the other, through package single
	sign    func(r, s, k, e, d [][6]uint64) (ok uint8)
	verify  func(r, s, e, x, y [][6]uint64) (ok uint8)
	missing func() string // what the machine lacks; empty if nothing
	tested  func() error  // the self-test's result
}

// engines are the paths other than crypto/ecdsa, best first.
var engines = []*engine{
	tested(engine{
		path:    IFMA8,
		why:     "AVX-512 IFMA: eight signatures at once, of those who sign at the same time",
		lanes:   ifma8.Lanes,
		alone:   1, // one lane of eight takes as long as package single
		sign:    ifma8.Sign,
		verify:  ifma8.Verify,
		missing: lacksIFMA,
	}),
	oneByOne(ADX, "BMI2 and ADX: one signature at a time",
		unless("adx", "needs BMI2 and ADX, and a build without -tags purego")),
	oneByOne(ARM64, "MUL and UMULH of arm64: one signature at a time",
		unless("arm64", "needs arm64, and a build without -tags purego")),
	oneByOne(Portable, "Go without assembly: one signature at a time",
		unless("portable", "has no use where there is assembly for one signature at a time")),
}

func oneByOne(path Path, why string, missing func() string) *engine {
	return tested(engine{
		path: path, why: why, lanes: 1, alone: 1, sign: single.Sign, verify: single.Verify, missing: missing,
	})
}

func tested(e engine) *engine {
	e.tested = sync.OnceValue(e.selfTest)
	return &e
}

func lacksIFMA() string {
	if err := ifma8.Available(); err != nil {
		return err.Error()
	}
	return ""
}

// unless is the reason why not, unless package single runs that kernel: it has one per machine.
func unless(kernel, why string) func() string {
	return func() string {
		if single.Kernel() == kernel {
			return ""
		}
		return why
	}
}

// refusal is why the engine cannot be used, or empty.
func (e *engine) refusal() string {
	switch {
	case fips140.Enabled():
		return "FIPS 140 mode is on and this code is not validated"
	case boringCrypto:
		return "built with BoringCrypto, and this code is not validated"
	}
	if missing := e.missing(); missing != "" {
		return missing
	}
	if err := e.tested(); err != nil {
		return "self-test failed: " + err.Error()
	}
	return ""
}

// signBatch signs in each of len(k) lanes, and says whether it did so lane by lane.
func (e *engine) signBatch(r, s, k, digest, d [][6]uint64) (ok uint8, alone bool) {
	if len(k) > e.alone {
		return e.sign(r, s, k, digest, d), false
	}
	for i := range k {
		ok |= single.Sign(r[i:i+1], s[i:i+1], k[i:i+1], digest[i:i+1], d[i:i+1]) << i
	}
	return ok, true
}

// find returns the engine of a path, or nil.
func find(path Path) *engine {
	for _, e := range engines {
		if e.path == path {
			return e
		}
	}
	return nil
}
