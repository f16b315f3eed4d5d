package reload

import (
	"os"
	"strings"
	"testing"
)

func commands() []string { return []string{CommandBoot, CommandUnchecked} }

func TestCommandReload(t *testing.T) {
	for _, name := range commands() {
		s := newShelf(t, 1)
		strategy, book := s.open(Options{Settings: Settings{Strategy: name}})
		c := strategy.(Commanded)
		s.write(2)
		if got := servedBy(t, c); got != 1 {
			t.Errorf("%s: serves %d before the command", name, got)
		}
		if err := c.Reload(); err != nil || servedBy(t, c) != 2 {
			t.Errorf("%s: serves %d, %v", name, servedBy(t, c), err)
		}
		s.tear(3)
		if err := c.Reload(); err == nil || servedBy(t, c) != 2 || book.Ledger().Failing != mismatch {
			t.Errorf("%s: a pair that does not match: serves %d, %v, %+v", name, servedBy(t, c), err, book.Ledger())
		}
		s.must(os.Remove(s.Files.Key))
		const want = "RELOAD TLS failed: 2 TLS files are present. Expected: 3"
		if err := c.Reload(); err == nil || err.Error() != want || servedBy(t, c) != 2 {
			t.Errorf("%s: without a key: serves %d, %v", name, servedBy(t, c), err)
		}
		if got := strategy.(*command).kept; len(got) != 2 || got[1].Epoch != 2 {
			t.Errorf("%s: keeps %d identities alive, the last one of epoch %d; it should leak both", name, len(got), got[1].Epoch)
		}
	}
}

// After a crash: what the parent read at its start is generation 1, generation 2 was served since.
func TestCommandRestart(t *testing.T) {
	for _, test := range []struct {
		name            string
		leave           func(shelf) // what the crash leaves in the files
		boot, unchecked int64
	}{
		{"good files", func(shelf) {}, 1, 2},
		{"a torn write of 3", func(s shelf) { s.tear(3) }, 1, 1},
		{"no files", shelf.remove, 1, 1},
	} {
		for name, want := range map[string]int64{CommandBoot: test.boot, CommandUnchecked: test.unchecked} {
			s := newShelf(t, 1)
			boot, err := s.Files.Load()
			s.must(err)
			s.write(2)
			test.leave(s)
			strategy, book := s.open(Options{Settings: Settings{Strategy: name}, Boot: &boot})
			if got := servedBy(t, strategy); got != want || int64(book.Ledger().Generation) != want {
				t.Errorf("%s, %s: serves %d, want %d", test.name, name, got, want)
			}
		}
	}
}

func TestCommandNeedsAuthorities(t *testing.T) {
	s := newShelf(t, 1)
	s.Files.Authorities = ""
	for _, name := range commands() {
		_, err := Open(Options{Settings: Settings{Strategy: name, Files: s.Files}, Book: &Book{}})
		if err == nil || !strings.HasPrefix(err.Error(), "2 TLS files") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
