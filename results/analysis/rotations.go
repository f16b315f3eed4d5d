package analysis

import (
	"cmp"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/results"
)

// Delays are times of one kind, sorted.
type Delays []time.Duration

// Quantile is the smallest of the times that a share q of them does not exceed; ok is false where there are too few to
// say, see the package's documentation.
func (d Delays) Quantile(q float64) (at time.Duration, ok bool) {
	if n := uint64(len(d)); n == 0 || n < support(q) {
		return 0, false
	}
	rank := int(q * float64(len(d)))
	return d[min(rank, len(d)-1)], true
}

// sightings are the generations that were served, each with the first instant, on the clock that all processes share.
type sightings []sighting

type sighting struct {
	generation uint64
	at         time.Duration
}

// since is how long after a rotation its generation was served first; empty: it was not. What was served before the
// rotation's last step was adopted at once.
func (s sightings) since(r results.Rotation) []time.Duration {
	if at, ok := s.first(func(g uint64) bool { return g == r.Generation }); ok {
		return []time.Duration{max(0, at-r.At)}
	}
	return nil
}

// first is when one of some generations was served first.
func (s sightings) first(of func(generation uint64) bool) (at time.Duration, ok bool) {
	for _, one := range s {
		if of(one.generation) && (!ok || one.at < at) {
			at, ok = one.at, true
		}
	}
	return at, ok
}

// chronicled is what a block served when: by full handshakes, and by the server's own book.
type chronicled struct {
	shown, published sightings
	end              time.Duration
}

func chronicle(b *results.Block) chronicled {
	h := chronicled{end: b.Client.Began + b.Client.Wall}
	for _, g := range b.Client.Generations {
		h.shown = append(h.shown, sighting{g.Number, b.Client.Began + g.First})
	}
	if book := b.Server.Reload; book != nil {
		for _, p := range book.Published {
			h.published = append(h.published, sighting{p.Generation, p.At})
		}
	}
	return h
}

func (h chronicled) all() sightings { return slices.Concat(h.shown, h.published) }

func (h chronicled) fate(r results.Rotation) Fate {
	all := h.all()
	if len(all.since(r)) > 0 {
		return Adopted
	}
	if _, newer := all.first(func(g uint64) bool { return g > r.Generation }); newer {
		return Superseded
	}
	if h.end-r.At < enough {
		return Open
	}
	return Never
}

// stale is for how long an older generation was served than the newest that had been put in place. Of each rotation it
// is the time until it or a newer one is served, or put in place. What is not to be adopted does not count.
func (h chronicled) stale(rotations []results.Rotation) (sum time.Duration) {
	all := h.all()
	rotations = slices.DeleteFunc(slices.Clone(rotations), func(r results.Rotation) bool { return r.Want != "" && r.Want != rotation.Adopt })
	for i, r := range rotations {
		until := h.end
		if i+1 < len(rotations) {
			until = min(until, rotations[i+1].At)
		}
		if at, ok := all.first(func(g uint64) bool { return g >= r.Generation }); ok {
			until = min(until, at)
		}
		sum += max(0, until-r.At)
	}
	return sum
}

// mixture is the windows of a block in which full handshakes showed an older generation after a newer one.
type mixture struct {
	total, longest time.Duration
	regressed      int
}

// mixedWindows: a handshake may show the older generation for as long as it takes, since it chose its certificate at
// its begin; what goes on for longer than the block's longest handshake is a regression.
func mixedWindows(b *results.Block) (m mixture) {
	type window struct{ from, to time.Duration }
	var windows []window
	last := time.Duration(-1) // when an older generation was shown last
	for _, g := range b.Client.Generations {
		if last > g.First {
			windows = append(windows, window{g.First, last})
			m.longest = max(m.longest, last-g.First)
			if last-g.First > time.Duration(b.Client.Handshake.Max()) {
				m.regressed++
			}
		}
		last = max(last, g.Last)
	}
	slices.SortFunc(windows, func(x, y window) int { return cmp.Compare(x.from, y.from) })
	covered := time.Duration(0)
	for _, w := range windows {
		m.total += max(0, w.to-max(w.from, covered))
		covered = max(covered, w.to)
	}
	return m
}
