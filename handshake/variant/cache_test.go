package variant

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// cacheOf makes entries of 100 bytes each, the first one used longest ago.
func cacheOf(t *testing.T, names ...string) *Builder {
	t.Helper()
	files := map[string]string{"mine/notes": string(make([]byte, 1000)), "server-nothex!/x": string(make([]byte, 1000))}
	for _, name := range names {
		files[name+"/deep/file"] = string(make([]byte, 100))
	}
	b := &Builder{Cache: plant(t, files)}
	for i, name := range names {
		used := time.Date(2026, 1, 1+i, 0, 0, 0, 0, time.UTC)
		if err := os.Chtimes(filepath.Join(b.Cache, name), used, used); err != nil {
			t.Fatal(err)
		}
	}
	return b
}

func TestEvict(t *testing.T) {
	for _, test := range []struct {
		name string
		max  int64
		used string
		want []string
	}{
		{"room enough", 300, "", []string{"server-0a", "counter-0b", "source-0c"}},
		{"oldest first", 200, "", []string{"counter-0b", "source-0c"}},
		{"all but ours", 0, "", []string{"server-0a", "counter-0b", "source-0c"}},
		{"tiny", 1, "", nil},
		{"in use", 100, "server-0a", []string{"server-0a"}},
		{"used lately", 200, "server-0a", []string{"server-0a", "source-0c"}},
	} {
		b := cacheOf(t, "server-0a", "counter-0b", "source-0c")
		b.MaxBytes = test.max
		if test.used != "" {
			b.use(test.used)
		}
		if err := b.evict(); err != nil {
			t.Fatalf("%s: %v", test.name, err)
		}
		want := append(slices.Clone(test.want), "mine", "server-nothex!")
		slices.Sort(want)
		dirs, err := filepath.Glob(filepath.Join(b.Cache, "*"))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, dir := range dirs {
			got = append(got, filepath.Base(dir))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q left, want %q", test.name, got, want)
		}
	}
}

func TestCacheDir(t *testing.T) {
	t.Setenv("TLSLAB_CACHE", "")
	t.Setenv("XDG_CACHE_HOME", "/caches")
	t.Setenv("HOME", "/home/user")
	got, err := cacheDir()
	if err != nil || filepath.Base(got) != "servers" || filepath.Base(filepath.Dir(got)) != "tlslab" {
		t.Errorf("%s, %v", got, err)
	}
}

func TestCacheNotWritable(t *testing.T) {
	file := filepath.Join(plant(t, map[string]string{"file": ""}), "file")
	b := &Builder{Cache: filepath.Join(file, "cache"), Checkout: plant(t, tree)}
	if _, err := b.Build(t.Context(), Build{}, "plain"); err == nil {
		t.Error("built into a file")
	}
}
