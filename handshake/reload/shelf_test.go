package reload

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io/fs"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// shelf is a directory with the files of a generation.
type shelf struct {
	testing.TB
	dir string
	Files
}

func newShelf(t testing.TB, generation int64) shelf {
	dir := filepath.Join(t.TempDir(), "tls")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	s := shelf{t, dir, Files{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"), filepath.Join(dir, "ca.crt")}}
	s.write(generation)
	return s
}

// pair is a generation that is its own authority.
func (s shelf) pair(generation int64) Pair { return s.valid(generation, -time.Hour, time.Hour) }

func (s shelf) valid(generation int64, from, to time.Duration) Pair {
	s.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(generation), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(from), NotAfter: time.Now().Add(to),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	s.must(err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	s.must(err)
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return Pair{certificate, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}), certificate}
}

func (s shelf) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s shelf) each(p Pair, put func(path string, text []byte)) {
	put(s.Files.Certificate, p.Certificate)
	put(s.Files.Key, p.Key)
	put(s.Files.Authorities, p.Authorities)
}

// write truncates the files and writes a generation into them.
func (s shelf) write(generation int64) { s.writePair(s.pair(generation)) }

func (s shelf) writePair(p Pair) {
	s.Helper()
	s.each(p, func(path string, text []byte) { s.must(os.WriteFile(path, text, 0o600)) })
}

// tear writes a generation's certificate and leaves the key to the one before.
func (s shelf) tear(generation int64) (rest Pair) {
	s.Helper()
	rest = s.pair(generation)
	s.must(os.WriteFile(s.Files.Certificate, rest.Certificate, 0o600))
	return rest
}

func (s shelf) remove() {
	s.Helper()
	s.each(Pair{}, func(path string, _ []byte) { s.must(os.Remove(path)) })
}

// rename writes a generation beside the files and renames it over them.
func (s shelf) rename(generation int64) {
	s.Helper()
	s.each(s.pair(generation), func(path string, text []byte) {
		s.must(os.WriteFile(path+".new", text, 0o600))
		s.must(os.Rename(path+".new", path))
	})
}

// link backs the files up by hard links and renames a generation over them.
func (s shelf) link(generation int64) {
	s.Helper()
	s.each(Pair{}, func(path string, _ []byte) { s.must(os.Link(path, path+".old")) })
	s.rename(generation)
}

// hold opens the files for the rest of the test and renames a generation over them.
func (s shelf) hold(generation int64) {
	s.Helper()
	s.each(Pair{}, func(path string, _ []byte) {
		f, err := os.Open(path)
		s.must(err)
		s.Cleanup(func() { f.Close() })
	})
	s.rename(generation)
}

// moveDirectory puts a directory with a generation in the place of the files' own, which is kept as the one returned.
func (s shelf) moveDirectory(generation int64) (old string) {
	s.Helper()
	old = s.dir + ".old"
	s.must(os.Rename(s.dir, old))
	s.must(os.Mkdir(s.dir, 0o700))
	s.write(generation)
	return old
}

// mount makes the files links through a link to a directory, as Kubernetes does, with a generation there.
func (s shelf) mount(generation int64) {
	s.Helper()
	if old, err := os.Readlink(filepath.Join(s.dir, "..data")); err == nil {
		defer func() { s.must(os.RemoveAll(filepath.Join(s.dir, old))) }()
	}
	name, err := os.MkdirTemp(s.dir, "..")
	s.must(err)
	s.each(s.pair(generation), func(path string, text []byte) {
		s.must(os.WriteFile(filepath.Join(name, filepath.Base(path)), text, 0o600))
	})
	s.must(os.Symlink(filepath.Base(name), filepath.Join(s.dir, "..tmp")))
	s.must(os.Rename(filepath.Join(s.dir, "..tmp"), filepath.Join(s.dir, "..data")))
	s.each(Pair{}, func(path string, _ []byte) {
		if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink == 0 {
			s.must(os.Remove(path))
		}
		if err := os.Symlink(filepath.Join("..data", filepath.Base(path)), path); !errors.Is(err, fs.ErrExist) {
			s.must(err)
		}
	})
}

// date gives the files a time of change, so that no test depends on how fine the kernel's is.
func (s shelf) date(at time.Time) {
	s.Helper()
	s.each(Pair{}, func(path string, _ []byte) { s.must(os.Chtimes(path, at, at)) })
}

func (s shelf) open(o Options) (Strategy, *Book) {
	s.Helper()
	o.Files, o.Book = s.Files, &Book{}
	strategy, err := Open(o)
	s.must(err)
	return strategy, o.Book
}

func servedBy(t testing.TB, s Strategy) int64 {
	t.Helper()
	id, err := s.Identity()
	if err != nil {
		t.Fatal(err)
	}
	return int64(id.Generation)
}
