package rotation

import (
	"crypto/x509"
	"os"

	"github.com/tlslab/tlslab/handshake/pki"
)

// refused are certificates that no peer would accept.
func refused() []Injection {
	return []Injection{
		injection("expired", "a leaf that has ended", Rename, instead((*Authority).Expired)),
		injection("not-yet-valid", "a leaf that begins tomorrow", Rename, instead((*Authority).Future)),
		injection("wrong-usage", "a leaf that is for clients only", Rename, instead(forClients)),
	}
}

// instead rotates to what a good server refuses.
func instead(of func(a *Authority, generation uint64) (Material, error)) func(*script) {
	return func(s *script) {
		m := s.issue(func(generation uint64) (Material, error) { return of(s.authority, generation) })
		s.keep("rotation", watched, s.Steps(m)...)
		s.afterwards()
	}
}

func forClients(a *Authority, generation uint64) (Material, error) {
	return a.issue(generation, pki.Request{Usage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
}

// permissions are files that somebody else may read or replace.
func permissions() []Injection {
	return []Injection{
		injection("wrong-mode", "everybody may read the key, then nobody else", Rename, wrongMode),
		injection("wrong-owner", "the key belongs to somebody else, then to the server", Rename, wrongOwner),
		injection("writable-parent", "everybody may write into the directory, then nobody else", Rename, writableParent),
	}
}

func wrongMode(s *script) {
	s.keep("mode 0644", watched, beforeRename(s.Steps(s.next()), s.mode(besideName(keyFile), 0o644))...)
	s.adopt("mode 0600", s.mode(keyFile, 0o600))
	s.afterwards()
}

func (s *script) mode(name string, mode os.FileMode) Step {
	return Step{Name: "chmod " + name, Do: func() error { return os.Chmod(s.path(name), mode) }}
}

// wrongOwner gives the key to another user, whoever that is. The step fails for who is not root.
func wrongOwner(s *script) {
	user := os.Geteuid()
	s.keep("somebody else's", watched, beforeRename(s.Steps(s.next()), s.owner(besideName(keyFile), user+1))...)
	s.adopt("the server's", s.owner(keyFile, user))
	s.afterwards()
}

func (s *script) owner(name string, user int) Step {
	return Step{Name: "chown " + name, Do: func() error { return os.Chown(s.path(name), user, -1) }}
}

// writableParent is no more than a warning: Kubernetes mounts a volume with mode 1777.
func writableParent(s *script) {
	s.move("mode 0777", Any, watched, append([]Step{s.mode(".", 0o777)}, s.Steps(s.next())...)...)
	s.adopt("mode 0755", s.mode(".", 0o755))
	s.afterwards()
}
