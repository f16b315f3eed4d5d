package rotation_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
)

// What lies there after each move, of injections in which it is more than a pair or none.
func TestWrong(t *testing.T) {
	tests := []struct {
		injection string
		look      func(t *testing.T, files reload.Files) string
		want      []string
	}{
		{"torn-certificate", chain, []string{"0", "1", "1", "2", "2"}},
		{"residue", chain, []string{"2", "2"}},
		{"residue", rest, []string{"-----BEGIN CERTIFICATE-----", ""}},
		{"huge-certificate", rest, []string{"tlslab", ""}},
		{"huge-certificate", megabytes, []string{"10", "0"}},
		{"torn-authorities", roots, []string{"1", "2"}},
		{"ca-widen", roots, []string{"2", "2"}},
		{"chain-only", chain, []string{"2", "3", "3"}},
		{"expired", validity, []string{"ended", "valid"}},
		{"not-yet-valid", validity, []string{"to begin", "valid"}},
		{"wrong-usage", usage, []string{"[clientAuth]", "[serverAuth clientAuth]"}},
		{"wrong-mode", mode, []string{"-rw-r--r--", "-rw-------", "-rw-------"}},
		{"wrong-owner", owner, []string{"1", "0", "0"}},
		{"key-type-change", keyType, []string{"ECDSA", "RSA", "Ed25519", "ECDSA", "ECDSA"}},
	}
	for _, tt := range tests {
		t.Run(tt.injection, func(t *testing.T) {
			p, moves := staged(t, named(t, tt.injection))
			var got []string
			for _, m := range moves {
				perform(t, m)
				got = append(got, tt.look(t, p.Files()))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func named(t *testing.T, name string) rotation.Injection {
	t.Helper()
	all := rotation.Catalogue()
	i := slices.IndexFunc(all, func(i rotation.Injection) bool { return i.Name == name })
	if i < 0 {
		t.Fatalf("no injection %q", name)
	}
	return all[i]
}

func content(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func info(t *testing.T, path string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// chain is how many certificates crypto/tls would send; none: it refuses the pair.
func chain(_ *testing.T, files reload.Files) string {
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		return "0"
	}
	return fmt.Sprint(len(pair.Certificate))
}

// roots is how many authorities crypto/x509 would trust.
func roots(t *testing.T, files reload.Files) string {
	n, pool := 0, x509.NewCertPool()
	for text := string(content(t, files.Authorities)); pool.AppendCertsFromPEM([]byte(text)); n++ {
		_, text, _ = strings.Cut(text, "-----END CERTIFICATE-----")
		pool = x509.NewCertPool()
	}
	return fmt.Sprint(n)
}

// rest is the first line after the chain.
func rest(t *testing.T, files reload.Files) string {
	text := string(content(t, files.Certificate))
	_, after, _ := strings.Cut(text[strings.LastIndex(text, "-----END CERTIFICATE-----"):], "\n")
	line, _, _ := strings.Cut(after, "\n")
	return line
}

func megabytes(t *testing.T, files reload.Files) string {
	return fmt.Sprint(info(t, files.Certificate).Size() >> 20)
}

func leaf(t *testing.T, files reload.Files) *x509.Certificate {
	pair, err := tls.LoadX509KeyPair(files.Certificate, files.Key)
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf
}

func validity(t *testing.T, files reload.Files) string {
	switch l, now := leaf(t, files), time.Now(); {
	case now.After(l.NotAfter):
		return "ended"
	case now.Before(l.NotBefore):
		return "to begin"
	}
	return "valid"
}

func usage(t *testing.T, files reload.Files) string { return fmt.Sprint(leaf(t, files).ExtKeyUsage) }
func keyType(t *testing.T, files reload.Files) string {
	return leaf(t, files).PublicKeyAlgorithm.String()
}
func mode(t *testing.T, files reload.Files) string { return info(t, files.Key).Mode().String() }

func owner(t *testing.T, files reload.Files) string {
	return fmt.Sprint(info(t, files.Key).Sys().(*syscall.Stat_t).Uid)
}

func TestModificationTimes(t *testing.T) {
	for name, want := range map[string]time.Duration{"older-mtime": -time.Hour, "equal-mtime": 0, "future-mtime": 24 * time.Hour} {
		p, moves := staged(t, named(t, name))
		before := times(t, p.Files())
		perform(t, moves[0])
		for i, after := range times(t, p.Files()) {
			if got := after.Sub(before[i]); got != want {
				t.Errorf("%s: file %d: written %v after the old one, want %v", name, i, got, want)
			}
		}
	}
}

func times(t *testing.T, files reload.Files) []time.Time {
	return []time.Time{
		info(t, files.Certificate).ModTime(), info(t, files.Key).ModTime(), info(t, files.Authorities).ModTime(),
	}
}

// Somebody who watches the file itself is told of no deletion while another link keeps it alive.
func TestBackupIsTheFile(t *testing.T) {
	p, moves := staged(t, named(t, "hard-link"))
	before := info(t, p.Files().Certificate)
	perform(t, moves[0])
	if !os.SameFile(before, info(t, p.Files().Certificate+".old")) {
		t.Error("the backup is another file")
	}
	if os.SameFile(before, info(t, p.Files().Certificate)) {
		t.Error("the file was not replaced")
	}
}
