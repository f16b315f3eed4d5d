package rotation

import (
	"bytes"
	"encoding/pem"
	"slices"
)

// torn are files of which a part is there. The key, where it is whole, fits the certificate, where that is.
func torn() []Injection {
	authorities := injection("torn-authorities", "the file of authorities ends inside its second root", Rename, tornAuthorities)
	authorities.Trust = true
	return []Injection{
		injection("torn-certificate", "the certificate ends inside the leaf, inside the intermediate, or between the two", Rename, tornCertificate),
		injection("torn-key", "the key ends in its middle", Rename, tornKey),
		authorities,
		injection("residue", "the chain is whole, and the begin of one more certificate follows", Rename, residue),
		injection("empty-files", "the certificate is empty, then the key is", Rename, emptied),
	}
}

// tornCertificate ends with the cut that most programs believe: a leaf with its key and no intermediate.
func tornCertificate(s *script) {
	cuts := []struct {
		name  string
		whole int // blocks
		more  int // bytes
	}{{"inside the leaf", 0, 300}, {"inside the intermediate", 1, 300}, {"after the leaf", 1, 0}}
	var m Material
	for _, c := range cuts {
		m = s.next()
		cut := m
		cut.Certificate = head(m.Certificate, c.whole, c.more)
		s.keep("ends "+c.name, watched, s.Steps(cut)...)
	}
	s.adopt("the whole chain", s.Steps(Material{Certificate: m.Certificate})...)
	s.afterwards()
}

// head is the begin of a PEM text: so many whole blocks, and so many bytes of the next one.
func head(text []byte, whole, more int) []byte {
	rest := text
	for range whole {
		_, rest = pem.Decode(rest)
	}
	return text[:min(len(text)-len(rest)+more, len(text))]
}

func tornKey(s *script) {
	m := s.next()
	cut := m
	cut.Key = m.Key[:len(m.Key)/2]
	s.keep("half of the key", watched, s.Steps(cut)...)
	s.adopt("the whole key", s.Steps(Material{Key: m.Key})...)
}

func tornAuthorities(s *script) {
	m := s.next()
	m.Authorities = s.authority.Roots()
	cut := m
	cut.Authorities = head(m.Authorities, 1, 300)
	s.keep("ends inside the second root", watched, s.Steps(cut)...)
	s.adopt("both roots", s.Steps(Material{Authorities: m.Authorities})...)
}

func residue(s *script) {
	m := s.next()
	whole := m.Certificate
	m.Certificate = slices.Concat(whole, head(whole, 0, 300))
	s.keep("the begin of one more", watched, s.Steps(m)...)
	s.adopt("the chain alone", s.Steps(Material{Certificate: whole})...)
}

func emptied(s *script) {
	m := s.next()
	m.Certificate = []byte{}
	s.keep("empty certificate", watched, s.Steps(m)...)
	m = s.next()
	m.Key = []byte{}
	s.keep("empty key", watched, s.Steps(m)...)
	s.afterwards()
}

// contents are files that are whole and look unusual, or are wrong.
func contents() []Injection {
	return []Injection{
		injection("line-endings", "lines end as on Windows, which is fine", Rename, changed(Adopt, windowsLines)),
		injection("byte-order-mark", "the certificate begins with a byte order mark, which hides the leaf", Rename, changed(Keep, marked)),
		injection("leaf-second", "the intermediate comes before the leaf", Rename, changed(Keep, leafSecond)),
		injection("huge-certificate", "ten megabytes follow the chain", Rename, changed(Keep, huge)),
	}
}

// changed rotates to a certificate file that was changed.
func changed(want Expectation, change func(chain []byte) []byte) func(*script) {
	return func(s *script) {
		m := s.next()
		m.Certificate = change(m.Certificate)
		s.move("rotation", want, watched, s.Steps(m)...)
		s.afterwards()
	}
}

func windowsLines(chain []byte) []byte { return bytes.ReplaceAll(chain, []byte("\n"), []byte("\r\n")) }

func marked(chain []byte) []byte { return append([]byte("\ufeff"), chain...) }

func huge(chain []byte) []byte {
	return append(chain, bytes.Repeat([]byte("tlslab\n"), 10<<20/7)...)
}

func leafSecond(chain []byte) []byte {
	_, rest := pem.Decode(chain)
	return slices.Concat(rest, chain[:len(chain)-len(rest)])
}
