package attribution

import (
	"cmp"
	"math"
	"slices"
)

const (
	farAbove     = 3.0 // robust standard deviations
	mostEpisodes = 8
	mostRaised   = 8
	exemplars    = 3
	// A quantity in seconds per handshake that rose by less than this share of the tracked latency explains none of it,
	// however unusual that was for it.
	tooLittle = 0.001
)

// usual is where the middle of some values is and how far they spread around it, whatever a few of them do.
type usual struct{ median, spread float64 }

// usualOf takes the median of the distances from the median for the spread, made comparable with a standard deviation.
// Where more than half of the values are equal, that is zero, and the mean distance takes its place.
func usualOf(values []float64) usual {
	if len(values) == 0 {
		return usual{}
	}
	m := middle(values)
	distances := make([]float64, len(values))
	for i, v := range values {
		distances[i] = math.Abs(v - m)
	}
	if mad := middle(distances); mad > 0 {
		return usual{m, 1.4826 * mad}
	}
	return usual{m, math.Sqrt(math.Pi/2) * mean(distances)}
}

func (u usual) z(value float64) float64 { return ratio(value-u.median, u.spread) }

func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

// episodesOf joins neighbouring windows that are far above the others, and keeps the highest in order of time.
func episodesOf(all *collection, quantities []quantity) []Episode {
	used := occupied(all.windows)
	if len(used) < fewestWindows {
		return nil
	}
	tracked := make([]float64, len(used))
	for i, at := range used {
		tracked[i] = all.windows[at].Tracked
	}
	u := usualOf(tracked)
	runs := highRuns(all.windows, used, u)
	slices.SortStableFunc(runs, func(a, b span) int { return cmp.Compare(all.highest(b), all.highest(a)) })
	runs = runs[:min(len(runs), mostEpisodes)]
	slices.SortFunc(runs, func(a, b span) int { return cmp.Compare(a.from, b.from) })
	var episodes []Episode
	for _, r := range runs {
		episodes = append(episodes, all.episode(r, u, quantities, used))
	}
	return episodes
}

// highRuns are the longest runs of windows far above the usual, within a block.
func highRuns(windows []stretch, used []int, u usual) (runs []span) {
	for _, i := range used {
		if u.z(windows[i].Tracked) <= farAbove {
			continue
		}
		last := len(runs) - 1
		if last >= 0 && runs[last].to == i && windows[i-1].block == windows[i].block {
			runs[last].to++
		} else {
			runs = append(runs, span{i, i + 1})
		}
	}
	return runs
}

func (all *collection) highest(r span) float64 {
	return slices.Max(trackedOf(all.windows[r.from:r.to]))
}

func (all *collection) episode(r span, u usual, quantities []quantity, used []int) Episode {
	windows := all.windows[r.from:r.to]
	e := Episode{Block: windows[0].Block, At: windows[0].At, Tracked: all.highest(r), Usual: u.median}
	for i := range windows {
		e.Length += windows[i].Length
	}
	e.Raised = raised(r, quantities, used, tooLittle*(e.Tracked-e.Usual))
	for i := len(all.done) - 1; i >= 0 && len(e.Exemplars) < exemplars; i-- {
		if w := all.done[i].window; w >= r.from && w < r.to {
			e.Exemplars = append(e.Exemplars, *all.done[i].Handshake)
		}
	}
	return e
}

// raised are the quantities whose mean over the episode is far above their median.
func raised(r span, quantities []quantity, used []int, least float64) (list []Raised) {
	for _, q := range quantities {
		values := make([]float64, len(used))
		for i, at := range used {
			values[i] = q.values[at]
		}
		u, during := usualOf(values), mean(q.values[r.from:r.to])
		if z := u.z(during); z > farAbove && (!q.seconds || during-u.median >= least) {
			list = append(list, Raised{q.kind, q.name, z})
		}
	}
	slices.SortStableFunc(list, func(a, b Raised) int { return cmp.Compare(b.Z, a.Z) })
	return list[:min(len(list), mostRaised)]
}
