package variant

import (
	"cmp"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"time"
)

// cacheDir is TLSLAB_CACHE, else tlslab/servers of the user's cache directory.
func cacheDir() (string, error) {
	if dir := os.Getenv("TLSLAB_CACHE"); dir != "" {
		return filepath.Abs(dir)
	}
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", &Error{fmt.Errorf("no place to keep servers: %w", err), "set TLSLAB_CACHE to a directory"}
	}
	return filepath.Join(dir, "tlslab", "servers"), nil
}

// entry is the directory of that name in the cache, made where there is none and marked as used now.
func (b *Builder) entry(name string) (string, error) {
	dir := filepath.Join(b.Cache, name)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", unwritable(err)
	}
	b.use(name)
	return dir, nil
}

// partial is a new directory of the cache for work that its maker removes. One that a killed tlslab left is an entry
// as any other: its turn to be removed comes.
func (b *Builder) partial() (string, error) {
	if err := os.MkdirAll(b.Cache, 0o755); err != nil {
		return "", unwritable(err)
	}
	dir, err := os.MkdirTemp(b.Cache, "partial-*")
	if err != nil {
		return "", unwritable(err)
	}
	return dir, nil
}

func unwritable(err error) error {
	return &Error{fmt.Errorf("cache of servers: %w", err), "set TLSLAB_CACHE to a directory that you may write"}
}

// use keeps an entry from being removed by this Builder, and late by others: their order is that of the
// directories' modification times. Where the time cannot be set the entry only looks older than it is.
func (b *Builder) use(name string) {
	if b.used == nil {
		b.used = map[string]bool{}
	}
	b.used[name] = true
	now := time.Now()
	_ = os.Chtimes(filepath.Join(b.Cache, name), now, now)
}

// entryName is what an entry is called. Nothing else is ever removed, whatever directory TLSLAB_CACHE names.
var entryName = regexp.MustCompile(`^(server|counter|source|partial)-[0-9a-f]+$`)

type cached struct {
	name  string
	bytes int64
	used  time.Time
}

// evict removes entries, the least recently used first, until the rest fits into MaxBytes.
func (b *Builder) evict() error {
	if b.MaxBytes <= 0 {
		return nil
	}
	entries, err := b.entries()
	if err != nil {
		return fmt.Errorf("cache of servers: %w", err)
	}
	var total int64
	for _, e := range entries {
		total += e.bytes
	}
	for _, e := range entries {
		if total <= b.MaxBytes {
			break
		}
		if b.used[e.name] {
			continue
		}
		if err := os.RemoveAll(filepath.Join(b.Cache, e.name)); err != nil {
			return fmt.Errorf("cache of servers: %w", err)
		}
		total -= e.bytes
	}
	return nil
}

// entries lists the cache, the least recently used first.
func (b *Builder) entries() ([]cached, error) {
	dirs, err := os.ReadDir(b.Cache)
	if err != nil {
		return nil, err
	}
	var all []cached
	for _, d := range dirs {
		info, err := d.Info()
		if err != nil || !d.IsDir() || !entryName.MatchString(d.Name()) {
			continue // gone meanwhile, or not ours
		}
		all = append(all, cached{d.Name(), treeBytes(filepath.Join(b.Cache, d.Name())), info.ModTime()})
	}
	slices.SortFunc(all, func(x, y cached) int { return cmp.Or(x.used.Compare(y.used), cmp.Compare(x.name, y.name)) })
	return all, nil
}

// treeBytes is the size of the files below dir; what another process removes meanwhile does not count.
func treeBytes(dir string) int64 {
	var total int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			total += info.Size()
		}
		return nil
	})
	return total
}
