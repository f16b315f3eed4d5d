package scorecard

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
)

// Slow is how long a good server takes at most to adopt a generation. Renewals come days before the end of a
// certificate, but a key that has leaked is replaced at once.
const Slow = time.Second

// expired is the reason of a handshake in which a certificate was shown outside of its dates.
const expired = "handshake: tls: server certificate: expired or not yet valid"

// judge derives from the handshakes what became of the moves, and what a good server would not have done.
func (t *Trial) judge(s *stage) {
	probes := s.record.all()
	back, mixed := regressions(probes)
	t.Handshakes, t.Regressed, t.Mixed = uint64(len(probes)), uint64(len(back)), mixed
	t.Failed = failures(probes)
	t.Timeline = timeline(probes)
	wanted := uint64(1) // newest generation that the server is to serve
	for _, k := range s.taken {
		m := k.judge(probes, back)
		m.Published = s.publishedAfter(k)
		t.Moves = append(t.Moves, m)
		if defect := m.defect(wanted); defect != "" {
			t.Defects = append(t.Defects, m.Name+": "+defect)
		}
		if m.Want == rotation.Adopt {
			t.Stale += stale(m)
			wanted = max(wanted, m.Generation)
		}
	}
	t.Defects = append(t.Defects, t.overall(probes, back)...)
}

// judge is what became of a move.
func (k taken) judge(probes, back []probe) Moved {
	m := Moved{
		Name: k.move.Name, Generation: k.move.Generation, Want: k.move.Want,
		At: k.at, Patience: k.patience, Refused: k.refused,
	}
	for _, p := range probes {
		if !k.during(p) {
			continue
		}
		if !p.served() {
			m.Failed++
		}
		switch {
		case k.adopts(p) && !m.Adopted:
			m.Adopted, m.After = true, max(0, p.Ended-k.at)
		case p.served() && p.Generation < k.move.Generation && p.Ended > k.at:
			m.LastOld = p.Ended - k.at
		}
	}
	for _, p := range back {
		if k.during(p) {
			m.Regressed++
		}
	}
	return m
}

func (k taken) during(p probe) bool { return p.Ended >= k.began && p.Ended < k.until }

// adopts: the handshake shows the move's generation. What a server should refuse, its clients may refuse as well.
func (k taken) adopts(p probe) bool {
	return p.Generation == k.move.Generation && (p.served() || k.move.Want == rotation.Keep)
}

// publishedAfter is when the server's book says that it adopted the move's generation; -1: it does not say.
func (s *stage) publishedAfter(k taken) time.Duration {
	for _, p := range s.book {
		if p.Generation == k.move.Generation {
			return max(0, p.At-s.clock.When(s.zero.Add(k.at)))
		}
	}
	return -1
}

// stale is for how long a move's generation was to be served and was not.
func stale(m Moved) time.Duration {
	if m.Adopted {
		return m.After
	}
	return m.Patience
}

// defect is what a good server would not have made of the move; empty: nothing. A generation that is wanted already may
// be served whatever happens.
func (m Moved) defect(wanted uint64) string {
	switch {
	case m.Want == rotation.Adopt && !m.Adopted && m.Refused != "":
		return "never adopted: " + m.Refused
	case m.Want == rotation.Adopt && !m.Adopted:
		return "never adopted"
	case m.Want == rotation.Adopt && m.After > Slow:
		return fmt.Sprintf("adopted after %.1f s", m.After.Seconds())
	case m.Want == rotation.Keep && m.Adopted && m.Generation > wanted:
		return "adopted what it should refuse"
	}
	return ""
}

// overall are the defects of the trial as a whole.
func (t *Trial) overall(probes, back []probe) (all []string) {
	if slices.ContainsFunc(probes, func(p probe) bool { return p.Reason == expired }) {
		all = append(all, "served a certificate outside of its dates")
	}
	if t.Died != "" {
		all = append(all, "the server died: "+t.Died)
	}
	if failed := sum(t.Failed); failed > 0 {
		all = append(all, fmt.Sprintf("%s failed: %s", plural(failed, "handshake"), mostOften(t.Failed)))
	}
	if len(back) > 0 {
		newest := slices.MaxFunc(probes, func(a, b probe) int { return cmp.Compare(a.verified(), b.verified()) })
		all = append(all, fmt.Sprintf("served generation %d after a newer one, up to %d (%s)",
			back[0].Generation, newest.Generation, plural(uint64(len(back)), "handshake")))
	}
	if t.Dropped > 0 {
		all = append(all, fmt.Sprintf("dropped %d of %d connections", t.Dropped, t.Held))
	}
	return all
}

// verified is the generation, of handshakes that went well.
func (p probe) verified() uint64 {
	if p.served() {
		return p.Generation
	}
	return 0
}

// regressions are the handshakes that showed an older generation than one that was over when they began, and the
// longest time between the two. Handshakes that overlap may show whatever they like.
func regressions(probes []probe) (back []probe, longest time.Duration) {
	ended := slices.SortedFunc(slices.Values(probes), func(a, b probe) int { return cmp.Compare(a.Ended, b.Ended) })
	began := slices.SortedFunc(slices.Values(probes), func(a, b probe) int { return cmp.Compare(a.Began, b.Began) })
	first := map[uint64]time.Duration{} // when a generation was first shown, to the end
	var newest uint64
	n := 0
	for _, p := range began {
		for ; n < len(ended) && ended[n].Ended <= p.Began; n++ {
			if g := ended[n].verified(); g > newest {
				newest = g
				first[g] = ended[n].Ended
			}
		}
		if !p.served() || p.Generation >= newest {
			continue
		}
		back = append(back, p)
		for g, at := range first {
			if g > p.Generation {
				longest = max(longest, p.Began-at)
			}
		}
	}
	return back, longest
}

func failures(probes []probe) map[string]uint64 {
	out := map[string]uint64{}
	for _, p := range probes {
		if !p.served() {
			out[p.Reason]++
		}
	}
	return out
}

func sum(counts map[string]uint64) (n uint64) {
	for _, c := range counts {
		n += c
	}
	return n
}

// mostOften is the most frequent reason, the first by name where there are several.
func mostOften(counts map[string]uint64) string {
	names := slices.Sorted(maps.Keys(counts))
	return slices.MaxFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[a], counts[b]), strings.Compare(b, a))
	})
}

func plural(n uint64, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// mostPoints bounds a timeline.
const mostPoints = 300

// timeline keeps the handshakes that failed or showed another generation than their neighbours, and some of the rest.
func timeline(probes []probe) []Point {
	probes = slices.SortedFunc(slices.Values(probes), func(a, b probe) int { return cmp.Compare(a.Ended, b.Ended) })
	var told, rest []int
	for i, p := range probes {
		if i == 0 || p.verified() != probes[i-1].verified() || i+1 < len(probes) && p.verified() != probes[i+1].verified() {
			told = append(told, i)
		} else {
			rest = append(rest, i)
		}
	}
	chosen := append(thin(told, mostPoints*2/3), thin(rest, mostPoints/3)...)
	slices.Sort(chosen)
	var points []Point
	for _, i := range chosen {
		p := probes[i]
		points = append(points, Point{p.Ended, p.verified(), p.Ended - p.Began})
	}
	return points
}

// thin keeps at most n, evenly.
func thin(all []int, n int) (kept []int) {
	if len(all) <= n {
		return all
	}
	for i := range n {
		kept = append(kept, all[i*len(all)/n])
	}
	return kept
}
