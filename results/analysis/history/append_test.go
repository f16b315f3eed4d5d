package history

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

func read(t *testing.T, file string) []Point {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	points, torn, err := Read(f)
	if err != nil || torn != 0 {
		t.Fatalf("%d bytes torn, %v", torn, err)
	}
	return points
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o640); err != nil {
		t.Fatal(err)
	}
}

func seeds(points []Point) (all []uint64) {
	for _, p := range points {
		all = append(all, p.Seed)
	}
	return all
}

func TestAppend(t *testing.T) {
	two := text(t, point(0), point(1))
	for _, c := range []struct {
		name, before string
		n, most      int
		want         Appended
		after        string
	}{
		{"the first", "", 2, 3, Appended{Points: 1}, text(t, point(2))},
		{"one more", two, 2, 3, Appended{Points: 3}, two + text(t, point(2))},
		{"one too many", two, 2, 2, Appended{Points: 2, Dropped: 1}, text(t, point(1), point(2))},
		{"a smaller cap", two, 2, 1, Appended{Points: 1, Dropped: 2}, text(t, point(2))},
		{"there already", two, 1, 2, Appended{Points: 2, Known: true}, two},
		{"behind a torn line", two + `{"sch`, 2, 3, Appended{Points: 3, Torn: 5}, two + text(t, point(2))},
		{"a torn line, one too many", two + `{"sch`, 2, 2, Appended{Points: 2, Torn: 5, Dropped: 1}, text(t, point(1), point(2))},
		{"behind a lost newline", strings.TrimSuffix(two, "\n"), 2, 3, Appended{Points: 3}, two + text(t, point(2))},
	} {
		file := filepath.Join(t.TempDir(), "nightly.jsonl")
		if c.before != "" {
			write(t, file, c.before)
		}
		got, err := Append(file, point(c.n), c.most)
		after, readErr := os.ReadFile(file)
		if err != nil || readErr != nil || got != c.want || string(after) != c.after {
			t.Errorf("%s: got %+v, %v, %v, want %+v; the file: got\n%swant\n%s", c.name, got, err, readErr, c.want, after, c.after)
		}
	}
}

// A file that is refused is left as it was.
func TestAppendRefuses(t *testing.T) {
	other, unsound := point(1), point(1)
	other.Scenario = "weekly"
	unsound.Exit = -1
	for _, c := range []struct {
		name, before string
		p            Point
		most         int
		is           error
	}{
		{"corrupt", text(t, point(0)) + "{}\n", point(1), Cap, ErrCorrupt},
		{"of another scenario", text(t, point(0)), other, Cap, ErrOther},
		{"no point", text(t, point(0)), unsound, Cap, ErrPoint},
		{"no room", text(t, point(0)), point(1), 0, nil},
	} {
		dir := t.TempDir()
		file := filepath.Join(dir, "nightly.jsonl")
		write(t, file, c.before)
		if _, err := Append(file, c.p, c.most); err == nil || c.is != nil && !errors.Is(err, c.is) {
			t.Errorf("%s: got %v, want %v", c.name, err, c.is)
		}
		if after, err := os.ReadFile(file); err != nil || string(after) != c.before {
			t.Errorf("%s: the file was changed: %v\n%s", c.name, err, after)
		}
	}
	if _, err := Append(filepath.Join(t.TempDir(), "no", "folder"), point(0), Cap); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want %v", err, os.ErrNotExist)
	}
}

// Many writers at once lose nothing, whether the file grows or is replaced under them.
func TestAppendAtOnce(t *testing.T) {
	const writers, each = 8, 6
	for _, most := range []int{Cap, 10} {
		file := filepath.Join(t.TempDir(), "nightly.jsonl")
		var all sync.WaitGroup
		for w := range writers {
			all.Go(func() {
				for i := range each {
					if _, err := Append(file, point(w*each+i), most); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		got := map[uint64]bool{}
		for _, s := range seeds(read(t, file)) {
			got[s] = true
		}
		if want := min(most, writers*each); len(got) != want {
			t.Errorf("cap %d: got %d different points, want %d", most, len(got), want)
		}
	}
}

// Every writer's last point outlives the cap: none is lost between one writer's reading and another's replacing.
func TestAppendKeepsTheLatest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nightly.jsonl")
	var all sync.WaitGroup
	dropped := make([]int, 40)
	for n := range dropped {
		all.Go(func() {
			done, err := Append(file, point(n), 5)
			if err != nil {
				t.Error(err)
			}
			dropped[n] = done.Dropped
		})
	}
	all.Wait()
	sum := 0
	for _, d := range dropped {
		sum += d
	}
	if left := len(read(t, file)); left != 5 || sum != len(dropped)-left {
		t.Errorf("%d points are left and %d were dropped of %d", left, sum, len(dropped))
	}
}

func TestAppendThroughLink(t *testing.T) {
	dir := t.TempDir()
	file, link := filepath.Join(dir, "nightly.jsonl"), filepath.Join(dir, "link")
	write(t, file, text(t, point(0)))
	if err := os.Symlink(file, link); err != nil {
		t.Skip(err)
	}
	if _, err := Append(link, point(1), 1); err != nil {
		t.Fatal(err)
	}
	if got := read(t, file); len(got) != 1 || got[0].Seed != 1 {
		t.Errorf("got %+v behind the link, want the new point", got)
	}
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is no link any more: %v, %v", info.Mode(), err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o640 {
		t.Errorf("got mode %v, %v, want the old one", info.Mode(), err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) != 2 {
		t.Errorf("left something behind: %v, %v", left, err)
	}
}
