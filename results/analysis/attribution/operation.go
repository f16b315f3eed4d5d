package attribution

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/account"
)

// tally is how many samples there are in all and of each operation and phase.
type tally struct {
	samples int64
	count   map[string]map[string]int64
}

// countSamples names the operation of every sample, and adds it to its window too.
func (all *collection) countSamples(operation func(stack []string) string) tally {
	t := tally{count: map[string]map[string]int64{}}
	known := map[string]string{}
	for b, o := range all.blocks {
		for _, s := range o.Samples {
			name := nameOf(s.Stack, operation, known)
			if t.count[name] == nil {
				t.count[name] = map[string]int64{}
			}
			t.samples += s.Count
			t.count[name][s.Phase] += s.Count
			if s.Window >= 0 && s.Window < len(all.of[b]) {
				w := &all.windows[all.of[b][s.Window]]
				w.samples += s.Count
				w.operations[name] += s.Count
			}
		}
	}
	return t
}

// nameOf names a stack once: the same stacks come again in every window.
func nameOf(stack []account.Frame, operation func(stack []string) string, known map[string]string) string {
	functions := make([]string, len(stack))
	for i, f := range stack {
		functions[i] = f.Function
	}
	key := strings.Join(functions, "\n")
	name, ok := known[key]
	if !ok {
		name = operation(functions)
		known[key] = name
	}
	return name
}

// cpuPerHandshake is exact, not sampled, and of the blocks with samples; 0 where the books do not have it.
func cpuPerHandshake(blocks []Observed) float64 {
	var seconds, handshakes float64
	for _, b := range blocks {
		if b.Samples == nil {
			continue
		}
		seconds += max(b.Account.Books.OnCPU, 0).Seconds()
		for i := range b.Account.Handshakes {
			if !b.Account.Handshakes[i].Failed {
				handshakes++
			}
		}
	}
	return ratio(seconds, handshakes)
}

func operationsOf(t tally, seconds float64) (all []Operation) {
	for _, name := range sortedKeys(t.count) {
		o := Operation{Name: name, Phases: map[string]float64{}}
		var samples int64
		for phase, n := range t.count[name] {
			samples += n
			o.Phases[phase] = ratio(float64(n), float64(t.samples))
		}
		o.Share = wilson(samples, t.samples)
		o.Seconds = o.Share.Value * seconds
		all = append(all, o)
	}
	slices.SortStableFunc(all, func(a, b Operation) int { return cmp.Compare(b.Share.Value, a.Share.Value) })
	return all
}

// wilson is the score interval of a binomial share: E. B. Wilson, Probable inference, the law of succession, and
// statistical inference, Journal of the American Statistical Association 22 (1927). It holds for small shares too.
func wilson(hits, trials int64) Interval {
	if trials == 0 {
		return Interval{}
	}
	const z = normalQuantile
	n := float64(trials)
	p := float64(hits) / n
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	return Interval{p, max(min(centre-half, p), 0), min(max(centre+half, p), 1), true}
}
