package reload

import (
	"errors"
	"maps"
	"path/filepath"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
)

const (
	rearmAfter = 2 * time.Second
	mostHints  = 64 // that are taken in one go
)

// watch is told by the file system that something happened in the directories of the files. Nothing depends on it:
// an event is a hint to look at the files, and where events are lost, or cannot be had, the looks at every interval
// are enough.
type watch struct {
	files   Files
	book    *Book
	watcher *fsnotify.Watcher // nil: the kernel has none for us, now
	armed   map[string]stamp  // directories, as they were when they were armed
	at      time.Time
	hinted  bool // since it was last seen that these are the right ones
}

// arm watches the directories that matter now, and all of them anew after a while, for a watch can get lost. They are
// not others without a hint, and if they are the looks go on in the meantime.
func (w *watch) arm(now time.Time) {
	young := now.Sub(w.at) < rearmAfter
	if young && !w.hinted {
		return
	}
	w.hinted = false
	before, directories := w.armed, w.directories()
	if young && maps.Equal(before, directories) {
		return
	}
	w.armed, w.at = directories, now
	if w.watcher == nil {
		w.watcher, _ = fsnotify.NewBufferedWatcher(mostHints)
	}
	if w.watcher == nil {
		return
	}
	for directory, was := range before {
		if directories[directory] != was {
			w.watcher.Remove(directory) // an error says that it is gone already
		}
	}
	for directory := range directories {
		w.watcher.Add(directory) // what cannot be watched is looked at
	}
}

// directories are those to watch, each once, whatever paths lead to it; where there is none, the one in which it
// would be made.
func (w *watch) directories() map[string]stamp {
	all, known := map[string]stamp{}, map[stamp]bool{}
	for _, path := range w.files.paths() {
		if path == "" {
			continue
		}
		for _, directory := range holders(path) {
			is := place(directory)
			for is.missing != 0 && directory != filepath.Dir(directory) {
				directory = filepath.Dir(directory)
				is = place(directory)
			}
			if !known[is] {
				all[directory], known[is] = is, true
			}
		}
	}
	return all
}

// place is which directory a path leads to, whatever is in it.
func place(directory string) stamp {
	s := stampAt(directory)
	return stamp{device: s.device, inode: s.inode, missing: s.missing}
}

// events never has any where there is no watcher.
func (w *watch) events() <-chan fsnotify.Event {
	if w.watcher == nil {
		return nil
	}
	return w.watcher.Events
}

func (w *watch) errors() <-chan error {
	if w.watcher == nil {
		return nil
	}
	return w.watcher.Errors
}

// hint counts an event and those that have arrived behind it: one look at the files is enough for all.
func (w *watch) hint(event fsnotify.Event) {
	w.hinted = true
	w.book.Event(strings.ToLower(event.Op.String()))
	for range len(w.watcher.Events) {
		w.book.Event(strings.ToLower((<-w.watcher.Events).Op.String()))
	}
}

func (w *watch) lost(err error) {
	w.hinted = true
	kind := "error"
	if errors.Is(err, fsnotify.ErrEventOverflow) {
		kind = "overflow"
	}
	w.book.Event(kind)
}

func (w *watch) close() {
	if w.watcher != nil {
		w.watcher.Close()
	}
}
