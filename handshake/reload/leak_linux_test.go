package reload

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// holdings are what a strategy could leave behind.
type holdings struct{ goroutines, descriptors, watches int }

func held(t *testing.T) (h holdings) {
	t.Helper()
	h.goroutines = runtime.NumGoroutine()
	infos, err := filepath.Glob("/proc/self/fdinfo/*")
	must(t, err)
	for _, path := range infos {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // that of the glob itself
		}
		h.descriptors++
		h.watches += strings.Count(string(text), "inotify wd:")
	}
	return h
}

// A stop in the middle of a removal is a stop like any other, and nothing is left of it.
func TestRunLetsGoOfEverything(t *testing.T) {
	a := newTestAuthority(t, "a")
	f := testFiles(t.TempDir())
	put(t, f, a.issue(t, 1))
	u := open(t, Settings{Files: f})
	runtime.GC()
	before := held(t)
	for generation := range int64(20) {
		stop := u.run(t)
		put(t, f, a.issue(t, generation+2))
		u.await(t, uint64(generation+2))
		if h := held(t); h.watches == 0 {
			t.Fatal("nothing was watched")
		}
		must(t, os.Remove(f.Key))
		stop()
	}
	deadline := time.Now().Add(patience) // a goroutine that is over is counted for a moment
	after := held(t)
	for ; after != before && time.Now().Before(deadline); after = held(t) {
		runtime.Gosched()
	}
	if after != before {
		t.Errorf("before %+v, after %+v", before, after)
	}
}
