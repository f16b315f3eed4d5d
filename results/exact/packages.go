package exact

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"strings"
)

// Difference is one package whose instructions differ between two sides, per handshake.
type Difference struct {
	Name                string // import path; "" is code without a package, and a name that ends in ... is a rest
	Baseline, Candidate float64
}

const (
	noise = 0.0005 // of the baseline's instructions: what a package may differ by for nothing
	small = 0.001  // of a side's instructions: packages below are kept as a rest
)

// The rests of the three classes. Each is an import path pattern of its own class.
const (
	cryptoRest      = "crypto/..."
	runtimeRest     = "runtime/..."
	applicationRest = "..."
)

func restOf(path string) string {
	switch classOf(path) {
	case crypto:
		return cryptoRest
	case goRuntime:
		return runtimeRest
	}
	return applicationRest
}

func isRest(path string) bool { return path == "..." || strings.HasSuffix(path, "/...") }

// Packages lists the packages whose instructions differ, the largest difference first. Differences below 0.05 % of the
// baseline's instructions are noise, and left out. Where one side has its small packages summed up, as a [Baseline]
// has, those of the other are summed up too.
func Packages(baseline, candidate Side) []Difference {
	was, is := folded(baseline.Instructions, candidate.Instructions), folded(candidate.Instructions, baseline.Instructions)
	limit := noise * total(was)
	var all []Difference
	for path := range union(was, is) {
		if d := (Difference{path, was[path], is[path]}); math.Abs(d.moved()) > limit {
			all = append(all, d)
		}
	}
	slices.SortFunc(all, func(x, y Difference) int {
		return cmp.Or(cmp.Compare(math.Abs(y.moved()), math.Abs(x.moved())), cmp.Compare(x.Name, y.Name))
	})
	return all
}

func (d Difference) moved() float64 { return d.Candidate - d.Baseline }

func union(x, y map[string]float64) map[string]bool {
	all := map[string]bool{}
	for path := range x {
		all[path] = true
	}
	for path := range y {
		all[path] = true
	}
	return all
}

func total(instructions map[string]float64) (sum float64) {
	for _, path := range slices.Sorted(maps.Keys(instructions)) { // in one order, to the last digit
		sum += instructions[path]
	}
	return sum
}

// folded is instructions with the small packages that other does not name in a rest, if other has rests.
func folded(instructions, other map[string]float64) map[string]float64 {
	rests := false
	for path := range other {
		rests = rests || isRest(path)
	}
	if !rests {
		return instructions
	}
	return fold(instructions, func(path string) bool { _, named := other[path]; return named })
}

// fold sums up the packages below a thousandth of the whole by class, except those to keep. Code without a package
// stays itself: what it belongs to depends on the build.
func fold(instructions map[string]float64, keep func(path string) bool) map[string]float64 {
	limit, out := small*total(instructions), map[string]float64{}
	for _, path := range slices.Sorted(maps.Keys(instructions)) {
		n := instructions[path]
		if path != "" && n < limit && !keep(path) {
			path = restOf(path)
		}
		out[path] += n
	}
	return out
}
