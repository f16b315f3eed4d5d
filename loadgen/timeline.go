package loadgen

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

const (
	maxSlots = 400
	chunk    = 1 << 12 // moments of one allocation: what has been written is never moved while others wait to write
)

// chronicle is a dialer that remembers every handshake: when it ended, and what generation the server showed.
type chronicle struct {
	Dialer

	mu     sync.Mutex
	chunks [][]moment
}

// moment is the end of one handshake.
type moment struct {
	at         time.Duration
	complete   time.Duration
	response   time.Duration
	generation uint64 // zero: none was shown, as in a resumed handshake
	confirmed  bool
}

// Dial makes one handshake; see [Dialer].
func (c *chronicle) Dial(ctx context.Context, now func() time.Duration, o *handshake.Observation) error {
	err := c.Dialer.Dial(ctx, now, o)
	m := moment{at: now(), complete: o.Complete, confirmed: o.Confirmed != 0}
	if m.confirmed {
		m.response = o.ResponseTime()
	}
	if m.confirmed && !o.Outcome.Resumed { // the leaf of a resumed one is that of its ticket
		m.generation = o.Generation
	}
	c.keep(m)
	return err
}

func (c *chronicle) keep(m moment) {
	c.mu.Lock()
	defer c.mu.Unlock()
	last := len(c.chunks) - 1
	if last < 0 || len(c.chunks[last]) == chunk {
		c.chunks = append(c.chunks, make([]moment, 0, chunk))
		last++
	}
	c.chunks[last] = append(c.chunks[last], m)
}

// tell is what the chronicle comes to; no handshake is under way any more.
func (c *chronicle) tell() ([]Generation, []Slot) {
	all := slices.Concat(c.chunks...)
	slices.SortFunc(all, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
	return generations(all), timeline(all)
}

// generations are those that were shown, in order of their number.
func generations(all []moment) []Generation {
	seen := map[uint64]Generation{}
	for _, m := range all {
		if m.generation == 0 {
			continue
		}
		g, known := seen[m.generation]
		if !known {
			g = Generation{Number: m.generation, First: m.complete}
		}
		g.Seen++
		g.First, g.Last = min(g.First, m.complete), max(g.Last, m.complete)
		seen[m.generation] = g
	}
	return slices.SortedFunc(maps.Values(seen), func(a, b Generation) int { return cmp.Compare(a.Number, b.Number) })
}

// timeline cuts moments, which are in order, into slots of so many whole milliseconds that there are at most maxSlots.
func timeline(all []moment) (slots []Slot) {
	if len(all) == 0 {
		return nil
	}
	length := (all[len(all)-1].at/maxSlots/time.Millisecond + 1) * time.Millisecond
	for len(all) > 0 {
		at := all[0].at / length * length
		n, _ := slices.BinarySearchFunc(all, at+length, func(m moment, end time.Duration) int { return cmp.Compare(m.at, end) })
		slots = append(slots, slot(at, length, all[:n]))
		all = all[n:]
	}
	return slots
}

func slot(at, length time.Duration, all []moment) Slot {
	s := Slot{At: at, Length: length}
	var responses []time.Duration
	for _, m := range all {
		if !m.confirmed {
			s.Failed++
			continue
		}
		responses = append(responses, m.response)
		if g := m.generation; g != 0 {
			s.Oldest, s.Newest = min(cmp.Or(s.Oldest, g), g), max(s.Newest, g)
		}
	}
	if s.Confirmed = uint64(len(responses)); s.Confirmed > 0 {
		slices.Sort(responses)
		s.Median, s.Worst = responses[len(responses)/2], responses[len(responses)-1]
	}
	return s
}
