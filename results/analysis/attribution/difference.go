package attribution

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/results/account"
)

// fewestGroups is how many groups an interval needs, as in package effect.
const fewestGroups = 6

// Differ pairs the observed blocks of two variants by their group. In each group the mean handshake of one side is
// compared with that of the other; a difference is the mean of the groups' differences, so that parts add up to the
// whole. Groups without handshakes on both sides, or seen by observers of different tiers, are left out.
//
// # Why Student's t
//
// The interval must have the mean for its centre, or the parts' sum is not the whole's. The signed-rank interval of
// package effect is about the median of pairs, which does not add up, and percentile bootstraps of 6 to 20 groups are
// too narrow. Each group's number is a mean of many handshakes, so that their distribution is near to normal.
func Differ(baseline, candidate []Observed) *Difference {
	pairs := pairUp(baseline, candidate)
	d := &Difference{Groups: len(pairs)}
	if len(pairs) == 0 {
		return d
	}
	wall := func(s side) float64 { return s.wall }
	d.Wall = paired(pairs, wall)
	for _, p := range sideParts(pairs) {
		value := paired(pairs, p.of)
		d.Parts = append(d.Parts, Part{p.name, value, ratio(value.Value, d.Wall.Value)})
	}
	return d
}

// side is the mean handshake of one variant in one group, in seconds.
type side struct {
	tier           account.Tier
	seen           []account.Class
	wall, residual float64
	time           [account.Classes]float64
}

type sides struct{ baseline, candidate side }

func pairUp(baseline, candidate []Observed) (pairs []sides) {
	b, c := byGroup(baseline), byGroup(candidate)
	for _, group := range slices.Sorted(maps.Keys(b)) {
		x, fine := sideOf(b[group])
		y, also := sideOf(c[group])
		if fine && also && x.tier == y.tier {
			pairs = append(pairs, sides{x, y})
		}
	}
	return pairs
}

func byGroup(blocks []Observed) map[int][]Observed {
	groups := map[int][]Observed{}
	for _, b := range blocks {
		if b.Account != nil {
			groups[b.Group] = append(groups[b.Group], b)
		}
	}
	return groups
}

// sideOf is false where there is no handshake, or where the blocks are of different tiers.
func sideOf(blocks []Observed) (s side, ok bool) {
	var sum account.Times
	var wall time.Duration
	var n float64
	for _, b := range blocks {
		if b.Account.Tier != blocks[0].Account.Tier {
			return s, false
		}
		for i := range b.Account.Handshakes {
			if h := &b.Account.Handshakes[i]; !h.Failed {
				sum.Add(h.Time)
				wall += h.Wall()
				n++
			}
		}
	}
	if n == 0 {
		return s, false
	}
	s = side{tier: blocks[0].Account.Tier, seen: classesOf(blocks), wall: wall.Seconds() / n}
	s.residual = (wall - sum.Sum()).Seconds() / n
	for c, d := range sum {
		s.time[c] = d.Seconds() / n
	}
	return s, true
}

type sidePart struct {
	name string
	of   func(side) float64
}

// sideParts are the classes that either side has, and the residual where there is one.
func sideParts(pairs []sides) (parts []sidePart) {
	var seen [account.Classes]bool
	residual := false
	for _, p := range pairs {
		for _, c := range append(slices.Clone(p.baseline.seen), p.candidate.seen...) {
			seen[c] = true
		}
		residual = residual || p.baseline.residual != 0 || p.candidate.residual != 0
	}
	for c, yes := range seen {
		if yes {
			parts = append(parts, sidePart{account.Class(c).String(), func(s side) float64 { return s.time[c] }})
		}
	}
	if residual {
		parts = append(parts, sidePart{residualName, func(s side) float64 { return s.residual }})
	}
	return parts
}

// paired is the mean of the groups' differences with Student's interval.
func paired(pairs []sides, of func(side) float64) Interval {
	differences := make([]float64, len(pairs))
	for i, p := range pairs {
		differences[i] = of(p.candidate) - of(p.baseline)
	}
	m := mean(differences)
	if len(pairs) < fewestGroups {
		return Interval{m, m, m, false}
	}
	variance := 0.0
	for _, d := range differences {
		variance += square(d-m) / float64(len(pairs)-1)
	}
	half := studentQuantile(0.05, float64(len(pairs)-1)) * math.Sqrt(variance/float64(len(pairs)))
	return Interval{m, m - half, m + half, true}
}

// Sentence tells the difference in one line, the largest part first. Parts are rounded so that what is printed adds up
// to the whole as it is printed; parts that round to nothing are not named.
func (d *Difference) Sentence(candidate string) string {
	if d.Groups == 0 {
		return candidate + ": no group has observed handshakes of both variants"
	}
	unit := unitOf(d)
	whole, parts := rounded(d, unit.size)
	var told []string
	for _, i := range bySize(parts) {
		if parts[i] != 0 {
			told = append(told, d.Parts[i].Name+" "+unit.print(parts[i], d.Parts[i].Value))
		}
	}
	sentence := fmt.Sprintf("%s %s %s per handshake", candidate, d.verb(), unit.print(whole, d.Wall))
	if len(told) > 0 {
		sentence += ": " + strings.Join(told, ", ") + "; the parts add up"
	}
	if !d.Wall.Known {
		sentence += fmt.Sprintf(" (no intervals: %d of at least %d groups)", d.Groups, fewestGroups)
	}
	return sentence
}

// verb claims no more than the interval does.
func (d *Difference) verb() string {
	if d.Wall.Known && d.Wall.Low <= 0 && d.Wall.High >= 0 {
		return "may cost nothing, or"
	}
	return "costs"
}

// unit is in which steps, and how, seconds are printed.
type unit struct {
	size   float64
	digits int
}

// unitOf prints whole microseconds, and tenths where the largest part has not ten of them.
func unitOf(d *Difference) unit {
	largest := math.Abs(d.Wall.Value)
	for _, p := range d.Parts {
		largest = max(largest, math.Abs(p.Value.Value))
	}
	if largest < 10e-6 {
		return unit{0.1e-6, 1}
	}
	return unit{1e-6, 0}
}

func (u unit) print(steps int, i Interval) string {
	text := u.microseconds(float64(steps)*u.size) + "\u00a0µs"
	if i.Known {
		text += fmt.Sprintf(" [%s, %s]", u.microseconds(i.Low), u.microseconds(i.High))
	}
	return text
}

// microseconds has a sign, but for what rounds to zero.
func (u unit) microseconds(seconds float64) string {
	steps := math.Round(seconds / u.size)
	if steps == 0 {
		return "0"
	}
	return fmt.Sprintf("%+.*f", u.digits, steps*u.size*1e6)
}

// rounded gives the whole and its parts in steps of size. What is left over by rounding down goes, step by step, to
// the parts that lost most.
func rounded(d *Difference, size float64) (whole int, parts []int) {
	whole = int(math.Round(d.Wall.Value / size))
	left := whole
	lost := make([]float64, len(d.Parts))
	order := make([]int, len(d.Parts))
	for i, p := range d.Parts {
		steps := math.Floor(p.Value.Value / size)
		parts = append(parts, int(steps))
		lost[i], order[i] = p.Value.Value/size-steps, i
		left -= int(steps)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(lost[b], lost[a]) })
	for k := 0; k < left && k < len(order); k++ {
		parts[order[k]]++
	}
	return whole, parts
}

func bySize(parts []int) []int {
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(max(parts[b], -parts[b]), max(parts[a], -parts[a]))
	})
	return order
}
