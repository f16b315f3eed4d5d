package scenarios

import (
	"cmp"
	"slices"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
)

// mostCells bounds a matrix whatever its max says, and mostGroups the groups of all cells together: a run of more
// would take weeks.
const (
	mostCells  = 2_000
	mostGroups = 100_000
)

// matrix is the cells as the file asks for them.
type matrix struct {
	dimensions
	exclude, include []rule
	max              int
	at               position
	broken           bool // mistakes were found in it: what its rules match means nothing
	mutualGiven      bool // the file says it
	alpnGiven        bool
}

// dimensions are the values to cross. In a rule an empty dimension matches everything.
type dimensions struct {
	kinds      []handshake.Kind
	groups     []handshake.Group
	signatures []handshake.Signature
	mutual     []bool
	alpn       []string // "": none
	alpnAt     position
	suites     []handshake.Suite // 0: any
}

// rule takes cells out of the matrix, or adds them.
type rule struct {
	dimensions
	variants []string // nil: every variant
	because  string
	at       position
}

// point is a Spec in the matrix and the variants that do not run it.
type point struct {
	spec    handshake.Spec
	without map[string]string // variant -> why a rule excludes it; may be ""
}

func (c dimensions) empty() bool {
	return len(c.kinds)+len(c.groups)+len(c.signatures)+len(c.mutual)+len(c.alpn)+len(c.suites) == 0
}

func (c dimensions) matches(s handshake.Spec) bool {
	return in(c.kinds, s.Kind) && in(c.groups, s.Group) && in(c.signatures, s.Signature) &&
		in(c.mutual, s.Mutual) && in(c.alpn, s.ALPN) && in(c.suites, s.Suite)
}

// in is true for an empty list: a rule that is silent about a property matches all of its values.
func in[T comparable](list []T, v T) bool { return len(list) == 0 || slices.Contains(list, v) }

// count is how many specs cross makes. The product cannot overflow: no factor is above mostEntries.
func (c dimensions) count() int {
	return len(c.kinds) * len(c.groups) * len(c.signatures) * len(c.mutual) * len(c.alpn) * len(c.suites)
}

// cross is every combination, the first dimension changing slowest.
func (c dimensions) cross() []handshake.Spec {
	specs := []handshake.Spec{{}}
	specs = by(specs, c.kinds, func(s *handshake.Spec, v handshake.Kind) { s.Kind = v })
	specs = by(specs, c.groups, func(s *handshake.Spec, v handshake.Group) { s.Group = v })
	specs = by(specs, c.signatures, func(s *handshake.Spec, v handshake.Signature) { s.Signature = v })
	specs = by(specs, c.mutual, func(s *handshake.Spec, v bool) { s.Mutual = v })
	specs = by(specs, c.alpn, func(s *handshake.Spec, v string) { s.ALPN = v })
	return by(specs, c.suites, func(s *handshake.Spec, v handshake.Suite) { s.Suite = v })
}

func by[T any](specs []handshake.Spec, values []T, set func(*handshake.Spec, T)) []handshake.Spec {
	crossed := make([]handshake.Spec, 0, len(specs)*len(values))
	for _, s := range specs {
		for _, v := range values {
			set(&s, v)
			crossed = append(crossed, s)
		}
	}
	return crossed
}

// expandMatrix crosses the matrix and applies its rules: excludes first, then includes.
func (d *decoder) expandMatrix(s *Scenario) {
	m, before := s.matrix, len(d.found)
	if n := m.count(); n > mostCells {
		d.tooMany(m, n, mostCells)
		return
	}
	for _, spec := range m.cross() {
		s.points = append(s.points, point{spec: spec, without: map[string]string{}})
	}
	for _, r := range m.exclude {
		d.exclude(s, r)
	}
	for _, r := range m.include {
		if len(s.points) <= mostCells {
			d.include(s, r)
		}
	}
	switch n := len(s.points) * max(len(s.Loads), 1); {
	case n == 0 && len(d.found) == before:
		d.add(m.at, "", "the rules leave no cell")
	case n > m.max:
		d.tooMany(m, n, m.max)
	case n*s.Groups > mostGroups:
		d.add(m.at, "measure fewer cells or groups", "%d cells of %d groups are more than the %d groups of a run", n, s.Groups, mostGroups)
	}
}

func (d *decoder) tooMany(m matrix, n, most int) {
	d.add(m.at, `exclude some, or raise "max"`, "the matrix has %d cells, more than the %d allowed", n, most)
}

