package p384

import (
	"encoding/binary"
	"math/bits"
)

// size is the length of a coordinate, a scalar and a SHA-384 digest, in bytes.
const size = 48

// order is the order n of the group.
var order = [6]uint64{
	0xecec196accc52973, 0x581a0db248b0a77a, 0xc7634d81f4372ddf,
	0xffffffffffffffff, 0xffffffffffffffff, 0xffffffffffffffff,
}

// setOctets sets z to a big-endian number.
func setOctets(z *[6]uint64, b *[size]byte) {
	for i := range z {
		z[i] = binary.BigEndian.Uint64(b[size-8*(i+1):])
	}
}

// octets writes z as a big-endian number.
func octets(b *[size]byte, z *[6]uint64) {
	for i, limb := range z {
		binary.BigEndian.PutUint64(b[size-8*(i+1):], limb)
	}
}

// setDigest sets e to the leftmost 384 bits of a digest; a shorter one is a smaller number, not a padded one.
func setDigest(e *[6]uint64, digest []byte) {
	var b [size]byte
	digest = digest[:min(len(digest), size)]
	copy(b[size-len(digest):], digest)
	setOctets(e, &b)
}

// lessOrder is 1 where z < n and 0 otherwise; difference is z - n, modulo 2^384.
func lessOrder(difference, z *[6]uint64) (less uint64) {
	for i := range z {
		difference[i], less = bits.Sub64(z[i], order[i], less)
	}
	return less
}

// reduce sets z to z mod n, in constant time: 2^384 < 2n, so that one subtraction is enough.
func reduce(z *[6]uint64) {
	var difference [6]uint64
	keep := -lessOrder(&difference, z)
	for i := range z {
		z[i] = z[i]&keep | difference[i]&^keep
	}
}

// usable reports whether 0 < k < n. It takes the same time for all k.
func usable(k *[6]uint64) bool {
	var union uint64
	for _, limb := range k {
		union |= limb
	}
	var difference [6]uint64
	defer clear(difference[:])
	return lessOrder(&difference, k)&((union|-union)>>63) == 1
}
