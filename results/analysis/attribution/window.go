package attribution

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// A window's p99 means something from a hundred handshakes on, its p90 from twenty, a mean from five. Windows longer
// than a second would hide what happens within them.
const (
	enoughForP99 = 100
	enoughForP90 = 20
	enoughToMean = 5
	longestGrid  = time.Second
	maxSteps     = 100 // that are tried on the way there
)

// timed is a handshake that did not fail.
type timed struct {
	*account.Handshake
	block  int // index of its observed block
	window int // index of the window that it ended in; -1: its account has none
}

// stretch is one window of the common grid with all that is known of it.
type stretch struct {
	Window
	block      int // index of its observed block
	walls      []time.Duration
	time       account.Times // of the handshakes that ended in it
	threads    account.Times
	others     time.Duration
	syscalls   map[string]time.Duration
	files      map[string]time.Duration
	operations map[string]int64 // samples of the CPU profile
	samples    int64
}

// collection is all handshakes and all windows of some blocks.
type collection struct {
	blocks  []Observed
	done    []timed // by wall time, the fastest first
	failed  int
	grid    time.Duration
	tracked string
	windows []stretch
	of      [][]int // for each block and window of its account, the index of the window that it is part of
}

func collect(blocks []Observed) *collection {
	all := &collection{blocks: blocks}
	all.grid, all.tracked = gridOf(blocks)
	for b := range blocks {
		all.addWindows(b)
		all.addHandshakes(b)
	}
	slices.SortStableFunc(all.done, func(x, y timed) int { return cmp.Compare(x.Wall(), y.Wall()) })
	for i := range all.windows {
		all.windows[i].finish(all.tracked)
	}
	return all
}

// gridOf is the shortest multiple of the accounts' own grid whose median window holds enough handshakes for a p99;
// where none up to a second does, or too few windows would remain to correlate, enough for a p90, then for a mean.
// Where all of these leave too few windows, the first that has enough handshakes is taken; else a second and its mean.
func gridOf(blocks []Observed) (grid time.Duration, tracked string) {
	base := baseGrid(blocks)
	if base <= 0 {
		return 0, "mean"
	}
	counts := make([][]int, len(blocks))
	for i, b := range blocks {
		counts[i] = endings(b.Account)
	}
	longest := max(1, longestGrid/base)
	step := 1 + longest/maxSteps
	grid, tracked = longest*base, "mean"
	for _, want := range []struct {
		handshakes int
		statistic  string
	}{{enoughToMean, "mean"}, {enoughForP90, "p90"}, {enoughForP99, "p99"}} {
		for k := step; k <= longest; k += step {
			if medianCount(blocks, counts, k*base) < want.handshakes {
				continue
			}
			if windowCount(blocks, k*base) >= fewestWindows || windowCount(blocks, grid) < fewestWindows {
				grid, tracked = k*base, want.statistic
			}
			break
		}
	}
	return grid, tracked
}

// windowCount is how many windows of a length the accounts have.
func windowCount(blocks []Observed, grid time.Duration) (n int) {
	for _, b := range blocks {
		n += len(cut(b.Account.Windows, grid))
	}
	return n
}

// baseGrid is the median length of the accounts' windows.
func baseGrid(blocks []Observed) time.Duration {
	var lengths []time.Duration
	for _, b := range blocks {
		for _, w := range b.Account.Windows {
			lengths = append(lengths, w.Length)
		}
	}
	if len(lengths) == 0 {
		return 0
	}
	slices.Sort(lengths)
	return lengths[len(lengths)/2]
}

// endings counts the handshakes that ended well in each window of an account.
func endings(a *account.Account) []int {
	counts := make([]int, len(a.Windows))
	for i := range a.Handshakes {
		if h := &a.Handshakes[i]; !h.Failed && len(counts) > 0 {
			counts[windowAt(a.Windows, h.End)]++
		}
	}
	return counts
}

// windowAt is the window that holds an instant; what lies outside of all counts with the first or the last.
func windowAt(windows []account.Window, at time.Duration) int {
	after := sort.Search(len(windows), func(i int) bool { return windows[i].At > at })
	return max(after-1, 0)
}

func medianCount(blocks []Observed, counts [][]int, grid time.Duration) int {
	var sums []int
	for i, b := range blocks {
		for _, c := range cut(b.Account.Windows, grid) {
			sum := 0
			for _, n := range counts[i][c.from:c.to] {
				sum += n
			}
			sums = append(sums, sum)
		}
	}
	slices.Sort(sums)
	return sums[(len(sums)-1)/2]
}

type span struct{ from, to int }

// cut joins neighbouring windows to the length of the grid, give or take half a window. A rest of less than half the
// grid becomes part of the window before it.
func cut(windows []account.Window, grid time.Duration) (spans []span) {
	var length time.Duration
	from := 0
	for i, w := range windows {
		if length += w.Length; length+w.Length/2 >= grid {
			spans = append(spans, span{from, i + 1})
			from, length = i+1, 0
		}
	}
	switch rest := len(windows) - from; {
	case rest > 0 && 2*length < grid && len(spans) > 0:
		spans[len(spans)-1].to = len(windows)
	case rest > 0:
		spans = append(spans, span{from, len(windows)})
	}
	return spans
}

