package reload

import (
	"maps"
	"sync"
	"time"
)

// Result is what became of a reload.
type Result string

const (
	OK        Result = "ok"        // published
	Unchanged Result = "unchanged" // nothing new was in the files
	Refused   Result = "refused"   // what is in the files is not believed
	Failed    Result = "failed"    // the files could not be read, or the state not be written
)

// mostPublications bounds what a book keeps between two harvests; the oldest go first.
const mostPublications = 1 << 14

// Publication is one identity that became what handshakes are served with.
type Publication struct {
	Generation uint64
	Epoch      uint64
	At         time.Time     // with a monotonic reading
	Took       time.Duration // from the begin of the reload
}

// Outcome is a result and its reason, as a counter names them.
type Outcome struct {
	Result Result
	Reason string // few and stable words, no path, no content; empty for ok and unchanged
}

// Ledger is what a strategy did.
type Ledger struct {
	Generation uint64 // served now
	Epoch      uint64
	NotAfter   time.Time // of the leaf that is served
	Loaded     time.Time
	Reloads    map[Outcome]uint64
	Events     map[string]uint64 // of the file system, by kind
	Failing    string            // why the newest reload did not succeed; empty: it did
}

// Book keeps a [Ledger]. Its methods may be called at the same time. The zero value is an empty book.
type Book struct {
	mu           sync.Mutex
	ledger       Ledger
	publications []Publication
}

// Event counts what the file system told.
func (b *Book) Event(kind string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	count(&b.ledger.Events, kind)
}

// Settle counts a reload that published nothing.
func (b *Book) Settle(o Outcome) {
	b.mu.Lock()
	defer b.mu.Unlock()
	count(&b.ledger.Reloads, o)
	b.ledger.Failing = o.Reason
}

// Publish counts a reload, begun at an instant, that has just published an identity.
func (b *Book) Publish(id *Identity, began time.Time) {
	now := time.Now()
	b.mu.Lock()
	defer b.mu.Unlock()
	count(&b.ledger.Reloads, Outcome{Result: OK})
	b.ledger.Generation, b.ledger.Epoch, b.ledger.Loaded = id.Generation, id.Epoch, id.Loaded
	b.ledger.NotAfter, b.ledger.Failing = id.Certificate.Leaf.NotAfter, ""
	if len(b.publications) == mostPublications {
		b.publications = append(b.publications[:0], b.publications[1:]...)
	}
	b.publications = append(b.publications, Publication{id.Generation, id.Epoch, now, now.Sub(began)})
}

// Ledger copies the books as they are.
func (b *Book) Ledger() Ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	l := b.ledger
	l.Reloads, l.Events = maps.Clone(l.Reloads), maps.Clone(l.Events)
	return l
}

// Harvest takes the publications since the last harvest out of the book, oldest first.
func (b *Book) Harvest() []Publication {
	b.mu.Lock()
	defer b.mu.Unlock()
	all := b.publications
	b.publications = nil
	return all
}

func count[K comparable](m *map[K]uint64, key K) {
	if *m == nil {
		*m = map[K]uint64{}
	}
	(*m)[key]++
}
