//go:build race

package p384

// slowdown is by how much tests do less where the race detector makes all of cryptography slow.
const slowdown = 5
