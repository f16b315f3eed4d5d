package rotation

import "time"

// gap is how long the two files of a pair are apart.
const gap = 500 * time.Millisecond

// orders are rotations of which a server sees the middle.
func orders() []Injection {
	return []Injection{
		injection("cert-before-key", "the key comes half a second after its certificate", Rename, certificateFirst),
		injection("key-before-cert", "the certificate comes half a second after its key", Rename, keyFirst),
		injection("mismatched-pair", "certificate and key of two generations lie there for two seconds", Rename, mismatched),
		injection("in-place-stall", "the writer pauses for 1.2 s in the middle of the certificate", InPlace, stalled),
	}
}

func certificateFirst(s *script) {
	m := s.next()
	s.keep("certificate", gap, s.Steps(Material{Certificate: m.Certificate})...)
	s.adopt("key", s.Steps(Material{Key: m.Key, Authorities: m.Authorities})...)
}

func keyFirst(s *script) {
	m := s.next()
	s.keep("key", gap, s.Steps(Material{Key: m.Key})...)
	s.adopt("certificate", s.Steps(Material{Certificate: m.Certificate, Authorities: m.Authorities})...)
}

func mismatched(s *script) {
	m, other := s.next(), s.next()
	m.Key = other.Key
	s.keep("pair that does not match", 2*time.Second, s.Steps(m)...)
	s.afterwards()
}

func stalled(s *script) {
	const half = 2 // steps until half of the certificate is written
	steps := s.Steps(s.next())
	s.keep("half of the certificate", 1200*time.Millisecond, steps[:half]...)
	s.adopt("the rest", steps[half:]...)
}
