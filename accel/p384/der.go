package p384

// A signature of P-384 is a SEQUENCE of two INTEGERs of at most 49 bytes: every length fits into one byte.
const (
	tagInteger  = 0x02
	tagSequence = 0x30
)

// encode returns the ASN.1 form of a signature.
func encode(r, s *[6]uint64) []byte {
	var rb, sb [size]byte
	octets(&rb, r)
	octets(&sb, s)
	out := make([]byte, 2, 2+2*(2+1+size))
	out = appendInteger(appendInteger(out, significant(rb[:])), significant(sb[:]))
	out[0], out[1] = tagSequence, byte(len(out)-2)
	return out
}

func significant(b []byte) []byte {
	for len(b) > 1 && b[0] == 0 {
		b = b[1:]
	}
	return b
}

func appendInteger(out, b []byte) []byte {
	if b[0] >= 0x80 {
		return append(append(out, tagInteger, byte(len(b)+1), 0), b...)
	}
	return append(append(out, tagInteger, byte(len(b))), b...)
}

// parse reads the ASN.1 form of a signature. It refuses all that crypto/ecdsa refuses to read, and integers that are
// too long for P-384, which crypto/ecdsa reads and finds invalid.
func parse(r, s *[6]uint64, der []byte) bool {
	if len(der) < 2 || der[0] != tagSequence || int(der[1]) != len(der)-2 || der[1] >= 0x80 {
		return false
	}
	rest, ok := readInteger(r, der[2:])
	if !ok {
		return false
	}
	rest, ok = readInteger(s, rest)
	return ok && len(rest) == 0
}

func readInteger(z *[6]uint64, der []byte) (rest []byte, ok bool) {
	if len(der) < 3 || der[0] != tagInteger || der[1] == 0 || int(der[1]) > min(len(der)-2, 1+size) {
		return nil, false
	}
	b, rest := der[2:2+der[1]], der[2+der[1]:]
	switch {
	case b[0] >= 0x80: // negative
		return nil, false
	case len(b) > 1 && b[0] == 0 && b[1] < 0x80: // longer than need be
		return nil, false
	case len(b) > 1 && b[0] == 0:
		b = b[1:]
	}
	if len(b) > size {
		return nil, false
	}
	var padded [size]byte
	copy(padded[size-len(b):], b)
	setOctets(z, &padded)
	return rest, true
}