// exclude takes cells, or variants of cells, out of the matrix.
func (d *decoder) exclude(s *Scenario, r rule) {
	if !d.knowsVariants(s, r) {
		return
	}
	hits, kept := 0, s.points[:0]
	for _, p := range s.points {
		switch {
		case !r.matches(p.spec):
		case r.variants == nil:
			hits++
			if r.because != "" {
				s.excluded = append(s.excluded, results.Skip{Cell: p.spec.String(), Reason: r.because})
			}
			continue
		default:
			hits += p.exclude(r)
		}
		kept = append(kept, p)
	}
	s.points = kept
	if hits == 0 {
		d.add(r.at, "take it out, or correct it", "this exclude rule matches no cell")
	}
}

// exclude takes a rule's variants out of a point and says how many were still in.
func (p *point) exclude(r rule) (hits int) {
	for _, v := range r.variants {
		if _, out := p.without[v]; !out {
			p.without[v] = r.because
			hits++
		}
	}
	return hits
}

// include adds cells, or brings back variants that an exclude rule took out of a cell.
func (d *decoder) include(s *Scenario, r rule) {
	if !d.knowsVariants(s, r) || !d.complete(s, &r) {
		return
	}
	if n := r.count(); n > mostCells {
		d.tooMany(matrix{at: r.at}, n, mostCells)
		return
	}
	if r.variants == nil {
		r.variants = s.variantNames()
	}
	place := map[handshake.Spec]int{}
	for i, p := range s.points {
		place[p.spec] = i
	}
	changed := false
	for _, spec := range r.cross() {
		i, there := place[spec]
		if !there {
			i = s.addPoint(spec)
		}
		if d.includePoint(s, r, s.points[i]) {
			changed = true
		}
	}
	if !changed {
		d.add(r.at, "take it out, or correct it", "this include rule adds no cell: the matrix has it already")
	}
}

// addPoint adds a point that no variant runs yet.
func (s *Scenario) addPoint(spec handshake.Spec) int {
	without := map[string]string{}
	for _, v := range s.Variants {
		without[v.Name] = ""
	}
	s.points = append(s.points, point{spec, without})
	return len(s.points) - 1
}

// includePoint brings a rule's variants into a point and says whether one of them was out.
func (d *decoder) includePoint(s *Scenario, r rule, p point) (changed bool) {
	for _, name := range r.variants {
		if _, out := p.without[name]; !out {
			continue
		}
		changed = true
		delete(p.without, name)
		if why := refusal(s.variant(name), p.spec); why != "" {
			d.add(r.at, "name the variants that can: {variant: ...}", "variant %q cannot run the included cell %s: %s", name, p.spec, why)
		}
	}
	if _, out := p.without[s.baseline().Name]; out {
		d.add(r.at, "name it too", "the included cell %s has no baseline %q", p.spec, s.baseline().Name)
	}
	return changed
}

// complete fills the properties that an include rule is silent about, where the matrix leaves no choice.
func (d *decoder) complete(s *Scenario, r *rule) bool {
	m, ok := s.matrix, true
	fill(d, r, &r.kinds, m.kinds, "kind", &ok)
	fill(d, r, &r.groups, m.groups, "group", &ok)
	fill(d, r, &r.signatures, m.signatures, "signature", &ok)
	fill(d, r, &r.mutual, m.mutual, "mutual", &ok)
	fill(d, r, &r.alpn, m.alpn, "alpn", &ok)
	fill(d, r, &r.suites, m.suites, "suite", &ok)
	return ok
}

func fill[T any](d *decoder, r *rule, rules *[]T, matrix []T, key string, ok *bool) {
	switch {
	case len(*rules) > 0:
	case len(matrix) == 1:
		*rules = matrix
	default:
		*ok = false
		d.add(r.at, "", "this include rule must name its %q: the matrix has %d", key, len(matrix))
	}
}

// knowsVariants checks the names in a rule.
func (d *decoder) knowsVariants(s *Scenario, r rule) bool {
	names, ok := s.variantNames(), true
	for _, v := range r.variants {
		if !slices.Contains(names, v) {
			d.add(r.at, didYouMean(v, names), "unknown variant %q", v)
			ok = false
		}
	}
	return ok
}

func (s *Scenario) variantNames() []string {
	all := make([]string, len(s.Variants))
	for i, v := range s.Variants {
		all[i] = v.Name
	}
	return all
}

// variant is the variant of that name, which exists.
func (s *Scenario) variant(name string) Variant {
	return s.Variants[slices.IndexFunc(s.Variants, func(v Variant) bool { return v.Name == name })]
}

// baseline is the one baseline of a scenario without mistakes.
func (s *Scenario) baseline() Variant {
	return s.Variants[max(slices.IndexFunc(s.Variants, func(v Variant) bool { return v.Baseline }), 0)]
}

// baselineFirst is the variants in the order in which everything after the scenario lists them.
func (s *Scenario) baselineFirst() []Variant {
	all := slices.Clone(s.Variants)
	slices.SortStableFunc(all, func(a, b Variant) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}

func rank(v Variant) int {
	if v.Baseline {
		return 0
	}
	return 1
}
