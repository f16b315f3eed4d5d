// Package ifma8 computes and checks ECDSA P-384 signatures, up to eight at a time, with the AVX-512 instructions for
// products of 52-bit numbers.
//
// It is an experiment for keys that a lab makes for itself: nobody has reviewed it.
package ifma8

//go:generate go run -C _asm . -out ../kernel_amd64.s -stubs ../kernel_amd64.go -pkg ifma8

// Lanes is how many signatures one call computes at most.
const Lanes = 8
