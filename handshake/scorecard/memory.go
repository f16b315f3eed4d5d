package scorecard

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/handshake/rotation"
)

// The forms in which a key lies in memory. A scalar in DER is not counted as a scalar as well.
const (
	formScalar = "scalar"
	formLimbs  = "little-endian scalar"
	formDER    = "der"
	formPEM    = "pem"
)

// window is how many bytes of a form are looked up at every address.
const window = 8

// shape is one form of one key.
type shape struct {
	key    int // which
	form   string
	bytes  []byte
	anchor int // offset of the window in bytes
}

// index finds the keys in memory by a window of each of their forms. A bitmap says for nearly all addresses that there is
// nothing, without the map.
type index struct {
	shapes map[[window]byte][]shape // the long ones first
	hint   []uint64
}

const hintBits = 22

// indexOf is an index of private keys.
func indexOf(keys []rotation.Material) (*index, error) {
	x := &index{shapes: map[[window]byte][]shape{}, hint: make([]uint64, 1<<hintBits/64)}
	for n, m := range keys {
		shapes, err := shapesOf(n, m.Key)
		if err != nil {
			return nil, fmt.Errorf("key of generation %d: %w", m.Generation, err)
		}
		for _, s := range shapes {
			w := [window]byte(s.bytes[s.anchor:])
			x.shapes[w] = append(x.shapes[w], s)
			h := hash(w)
			x.hint[h/64] |= 1 << (h % 64)
		}
	}
	for _, same := range x.shapes {
		slices.SortStableFunc(same, func(a, b shape) int { return len(b.bytes) - len(a.bytes) })
	}
	return x, nil
}

func hash(w [window]byte) uint64 {
	const golden = 0x9e3779b97f4a7c15 // 2^64 by the golden ratio
	return binary.LittleEndian.Uint64(w[:]) * golden >> (64 - hintBits)
}

// shapesOf are the forms of a key in PEM.
func shapesOf(key int, text []byte) ([]shape, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("no PEM")
	}
	secret, err := secretOf(block.Bytes)
	if err != nil {
		return nil, err
	}
	at := bytes.Index(block.Bytes, secret)
	if at < 0 {
		return nil, errors.New("no scalar in its DER")
	}
	limbs := slices.Clone(secret)
	slices.Reverse(limbs)
	shapes := []shape{
		{key, formScalar, secret, 0},
		{key, formLimbs, limbs, 0},
		{key, formDER, block.Bytes, at},
	}
	if line := secretLine(text, at, len(secret)); line != nil {
		shapes = append(shapes, shape{key, formPEM, line, 0})
	}
	return shapes, nil
}

// secretOf is the scalar of an ECDSA key in PKCS #8, as it stands there.
func secretOf(der []byte) ([]byte, error) {
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, err
	}
	key, is := parsed.(*ecdsa.PrivateKey)
	if !is {
		return nil, fmt.Errorf("a %T", parsed)
	}
	return key.Bytes()
}

// A line of PEM is 64 characters, for 48 bytes. A copy is found by 48 of them.
const (
	lineBytes = 48
	lineText  = 48
)

// secretLine is the begin of the line of PEM with the most of a secret, that lies at an offset of the DER; nil: there is
// no line that long.
func secretLine(text []byte, at, length int) []byte {
	middle := (at + length/2) / lineBytes
	lines := bytes.Split(text, []byte("\n"))
	if len(lines) <= middle+1 || len(lines[middle+1]) < lineText { // after the line that begins it
		return nil
	}
	return lines[middle+1][:lineText]
}

// found is where keys were found: by form, how many copies.
type found struct {
	keys   map[int]bool
	copies map[string]int
}

// search looks at the addresses from one to another of a stretch of memory; forms may reach beyond them. Most of what a
// program has reserved is zero.
func (x *index) search(memory []byte, from, to int, f *found) {
	zeros := make([]byte, 4<<10)
	for at := from; at < to && at+window <= len(memory); at++ {
		w := [window]byte(memory[at:])
		if w == [window]byte{} && bytes.HasPrefix(memory[at:], zeros) {
			at += len(zeros) - window
			continue
		}
		if h := hash(w); x.hint[h/64]&(1<<(h%64)) == 0 {
			continue
		}
		for _, s := range x.shapes[w] {
			if begin := at - s.anchor; begin >= 0 && bytes.HasPrefix(memory[begin:], s.bytes) {
				f.keys[s.key] = true
				f.copies[s.form]++
				break
			}
		}
	}
}
