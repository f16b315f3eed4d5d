package loadgen

// HPACK as far as one GET needs it: no dynamic table, and of the static one (RFC 7541, appendix A) these entries.
const (
	staticAuthority = 1
	staticGet       = 2
	staticRoot      = 4
	staticHTTPS     = 7
	staticStatus    = 8 // 8 to 14: :status with the values of statuses
)

var (
	statuses = [...]string{"200", "204", "206", "304", "400", "404", "500"}
	// The codes of RFC 7541, appendix B, for 2, 0 and 4: 00010, 00000 and 011010.
	huffman204 = [...]byte{0x10, 0x1a}
)

// requestFields is the field section of a GET of /. A field that is indexed is one byte with the highest bit set; the
// authority is a literal that is not to be indexed (RFC 7541, sections 6.1 and 6.2.2).
func requestFields(authority string) []byte {
	out := []byte{0x80 | staticGet, 0x80 | staticHTTPS, 0x80 | staticRoot, staticAuthority}
	return append(appendInteger(out, 7, len(authority)), authority...)
}

// appendInteger writes an integer with a prefix of n bits, the bits before them zero (RFC 7541, section 5.1).
func appendInteger(out []byte, n, value int) []byte {
	most := 1<<n - 1
	if value < most {
		return append(out, byte(value))
	}
	out = append(out, byte(most))
	for value -= most; value >= 1<<7; value >>= 7 {
		out = append(out, byte(value)|1<<7)
	}
	return append(out, byte(value))
}

// readInteger reads one of at most 28 bits and more; ok is false for one that is longer or has no end.
func readInteger(in []byte, n int) (value int, rest []byte, ok bool) {
	if len(in) == 0 {
		return 0, nil, false
	}
	most := 1<<n - 1
	if value = int(in[0]) & most; value < most {
		return value, in[1:], true
	}
	for i, b := range in[1:min(len(in), 5)] {
		value += int(b&0x7f) << (7 * i)
		if b < 1<<7 {
			return value, in[i+2:], true
		}
	}
	return 0, nil, false
}

// firstStatus is the status of an answer: its only pseudo-header field, which comes before all others (RFC 9113,
// section 8.3), after what the server says of its dynamic table. Fields behind it mean nothing to a 204. A status that
// is written in a way of its own, and is not 204, is "other".
func firstStatus(in []byte) (status string, err error) {
	for len(in) > 0 && in[0]&0xe0 == 0x20 { // size of the dynamic table: RFC 7541, section 6.3
		size, rest, ok := readInteger(in, 5)
		if !ok || size != 0 {
			return "", errFieldLine
		}
		in = rest
	}
	switch {
	case len(in) == 0:
		return "", errFieldLine
	case in[0]&0x80 != 0: // indexed
		index, _, ok := readInteger(in, 7)
		if !ok || index < staticStatus || index >= staticStatus+len(statuses) {
			return "", errFieldLine
		}
		return statuses[index-staticStatus], nil
	case in[0]&0x40 != 0: // a literal that is to be indexed
		return literalStatus(in, 6)
	}
	return literalStatus(in, 4)
}

// literalStatus is a status whose name has an index with a prefix of n bits.
func literalStatus(in []byte, n int) (string, error) {
	index, in, ok := readInteger(in, n)
	if !ok || index < staticStatus || index >= staticStatus+len(statuses) || len(in) == 0 {
		return "", errFieldLine
	}
	coded := in[0]&0x80 != 0
	length, in, ok := readInteger(in, 7)
	if !ok || length > len(in) {
		return "", errFieldLine
	}
	switch value := string(in[:length]); {
	case coded && value == string(huffman204[:]):
		return "204", nil
	case !coded && len(value) == 3:
		return value, nil
	}
	return "other", nil
}
