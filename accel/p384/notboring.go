//go:build !boringcrypto

package p384

// boringCrypto is set where BoringCrypto stands in for the standard library's cryptography.
const boringCrypto = false
