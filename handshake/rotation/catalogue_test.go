package rotation_test

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"regexp"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
)

func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, i := range rotation.Catalogue() {
		if seen[i.Name] || !regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`).MatchString(i.Name) || i.About == "" {
			t.Errorf("injection %q (%s): its name is taken or not kebab-case, or nothing is said about it", i.Name, i.About)
		}
		seen[i.Name] = true
	}
}

// An injection's generations grow, one of them may take several moves, and each says what it wants.
func TestMoves(t *testing.T) {
	a := authority(t, handshake.ECDSAP256)
	for _, i := range rotation.Catalogue() {
		moves, err := i.Moves(rotation.Place{Dir: t.TempDir(), Method: i.Place}, a)
		if err != nil {
			t.Errorf("%s: %v", i.Name, err)
			continue
		}
		before := rotation.Move{Generation: 1}
		for _, m := range moves {
			switch {
			case m.Name == "" || len(m.Steps) == 0:
				t.Errorf("%s: move %q of %d steps", i.Name, m.Name, len(m.Steps))
			case m.Generation < before.Generation, m.Generation == before.Generation && before.Want == rotation.Adopt:
				t.Errorf("%s: %s: generation %d after %d", i.Name, m.Name, m.Generation, before.Generation)
			case m.Want != rotation.Adopt && m.Hold == 0:
				t.Errorf("%s: %s: is not watched", i.Name, m.Name)
			}
			before = m
		}
		if before.Want != rotation.Adopt {
			t.Errorf("%s: ends with %s: whether a server recovers is not asked", i.Name, before.Want)
		}
	}
}

// believed are the injections that fool crypto/tls.X509KeyPair: of what a good server keeps out it believes some.
// TestWrong says what is wrong with each.
var believed = map[string]bool{
	"torn-certificate": true, "torn-authorities": true, "residue": true, "huge-certificate": true, "expired": true,
	"not-yet-valid": true, "wrong-usage": true, "wrong-mode": true, "wrong-owner": true,
}

// What is to be adopted loads as a pair of the move's generation, and what is to be kept out does not, or is believed.
func TestCatalogue(t *testing.T) {
	for _, i := range rotation.Catalogue() {
		t.Run(i.Name, func(t *testing.T) {
			p, moves := staged(t, i)
			fooled := false
			for _, m := range moves {
				perform(t, m)
				g, err := loaded(p.Files())
				if m.Want == rotation.Adopt && (err != nil || g != m.Generation) {
					t.Errorf("%s: the files hold generation %d, want %d: %v", m.Name, g, m.Generation, err)
				}
				fooled = fooled || m.Want == rotation.Keep && g == m.Generation
			}
			if fooled != believed[i.Name] {
				t.Errorf("what it puts in place is believed: got %t", fooled)
			}
		})
	}
}

// staged is an injection and the place that it is about.
func staged(t *testing.T, i rotation.Injection) (rotation.Place, []rotation.Move) {
	t.Helper()
	a := authority(t, handshake.ECDSAP256)
	first, err := a.Issue(1)
	if err != nil {
		t.Fatal(err)
	}
	p := prepared(t, i.Place, first)
	moves, err := i.Moves(p, a)
	if err != nil {
		t.Fatal(err)
	}
	return p, moves
}

// perform makes a move, unless that takes a user who may do more.
func perform(t *testing.T, m rotation.Move) {
	t.Helper()
	_, err := rotation.Take(m.Steps)
	if errors.Is(err, os.ErrPermission) && os.Geteuid() != 0 {
		t.Skip(err)
	}
	if err != nil {
		t.Fatalf("%s: %v", m.Name, err)
	}
}

// loaded is the generation that a naive reader finds, which never blocks.
func loaded(files reload.Files) (uint64, error) {
	certificate, err := read(files.Certificate)
	if err != nil {
		return 0, err
	}
	key, err := read(files.Key)
	if err != nil {
		return 0, err
	}
	pair, err := tls.X509KeyPair(certificate, key)
	if err != nil {
		return 0, err
	}
	return pair.Leaf.SerialNumber.Uint64(), nil
}

// read opens a FIFO without waiting for somebody who writes to it.
func read(path string) ([]byte, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return io.ReadAll(file)
}
