// Package vectors holds accel/p384 against the test vectors of Project Wycheproof.
//
// It is a module of its own, so that nobody who uses tlslab downloads 26 MB of vectors.
package vectors
