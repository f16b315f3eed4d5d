//go:build amd64 && !purego

package ifma8

// vec is a number in eight lanes: vec[i][l] is limb i, of 52 bits, of lane l. Where nothing else is said it is below
// p + p/2^20, or n + n/2^20, and in Montgomery form, that is multiplied by R = 2^416.
type vec = [8][8]uint64

// zero is 0 in all lanes.
var zero vec

// pack sets one lane to a number.
func pack(v *vec, lane int, w *[6]uint64) {
	const mask = 1<<52 - 1
	v[0][lane] = w[0] & mask
	v[1][lane] = (w[0]>>52 | w[1]<<12) & mask
	v[2][lane] = (w[1]>>40 | w[2]<<24) & mask
	v[3][lane] = (w[2]>>28 | w[3]<<36) & mask
	v[4][lane] = (w[3]>>16 | w[4]<<48) & mask
	v[5][lane] = w[4] >> 4 & mask
	v[6][lane] = (w[4]>>56 | w[5]<<8) & mask
	v[7][lane] = w[5] >> 44
}

// unpack reads one lane of a number below 2^384.
func unpack(w *[6]uint64, v *vec, lane int) {
	w[0] = v[0][lane] | v[1][lane]<<52
	w[1] = v[1][lane]>>12 | v[2][lane]<<40
	w[2] = v[2][lane]>>24 | v[3][lane]<<28
	w[3] = v[3][lane]>>36 | v[4][lane]<<16
	w[4] = v[4][lane]>>48 | v[5][lane]<<4 | v[6][lane]<<56
	w[5] = v[6][lane]>>8 | v[7][lane]<<44
}

// broadcast sets all lanes to a number.
func broadcast(v *vec, w *[6]uint64) {
	pack(v, 0, w)
	for i := range v {
		for l := range v[i] {
			v[i][l] = v[i][0]
		}
	}
}

// zeroLanes has a bit for each lane that is 0.
func zeroLanes(v *vec) uint8 { return equalLanes(v, &zero) }

// equalLanes has a bit for each lane in which two numbers agree limb by limb.
func equalLanes(a, b *vec) (lanes uint8) {
	for l := range Lanes {
		var differ uint64
		for i := range a {
			differ |= a[i][l] ^ b[i][l]
		}
		lanes |= uint8((differ|-differ)>>63^1) << l
	}
	return lanes
}

// choose overwrites the given lanes.
func choose(v, with *vec, lanes uint8) {
	for l := range Lanes {
		mask := -(uint64(lanes) >> l & 1)
		for i := range v {
			v[i][l] ^= mask & (v[i][l] ^ with[i][l])
		}
	}
}
