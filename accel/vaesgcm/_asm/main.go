// Command _asm writes the assembly of vaesgcm. Run it by go generate in the folder above.
//
// It follows FIPS 197 (AES), SP 800-38D (GCM) and the description of the instructions in Intel's manuals.
//
// # Hashing
//
// GCM numbers the bits of a block from the left. A block loaded with its bytes reversed is a number whose bit i is the
// coefficient of x^(127-i): the polynomial backwards. A carry-less product of two such numbers is the product backwards
// too, in 255 bits, so that the field's multiplication becomes a Montgomery multiplication modulo the backward
// polynomial Q = y^128 + y^127 + y^126 + y^121 + 1, a*b*y^-127 mod Q. The powers of the hash key are kept times y, and
// the radix becomes 2^128. Because the low half of Q is 1, a step of the reduction multiplies the lowest 64 bits by
// y^63 + y^62 + y^57 alone.
//
// The powers stand in descending order and end with the first. Blocks that are left to hash, 4 to a vector, meet their
// powers by one unaligned load from the place that is as far from the end as there are blocks.
package main

import . "github.com/mmcloughlin/avo/build"

// The key schedule that every function reads, in blocks of 16 bytes: 15 round keys, a gap, the powers of the hash key
// from the 36th to the first, and zeros that the last vector may read.
const (
	schedule     = "*[56][16]byte"
	blockSize    = 16
	vectorSize   = 4 * blockSize
	chunkVectors = 8
	chunkSize    = chunkVectors * vectorSize
	powerVectors = chunkVectors + 1 // a chunk less one byte, and the block of lengths
	firstPower   = 16 * blockSize
	powersEnd    = firstPower + powerVectors*vectorSize
)

// The arguments of the functions that encrypt. The digest is GHASH so far with its bytes reversed, and the tag in the end.
const arguments = "key " + schedule + ", rounds int, nonce *[12]byte, counter int, digest *[16]byte, dst, src *byte, n int"

func main() {
	ConstraintExpr("!purego")
	expand128()
	expand256()
	powers()
	hash()
	chunks("sealChunks", seals)
	chunks("openChunks", opens)
	tail("sealTail", seals)
	tail("openTail", opens)
	Generate()
}
