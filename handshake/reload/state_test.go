package reload

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// filesAre are what a crash leaves for the next process to find; want is whether it may serve what they hold.
func filesAre(t *testing.T, a *testAuthority) map[string]func(f Files) {
	return map[string]func(f Files){
		"good": func(Files) {},
		"torn": func(f Files) { must(t, os.Truncate(f.Certificate, 100)) },
		"missing": func(f Files) {
			for _, path := range f.paths() {
				must(t, os.Remove(path))
			}
		},
		"expired": func(f Files) {
			put(t, f, a.between(t, 9, time.Now().Add(-time.Hour), time.Now().Add(-time.Minute)))
		},
		"older": func(f Files) { put(t, f, a.between(t, 1, time.Now().Add(-2*time.Hour), time.Now().Add(time.Hour))) },
	}
}

// Wherever a process dies in its reload from generation 2 to 3, the next one serves neither less than the one before
// has served, nor nothing.
func TestCrashMatrix(t *testing.T) {
	a := newTestAuthority(t, "a")
	for _, point := range []Point{Read, Validated, Committed, Published, Journaled} {
		for name, leave := range filesAre(t, a) {
			dir := t.TempDir()
			o := Options{Settings: Settings{Strategy: Reference, Files: testFiles(dir), State: filepath.Join(dir, "state")}, Book: &Book{}}
			put(t, o.Files, a.issue(t, 2))
			armed := false
			o.At = func(p Point) {
				if armed && p == point {
					panic("crash")
				}
			}
			s, err := Open(o)
			must(t, err)
			put(t, o.Files, a.issue(t, 3))
			armed = true
			crash(s.(*reference))
			id, _ := s.Identity()
			leave(o.Files)

			o.At, o.Book = nil, &Book{}
			s, err = Open(o)
			must(t, err)
			after, _ := s.Identity()
			if want := id.Generation; after.Generation < want || name == "good" && after.Generation != 3 {
				t.Errorf("crash at %s, files %s: served %d before and %d after", point, name, want, after.Generation)
			}
			if name != "good" && o.Book.Ledger().Failing == "" {
				t.Errorf("crash at %s, files %s: the book does not say that they are not served", point, name)
			}
		}
	}
}

func crash(r *reference) {
	defer func() { recover() }()
	r.Reload()
}

// Without anything to serve a server does not start, and says why: both of it.
func TestOpenNeedsSomething(t *testing.T) {
	a, dir := newTestAuthority(t, "a"), t.TempDir()
	f, state := testFiles(dir), filepath.Join(dir, "state")
	if _, err := Open(Options{Settings: Settings{Strategy: Reference, Files: f, State: state}, Book: &Book{}}); err == nil ||
		!strings.Contains(err.Error(), "a file is missing") || !strings.Contains(err.Error(), "nothing was committed") {
		t.Errorf("nothing at all: %v", err)
	}
	expired := a.between(t, 1, time.Now().Add(-time.Hour), time.Now().Add(-time.Minute))
	opened, err := openState(state)
	must(t, err, opened.commit(expired))
	put(t, f, a.issue(t, 2))
	must(t, os.Truncate(f.Key, 50))
	if _, err := Open(Options{Settings: Settings{Strategy: Reference, Files: f, State: state}, Book: &Book{}}); err == nil ||
		!strings.Contains(err.Error(), "PEM") || !strings.Contains(err.Error(), "expired") {
		t.Errorf("torn files and an expired state: %v", err)
	}
	put(t, f, a.issue(t, 2))
	u := open(t, Settings{Files: f, State: state})
	if got := u.serves(); got != 2 {
		t.Errorf("good files and an expired state: serves %d, want 2", got)
	}
}

// A commit that was not finished is in nobody's way.
func TestStateHoldsTheNewest(t *testing.T) {
	a := newTestAuthority(t, "a")
	s, err := openState(filepath.Join(t.TempDir(), "state"))
	must(t, err)
	for generation := range int64(5) {
		must(t, s.write(a.issue(t, 99)))
		p := a.issue(t, generation)
		if generation == 3 {
			p.Authorities = nil
		}
		must(t, s.commit(p))
		got, err := s.load()
		must(t, err)
		if !bytes.Equal(got.Certificate, p.Certificate) || !bytes.Equal(got.Key, p.Key) || !bytes.Equal(got.Authorities, p.Authorities) ||
			(got.Authorities == nil) != (p.Authorities == nil) {
			t.Fatalf("generation %d: loaded something else", generation)
		}
	}
}

// A state that somebody has cut off, or that is something else, is an error and no generation.
func TestStateThatIsNone(t *testing.T) {
	s, err := openState(filepath.Join(t.TempDir(), "state"))
	must(t, err, s.commit(newTestAuthority(t, "a").issue(t, 1)))
	whole, err := os.ReadFile(s.path(current))
	must(t, err)
	for n := range len(whole) {
		must(t, os.WriteFile(s.path(current), whole[:n], 0o600))
		if _, err := s.load(); err == nil {
			t.Errorf("%d of %d bytes: loaded", n, len(whole))
		}
	}
}

func TestStateIsPrivate(t *testing.T) {
	dir := t.TempDir()
	must(t, os.Chmod(dir, 0o755))
	if _, err := openState(dir); err == nil {
		t.Error("a directory that others may enter is taken")
	}
	s, err := openState(filepath.Join(dir, "state"))
	must(t, err, s.commit(newTestAuthority(t, "a").issue(t, 1)))
	err = filepath.Walk(string(s), func(path string, info os.FileInfo, err error) error {
		if err == nil && info.Mode()&os.ModeSymlink == 0 && info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has mode %v", path, info.Mode())
		}
		return err
	})
	must(t, err)
}

// A state that cannot be written is no reason to serve what is not in it.
func TestServesNothingUncommitted(t *testing.T) {
	a, dir := newTestAuthority(t, "a"), t.TempDir()
	f, state := testFiles(dir), filepath.Join(dir, "state")
	put(t, f, a.issue(t, 1))
	u := open(t, Settings{Files: f, State: state})
	put(t, f, a.issue(t, 2))
	must(t, os.RemoveAll(state), os.WriteFile(state, nil, 0o600))
	if got, want := reason(u.Reload()), "the state could not be written"; got != want || u.serves() != 1 {
		t.Errorf("got %q and generation %d, want %q and 1", got, u.serves(), want)
	}
	must(t, os.Remove(state), os.Mkdir(state, 0o700), u.Reload())
	if u.serves() != 2 {
		t.Errorf("serves %d, want 2", u.serves())
	}
}
