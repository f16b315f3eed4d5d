//go:build !purego

package single

// mulARM64 sets z to x*y/2^384 mod p.
//
//go:noescape
func mulARM64(z, x, y *[6]uint64)

// sqrARM64 sets z to x^2/2^384 mod p.
//
//go:noescape
func sqrARM64(z, x *[6]uint64)

// chooseARM64 sets z to an entry of the window and reads all of them.
//
//go:noescape
func chooseARM64(z *[12]uint64, window *[384]uint64, index uint64)
