package hist

import (
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
)

// HdrHistogram's V2 encoding (https://github.com/HdrHistogram/HdrHistogram, "V2EncodingCookieBase"). Numbers are
// big endian. A stream of counts follows header; both are compressed by zlib, follow envelope, and all of that is
// written in base64. Each count is a zigzag LEB128 integer; one below 0 stands for so many empty buckets.
const (
	plainCookie      = 0x1c849303
	compressedCookie = 0x1c849304
	wordSize         = 0x10 // of the cookies: counts are integers of variable size
	cookieMask       = ^uint32(0xf0)
)

type envelope struct {
	Cookie uint32
	Length int32 // of the compressed rest, bytes
}

type header struct {
	Cookie  uint32
	Length  int32 // of the counts, bytes
	Offset  int32 // of the writer's memory layout; says nothing of the counts' order
	Digits  int32 // significant decimal digits
	Lowest  int64 // discernible value
	Highest int64 // trackable value
	Ratio   float64
}

// digits are HdrHistogram's precisions and the layouts that they mean: enough bits to tell apart 2*10^digits values.
var digits = []struct {
	digits int32
	layout Layout
}{{1, 4}, {2, 7}, {3, 10}}

// EncodeV2 is h in HdrHistogram's compressed V2 encoding, in base64. Extremes and sum are only in it as far as the
// buckets tell them. A layout that HdrHistogram does not have (4, 7 and 10 bits are 1, 2 and 3 digits) is written
// in the next finer one that it has, every bucket by its lower edge: [Histogram.Coarsen] undoes that.
func (h *Histogram) EncodeV2() []byte {
	on := digits[len(digits)-1]
	for _, d := range digits {
		if d.layout >= h.layout && h.layout != 0 {
			on = d
			break
		}
	}
	counts := h.appendCounts(nil, on.layout)
	head := header{
		Cookie: plainCookie | wordSize, Length: int32(len(counts)), Digits: on.digits,
		Lowest: 1, Highest: max(h.max, int64(Longest)), Ratio: 1,
	}
	body := deflate(append(pack(head), counts...))
	whole := append(pack(envelope{compressedCookie | wordSize, int32(len(body))}), body...)
	return base64.StdEncoding.AppendEncode(nil, whole)
}

func pack(fixed any) []byte {
	out, err := binary.Append(nil, binary.BigEndian, fixed)
	if err != nil {
		panic(err) // only for a type of variable size
	}
	return out
}

func deflate(plain []byte) []byte {
	var out bytes.Buffer // whose writes do not fail
	z := zlib.NewWriter(&out)
	z.Write(plain)
	z.Close()
	return out.Bytes()
}

func (h *Histogram) appendCounts(out []byte, on Layout) []byte {
	next := 0
	for b := range h.Buckets() {
		i := on.Index(b.Lo)
		switch empty := i - next; empty {
		case 0:
		case 1:
			out = append(out, 0)
		default:
			out = binary.AppendVarint(out, -int64(empty))
		}
		out = binary.AppendVarint(out, int64(b.Count))
		next = i + 1
	}
	return out
}

// DecodeV2 reads HdrHistogram's compressed V2 encoding, in base64. It takes 1 to 3 significant digits and a lowest
// discernible value of 1, which is what the [Layout] family covers. Minimum and maximum are the outer edges of the
// outermost buckets, and the sum takes every value for the middle of its bucket. Hostile text costs a few MiB at
// most: neither what it inflates to nor the buckets that it names may exceed those of the layout.
func DecodeV2(text []byte) (Histogram, error) {
	h, err := decodeV2(text)
	if err != nil {
		return Histogram{}, fmt.Errorf("decode histogram: %w", err)
	}
	return h, nil
}

func decodeV2(text []byte) (Histogram, error) {
	whole, err := base64.StdEncoding.AppendDecode(nil, text)
	if err != nil {
		return Histogram{}, err
	}
	var outer envelope
	used, err := binary.Decode(whole, binary.BigEndian, &outer)
	if err != nil {
		return Histogram{}, errors.New("shorter than its envelope")
	}
	body := whole[used:]
	if outer.Cookie&cookieMask != compressedCookie {
		return Histogram{}, fmt.Errorf("cookie is 0x%08x, want V2 compressed", outer.Cookie)
	}
	if int64(outer.Length) != int64(len(body)) {
		return Histogram{}, fmt.Errorf("compressed part is %d bytes, envelope says %d", len(body), outer.Length)
	}
	z, err := zlib.NewReader(bytes.NewReader(body))
	if err != nil {
		return Histogram{}, err
	}
	return readPlain(z)
}

func readPlain(r io.Reader) (Histogram, error) {
	var head header
	if err := binary.Read(r, binary.BigEndian, &head); err != nil {
		return Histogram{}, fmt.Errorf("header: %w", err)
	}
	layout, err := head.layout()
	if err != nil {
		return Histogram{}, err
	}
	// One byte more than announced, so that trailing data shows and the end of zlib's checksum is reached.
	counts, err := io.ReadAll(io.LimitReader(r, int64(head.Length)+1))
	if err != nil {
		return Histogram{}, err
	}
	if len(counts) != int(head.Length) {
		return Histogram{}, fmt.Errorf("header announces %d bytes of counts, and there are not", head.Length)
	}
	return readCounts(layout, counts)
}

func (h *header) layout() (Layout, error) {
	if h.Cookie&cookieMask != plainCookie {
		return 0, fmt.Errorf("inner cookie is 0x%08x, want V2", h.Cookie)
	}
	if h.Lowest != 1 || h.Ratio != 1 {
		return 0, fmt.Errorf("lowest value %d, conversion ratio %g: want 1 and 1", h.Lowest, h.Ratio)
	}
	for _, d := range digits {
		if d.digits != h.Digits {
			continue
		}
		if most := d.layout.Len() * binary.MaxVarintLen64; h.Length < 0 || int(h.Length) > most {
			return 0, fmt.Errorf("%d bytes of counts: want 0 to %d", h.Length, most)
		}
		return d.layout, nil
	}
	return 0, fmt.Errorf("%d significant digits: want 1 to 3", h.Digits)
}

func readCounts(layout Layout, in []byte) (Histogram, error) {
	var counts []uint64
	var total int64
	for len(in) > 0 {
		n, used := binary.Varint(in)
		if used <= 0 {
			return Histogram{}, errors.New("count is cut off or too long")
		}
		in = in[used:]
		room := int64(layout.Len() - len(counts))
		switch {
		case room < 1 || n < -room:
			return Histogram{}, fmt.Errorf("counts reach beyond the %d buckets", layout.Len())
		case n < 0:
			counts = append(counts, make([]uint64, -n)...)
		case n > math.MaxInt64-total || total+n > MaxCount:
			return Histogram{}, errors.New("too many values")
		default:
			counts = append(counts, uint64(n))
			total += n
		}
	}
	return fromCounts(layout, counts), nil
}