func (all *collection) addWindows(block int) {
	o := all.blocks[block]
	of := make([]int, len(o.Account.Windows))
	for _, c := range cut(o.Account.Windows, all.grid) {
		s := stretch{block: block, syscalls: map[string]time.Duration{}, files: map[string]time.Duration{},
			operations: map[string]int64{}}
		s.Block, s.At = o.Block, o.Account.Windows[c.from].At
		for i := c.from; i < c.to; i++ {
			of[i] = len(all.windows)
			s.add(&o.Account.Windows[i])
		}
		all.windows = append(all.windows, s)
	}
	all.of = append(all.of, of)
}

func (s *stretch) add(w *account.Window) {
	s.Length += w.Length
	s.threads.Add(w.Threads)
	s.others += w.Others
	s.GCCycles += w.GCCycles
	for name, use := range w.Syscalls {
		s.syscalls[name] += use.Time
	}
	for name, use := range w.Files {
		s.files[name] += use.Time
	}
}

func (all *collection) addHandshakes(block int) {
	a := all.blocks[block].Account
	for i := range a.Handshakes {
		h := &a.Handshakes[i]
		one := timed{h, block, -1}
		if len(a.Windows) > 0 {
			one.window = all.of[block][windowAt(a.Windows, h.End)]
			all.windows[all.of[block][windowAt(a.Windows, h.Begin)]].Rate++
			all.occupy(block, h)
		}
		if h.Failed {
			all.failed++
			continue
		}
		all.done = append(all.done, one)
		if one.window >= 0 {
			w := &all.windows[one.window]
			w.walls = append(w.walls, h.Wall())
			w.time.Add(h.Time)
		}
	}
}

// occupy spreads a handshake's times over the windows that it overlaps, in proportion to the overlap: the account has
// the times, not the instants. Here Occupancy is still in seconds.
func (all *collection) occupy(block int, h *account.Handshake) {
	a := all.blocks[block].Account
	for i := windowAt(a.Windows, h.Begin); i < len(a.Windows) && a.Windows[i].At <= h.End; i++ {
		w := a.Windows[i]
		overlap := min(h.End, w.At+w.Length) - max(h.Begin, w.At)
		if overlap <= 0 {
			continue
		}
		occupancy := &all.windows[all.of[block][i]].Occupancy
		for c, d := range h.Time {
			occupancy[c] += d.Seconds() * ratio(float64(overlap), float64(h.Wall()))
		}
	}
}

// finish turns sums into rates and means.
func (s *stretch) finish(tracked string) {
	length := s.Length.Seconds()
	slices.Sort(s.walls)
	s.Handshakes = len(s.walls)
	s.Rate = ratio(s.Rate, length)
	for c := range s.Occupancy {
		s.Occupancy[c] = ratio(s.Occupancy[c], length)
		s.Threads[c] = ratio(s.threads[c].Seconds(), length)
	}
	if s.Handshakes == 0 {
		return
	}
	s.P50 = quantile(s.walls, 0.5).Seconds()
	switch tracked {
	case "p99":
		s.Tracked = quantile(s.walls, 0.99).Seconds()
	case "p90":
		s.Tracked = quantile(s.walls, 0.9).Seconds()
	default:
		s.Tracked = meanOf(s.walls)
	}
}

// perHandshake is a time of the window in seconds for each handshake that ended in it.
func (s *stretch) perHandshake(d time.Duration) float64 {
	return ratio(d.Seconds(), float64(s.Handshakes))
}

func (all *collection) published() []Window {
	windows := make([]Window, len(all.windows))
	for i := range all.windows {
		windows[i] = all.windows[i].Window
	}
	return windows
}

func trackedOf(windows []stretch) []float64 {
	values := make([]float64, len(windows))
	for i := range windows {
		values[i] = windows[i].Tracked
	}
	return values
}

// little is the mean number of handshakes under way, from the windows' occupancy by class, over what Little's law
// makes of the rate at which they began and their mean wall time. Windows that overlap or leave time out, lost
// handshakes and times without a class all move it away from 1.
func (all *collection) little() float64 {
	var under, began, wall, ended float64
	for i := range all.windows {
		w := &all.windows[i]
		for _, n := range w.Occupancy {
			under += n * w.Length.Seconds()
		}
		began += w.Rate * w.Length.Seconds()
	}
	for _, b := range all.blocks {
		for i := range b.Account.Handshakes {
			wall += b.Account.Handshakes[i].Wall().Seconds()
			ended++
		}
	}
	if ended < enoughForP99 {
		return 0
	}
	return ratio(under, began*wall/ended)
}

// quantile is by nearest rank, of sorted values that are not empty.
func quantile[T any](sorted []T, q float64) T {
	return sorted[max(int(math.Ceil(q*float64(len(sorted)))), 1)-1]
}

func meanOf(walls []time.Duration) float64 {
	var sum time.Duration
	for _, w := range walls {
		sum += w
	}
	return ratio(sum.Seconds(), float64(len(walls)))
}

// ratio is zero where there is nothing to divide by.
func ratio(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}
