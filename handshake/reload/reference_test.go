package reload

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a test waits for what happens in milliseconds.
const patience = 20 * time.Second

// subject is an open reference, and word of what it publishes.
type subject struct {
	*reference
	published chan struct{}
}

func open(t testing.TB, s Settings) *subject {
	t.Helper()
	u := &subject{published: make(chan struct{}, 1)}
	if s.Strategy == "" {
		s.Strategy = Reference
	}
	opened, err := Open(Options{Settings: s, Book: &Book{}, At: func(p Point) {
		if p == Journaled {
			select {
			case u.published <- struct{}{}:
			default:
			}
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	u.reference = opened.(*reference)
	return u
}

// run follows the files until the test is over, or until the function that it returns is called.
func (u *subject) run(t testing.TB) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := u.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return stop
}

func (u *subject) serves() uint64 { return u.reference.published.Load().Generation }

// await waits until a generation is served.
func (u *subject) await(t testing.TB, generation uint64) {
	t.Helper()
	deadline := time.After(patience)
	for u.serves() != generation {
		select {
		case <-u.published:
		case <-deadline:
			t.Fatalf("serves generation %d after %v, want %d: %s", u.serves(), patience, generation, u.Book.Ledger().Failing)
		}
	}
}

func must(t testing.TB, errs ...error) {
	t.Helper()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

// However files are changed, what is in them is served soon.
func TestAdopts(t *testing.T) {
	a := newTestAuthority(t, "a")
	for name, change := range map[string]func(t *testing.T, f Files, p Pair){
		"rename": func(t *testing.T, f Files, p Pair) { put(t, f, p) },
		"in place": func(t *testing.T, f Files, p Pair) {
			write(t, f.Certificate, p.Certificate)
			write(t, f.Key, p.Key)
		},
		"hard link": func(t *testing.T, f Files, p Pair) {
			must(t, os.Link(f.Certificate, f.Certificate+".bak"), os.Link(f.Key, f.Key+".bak"))
			put(t, f, p)
		},
		"open descriptor": func(t *testing.T, f Files, p Pair) {
			held, err := os.Open(f.Key)
			must(t, err)
			t.Cleanup(func() { held.Close() })
			put(t, f, p)
		},
		"older": func(t *testing.T, f Files, p Pair) {
			put(t, f, p)
			long := time.Now().Add(-24 * time.Hour)
			must(t, os.Chtimes(f.Certificate, long, long), os.Chtimes(f.Key, long, long))
		},
		"removed and made again": func(t *testing.T, f Files, p Pair) {
			must(t, os.Remove(f.Certificate), os.Remove(f.Key))
			put(t, f, p)
		},
		"directory removed and made again": func(t *testing.T, f Files, p Pair) {
			dir := filepath.Dir(f.Key)
			must(t, os.RemoveAll(dir), os.Mkdir(dir, 0o700))
			put(t, f, p)
		},
		"directory swap": func(t *testing.T, f Files, p Pair) {
			dir := filepath.Dir(f.Key)
			must(t, os.Mkdir(dir+".new", 0o700))
			put(t, testFiles(dir+".new"), p)
			must(t, os.Rename(dir, dir+".old"), os.Rename(dir+".new", dir))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "live")
			must(t, os.Mkdir(dir, 0o700))
			f := testFiles(dir)
			put(t, f, a.issue(t, 1))
			u := open(t, Settings{Files: f})
			u.run(t)
			for generation := range int64(3) {
				change(t, f, a.issue(t, generation+2))
				u.await(t, uint64(generation+2))
				os.RemoveAll(f.Certificate + ".bak")
				os.RemoveAll(f.Key + ".bak")
				os.RemoveAll(dir + ".old")
			}
		})
	}
}

// As Kubernetes does it: the files are links through a link to a directory.
func TestAdoptsSymlinkSwap(t *testing.T) {
	a, dir := newTestAuthority(t, "a"), t.TempDir()
	swap := func(name string, p Pair) {
		must(t, os.Mkdir(filepath.Join(dir, name), 0o700))
		put(t, testFiles(filepath.Join(dir, name)), p)
		next := filepath.Join(dir, "..data_tmp")
		must(t, os.Symlink(name, next), os.Rename(next, filepath.Join(dir, "..data")))
	}
	swap("..1", a.issue(t, 1))
	for _, file := range testFiles("").paths() {
		must(t, os.Symlink(filepath.Join("..data", file), filepath.Join(dir, file)))
	}
	u := open(t, Settings{Files: testFiles(dir)})
	u.run(t)
	for generation, name := range []string{2: "..2", 3: "..3", 4: "..4"} {
		if name != "" {
			swap(name, a.issue(t, int64(generation)))
			u.await(t, uint64(generation))
		}
	}
}

// Nothing is missed between Open and Run.
func TestAdoptsWhatChangedBeforeRun(t *testing.T) {
	a, f := newTestAuthority(t, "a"), testFiles(t.TempDir())
	put(t, f, a.issue(t, 1))
	u := open(t, Settings{Files: f})
	put(t, f, a.issue(t, 2))
	u.run(t)
	u.await(t, 2)
}

// What is refused now and right later is adopted without an event.
func TestRetriesWithoutAnEvent(t *testing.T) {
	a, b, now := newTestAuthority(t, "a"), newTestAuthority(t, "b"), time.Now()
	for name, test := range map[string]struct {
		next, change func(Pair) Pair
	}{
		"not yet valid": {func(Pair) Pair { return a.between(t, 2, now.Add(skew+2*time.Second), now.Add(time.Hour)) }, nil},
		"fewer authorities": {nil, func(p Pair) Pair {
			p.Authorities = append(bytes.Clone(p.Authorities), testPEM(b.root)...)
			return p
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, first, second := testFiles(t.TempDir()), a.issue(t, 1), a.issue(t, 2)
			if test.change != nil {
				first = test.change(first)
			}
			if test.next != nil {
				second = test.next(second)
			}
			put(t, f, first)
			u := open(t, Settings{Files: f})
			put(t, f, second)
			if u.Reload() == nil {
				t.Fatal("adopted at once")
			}
			u.run(t)
			u.await(t, 2)
		})
	}
}

// A command says why not, and what was served goes on being served.
func TestReloadSaysWhy(t *testing.T) {
	a := newTestAuthority(t, "a")
	for _, test := range []struct {
		want  string
		spoil func(f Files) error
	}{
		{"", func(Files) error { return nil }},
		{"a file is missing", func(f Files) error { return os.Remove(f.Authorities) }},
		{"not a regular file", func(f Files) error {
			return errors.Join(os.Remove(f.Key), unix.Mkfifo(f.Key, 0o600))
		}},
		{"not a regular file", func(f Files) error { return errors.Join(os.Remove(f.Key), os.Mkdir(f.Key, 0o700)) }},
		{"a file is too large", func(f Files) error { return os.Truncate(f.Certificate, mostBytes+1) }},
		{"there is no certificate", func(f Files) error { return os.Truncate(f.Certificate, 0) }},
		{"a file could not be read", func(f Files) error { return errors.Join(os.Remove(f.Key), os.Symlink("tls.key", f.Key)) }},
		{"others may read or write the key", func(f Files) error { return os.Chmod(f.Key, 0o644) }},
		{"others may read or write the key", func(f Files) error { return os.Chmod(f.Key, 0o660) }},
		{"", func(f Files) error { return os.Chmod(f.Key, 0o640) }},
		{"others may replace the key", func(f Files) error { return os.Chmod(filepath.Dir(f.Key), 0o777) }},
		{"", func(f Files) error { return os.Chmod(filepath.Dir(f.Key), 0o777|os.ModeSticky) }},
	} {
		for _, strategy := range []string{Reference, CommandCommitted} {
			f := testFiles(t.TempDir())
			put(t, f, a.issue(t, 1))
			u := open(t, Settings{Strategy: strategy, Files: f})
			put(t, f, a.issue(t, 2))
			must(t, test.spoil(f))
			want := uint64(2)
			if test.want != "" {
				want = 1
			}
			if got := reason(u.Reload()); got != test.want || u.serves() != want {
				t.Errorf("%s: got %q and generation %d, want %q and %d", strategy, got, u.serves(), test.want, want)
			}
		}
	}
}

func TestKeyOfSomebodyElse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives files away")
	}
	a, f := newTestAuthority(t, "a"), testFiles(t.TempDir())
	put(t, f, a.issue(t, 1))
	u := open(t, Settings{Files: f})
	put(t, f, a.issue(t, 2))
	must(t, os.Chown(f.Key, 12345, 0))
	if got, want := reason(u.Reload()), "the key belongs to somebody else"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// One cause is counted once, however often it is met; a command each time.
func TestCountsACauseOnce(t *testing.T) {
	a, f := newTestAuthority(t, "a"), testFiles(t.TempDir())
	put(t, f, a.issue(t, 1))
	u := open(t, Settings{Files: f})
	write(t, f.Certificate, a.issue(t, 2).Certificate)
	mismatch := Outcome{Refused, "the key does not fit the certificate"}
	for range 3 {
		u.reload()
	}
	if got := u.Book.Ledger(); got.Reloads[mismatch] != 1 || got.Failing != mismatch.Reason {
		t.Errorf("after three retries: %v, failing %q", got.Reloads, got.Failing)
	}
	u.Reload()
	if got := u.Book.Ledger().Reloads[mismatch]; got != 2 {
		t.Errorf("after a command: counted %d times, want 2", got)
	}
	put(t, f, a.issue(t, 3))
	must(t, u.Reload(), u.Reload())
	got := u.Book.Ledger()
	if got.Failing != "" || got.Generation != 3 || got.Reloads[Outcome{OK, ""}] != 2 || got.Reloads[Outcome{Unchanged, ""}] != 1 {
		t.Errorf("at the end: %+v", got)
	}
}

func TestPointsInOrder(t *testing.T) {
	a, f := newTestAuthority(t, "a"), testFiles(t.TempDir())
	put(t, f, a.issue(t, 1))
	var points []Point
	s, err := Open(Options{
		Settings: Settings{Strategy: CommandCommitted, Files: f, State: filepath.Join(t.TempDir(), "state")},
		Book:     &Book{}, At: func(p Point) { points = append(points, p) },
	})
	must(t, err)
	points = nil
	put(t, f, a.issue(t, 2))
	must(t, s.(Commanded).Reload())
	if want := []Point{Read, Validated, Committed, Published, Journaled}; !slices.Equal(points, want) {
		t.Errorf("got %v, want %v", points, want)
	}
}

// The look is slow, a handshake is not: it does not even wait for the lock that the look's consequences take.
func TestIdentityWaitsForNothing(t *testing.T) {
	a, f := newTestAuthority(t, "a"), testFiles(t.TempDir())
	put(t, f, a.issue(t, 1))
	u := open(t, Settings{Files: f})
	u.mu.Lock()
	defer u.mu.Unlock()
	if id, err := u.Identity(); err != nil || id.Generation != 1 {
		t.Errorf("got %v, %v", id, err)
	}
}
