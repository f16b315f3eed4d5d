// Package p384 computes ECDSA signatures on P-384 faster than crypto/ecdsa: an experiment, for the lab's own keys only.
//
// A [Signer] is a crypto.Signer for the PrivateKey of a tls.Certificate. [Verify] checks signatures by the batch.
// [Paths] says what this machine can run, and what it cannot and why.
//
// # What it is not
//
// Nobody but its authors has reviewed this code. It is no part of a validated module, and refuses to run where FIPS 140
// mode is on or BoringCrypto is built in. It is written to take the same time whatever the key and the nonce are, and
// a test measures that, but the processor's promises have not been checked instruction by instruction, and copies of
// secrets may stay behind on stacks. Keys that matter belong to crypto/ecdsa.
//
// # Why callers share a batch
//
// The eight lanes of AVX-512 IFMA cost nearly the same whether one of them is used or all. A server signs for many
// connections at once, so callers that sign at the same time share a run: the first opens a batch and lets every other
// goroutine that is ready go first, again as long as that brings another signature. Whoever fills the eighth lane runs
// the batch, or the first does when nobody else comes. There is no timer, since Go's cannot wait for less than a
// millisecond. Where others compute for long and nobody joins, a caller lets them go first only now and then.
//
// # Why a signature can be trusted
//
// Nonces are made as crypto/ecdsa makes them, each from a draw of randomness of its own, before lanes are packed. A path
// can be selected only after it has given known answers. Every lane checks that its r is the x of a point of the curve and
// that s follows from k, r and the key; that the point is k times the base is what crypto/ecdsa sees, which verifies one
// signature in a thousand. Whatever fails is signed again by crypto/ecdsa and counted, and a signer whose path fails twice
// within a million signatures, or is found to have given out a wrong one, does not use it again.
package p384

// Path names the code that computes a signature.
type Path string

// The paths.
const (
	Std      Path = "std"
	IFMA8    Path = "lab-ifma8"
	ADX      Path = "lab-adx"
	ARM64    Path = "lab-arm64"
	Portable Path = "lab-portable"
)

// Status is what there is to know of a path on this machine.
type Status struct {
	Path    Path
	Refused string // why it cannot run here; empty where it can
	Why     string // what it is made of
}

// Paths are all paths, best first, as they stand on this machine. The first call runs the self-tests, which takes some
// tens of milliseconds.
func Paths() []Status {
	var all []Status
	for _, e := range engines {
		all = append(all, Status{Path: e.path, Refused: e.refusal(), Why: e.why})
	}
	return append(all, Status{Path: Std, Why: "crypto/ecdsa"})
}
