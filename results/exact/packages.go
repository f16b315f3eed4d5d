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

// What equal sources differ by for nothing, in instructions of the whole side: certificates are new in every run, and
// the runtime's scheduler, maps and stacks do what they do by chance.
const (
	noise        = 0.0005
	runtimeNoise = 0.005
)

func (c class) noise() float64 {
	if c == goRuntime {
		return runtimeNoise
	}
	return noise
}

// The rests of the three classes. Each is an import path pattern of its own class.
const (
	cryptoRest      = "crypto/..."
	runtimeRest     = "runtime/..."
	applicationRest = "..."
)

func restOf(path string) string {
	switch (Key{}).class(path) {
	case crypto:
		return cryptoRest
	case goRuntime:
		return runtimeRest
	}
	return applicationRest
}

func isRest(path string) bool { return path == "..." || strings.HasSuffix(path, "/...") }

// Packages lists the packages whose instructions differ, the largest difference first. Noise is left out: differences
// below 0.05 % of the baseline's instructions, 0.5 % for the runtime. Where one side has its small packages summed up,
// as a [Baseline] has, those of the other are summed up too.
func Packages(baseline, candidate Side) []Difference { return Key{}.packages(baseline, candidate) }

// Moved lists those of the [Packages] that a metric of instructions is the sum of; none for other metrics.
func Moved(metric string, baseline, candidate Counts) []Difference {
	was, is := baseline.Server, candidate.Server
	name, client := strings.CutPrefix(metric, "client_")
	if client {
		was, is = baseline.Client, candidate.Client
	}
	of, _ := strings.CutPrefix(name, "instructions.")
	return slices.DeleteFunc(baseline.Key.packages(was, is), func(d Difference) bool {
		return baseline.Key.class(d.Name) != class(of)
	})
}

func (k Key) packages(baseline, candidate Side) []Difference {
	was, is := folded(baseline.Instructions, candidate.Instructions), folded(candidate.Instructions, baseline.Instructions)
	whole := total(was)
	var all []Difference
	for path := range union(was, is) {
		if d := (Difference{path, was[path], is[path]}); math.Abs(d.moved()) > k.class(path).noise()*whole {
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

// small is the share of a side's instructions below which a package is kept in a rest.
const small = 0.001

// folded is instructions with the small packages that other does not name in a rest, if other has rests. Twice as much
// is small here, so that a package at the limit does not seem to appear out of its rest.
func folded(instructions, other map[string]float64) map[string]float64 {
	for path := range other {
		if isRest(path) {
			return fold(instructions, 2*small, other)
		}
	}
	return instructions
}

// fold sums up the packages below a share of the whole by class, except those that are named already. Code without a
// package stays itself: what it belongs to depends on the build.
func fold(instructions map[string]float64, share float64, named map[string]float64) map[string]float64 {
	limit, out := share*total(instructions), map[string]float64{}
	for path, n := range instructions {
		if _, keep := named[path]; path != "" && n < limit && !keep {
			path = restOf(path)
		}
		out[path] += n
	}
	return out
}
