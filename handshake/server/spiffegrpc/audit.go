package spiffegrpc

import (
	"slices"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Record is one decision, as it is kept.
type Record struct {
	At       time.Time
	Caller   spiffeid.ID
	Method   string
	Decision Decision
	Serial   uint64        // of the caller's leaf
	Age      time.Duration // of the caller's identity, since its leaf became valid
}

// kept is how many records the server's own journal holds.
const kept = 1024

// Journal keeps the newest records of decisions and counts all of them. It is safe for concurrent use.
type Journal struct {
	mu              sync.Mutex
	ring            []Record
	next            int
	allowed, denied uint64
}

// NewJournal is a journal with room for so many records.
func NewJournal(size int) *Journal { return &Journal{ring: make([]Record, 0, max(size, 1))} }

// Keep keeps a record in the place of the oldest one, where there is no room.
func (j *Journal) Keep(r Record) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if r.Decision.Allow {
		j.allowed++
	} else {
		j.denied++
	}
	if len(j.ring) < cap(j.ring) {
		j.ring = append(j.ring, r)
		return
	}
	j.ring[j.next] = r
	j.next = (j.next + 1) % len(j.ring)
}

// Records are those that are kept, the oldest first.
func (j *Journal) Records() []Record {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Concat(j.ring[j.next:], j.ring[:j.next])
}

// Counts are of all decisions, of those that are no longer kept, too.
func (j *Journal) Counts() (allowed, denied uint64) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.allowed, j.denied
}

// addAudit tells the ledger and a journal where the settings ask for it, and whoever asked in the process.
func (g *guard) addAudit(o Options) {
	if o.SPIFFE.Audit {
		g.told = append(g.told, NewJournal(kept).Keep, g.note)
	}
	if o.Audit != nil {
		g.told = append(g.told, o.Audit)
	}
}

// note counts a decision in the ledger.
func (g *guard) note(r Record) {
	if r.Decision.Allow {
		g.book.Note("allowed")
		return
	}
	g.book.Note("refused: " + r.Decision.Reason)
}
