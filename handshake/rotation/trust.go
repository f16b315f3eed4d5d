package rotation

// trust are rotations of who is trusted.
func trust() []Injection {
	return []Injection{
		injection("ca-widen", "another root is trusted as well, then the leaf is under it", Rename, widen),
		injection("ca-replace", "another root is trusted instead, and the leaf is under it", Rename, replace),
	}
}

func widen(s *script) {
	m := s.next()
	m.Authorities = s.authority.Roots()
	s.adopt("two roots", s.Steps(m)...)
	m = s.issue(s.authority.Next.Issue)
	m.Authorities = s.authority.Roots()
	s.adopt("a leaf under the other", s.Steps(m)...)
}

func replace(s *script) {
	s.adopt("another root", s.Steps(s.issue(s.authority.Next.Issue))...)
	s.adopt("a rotation under it", s.Steps(s.issue(s.authority.Next.Issue))...)
}
