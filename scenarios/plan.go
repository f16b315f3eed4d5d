package scenarios

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// Plan makes the scenario concrete: the cells that can run on m, and its blocks in the order that seed draws. What
// cannot run is in Skips with its reason. The same scenario, seed and machine give the same plan.
//
// The error is an [*Errors]: the baseline cannot run on m, no cell is left, or a gate can never fail.
func (s *Scenario) Plan(seed uint64, m Machine) (*Plan, error) {
	p := &Plan{
		Scenario: results.Scenario{Name: s.Name, Doc: s.Doc, Text: s.Text},
		Seed:     seed, Groups: s.Groups, Warmup: s.Warmup, Turn: s.Turn, Client: s.Client,
		Gates: s.Gates, Limits: s.Limits, Profile: s.Profile, Observe: s.Observe, Defaults: s.Defaults(),
		Looks: s.Looks, Confirm: s.Confirm, Exact: s.Exact == "auto", Primitives: s.Primitives == "auto", Objectives: s.Objectives, Expected: s.Expected,
		Scorecard: s.Scorecard, Experiments: s.Experiments, Claims: s.Claims,
	}
	if !s.measures() {
		p.Defaults = nil // they are about blocks
	}
	found := &problems{file: s.File}
	p.Skips = slices.Clone(s.excluded)
	p.chooseVariants(s, m, found)
	p.makeCells(s)
	if len(p.Cells) == 0 && len(found.found) == 0 && s.measures() {
		found.add(s.matrix.at, "", "no cell is left to run%s", firstReason(p.Skips))
	}
	if err := found.err(); err != nil {
		return nil, err
	}
	p.controlNull(s.Null)
	p.Gating = p.gating(m)
	p.refuseGates(s, found)
	if err := found.err(); err != nil {
		return nil, err
	}
	p.order(s.Spare)
	p.warn(s)
	return p, nil
}

// measures says whether there are blocks, and not experiments alone.
func (s *Scenario) measures() bool { return len(s.Variants) > 0 }

func firstReason(skips []results.Skip) string {
	if len(skips) == 0 {
		return ""
	}
	return ": " + skips[0].Reason
}

// chooseVariants keeps the variants that can run on m; the baseline must.
func (p *Plan) chooseVariants(s *Scenario, m Machine, found *problems) {
	for _, v := range s.baselineFirst() {
		switch why := unavailable(v, m); {
		case why == "":
			p.Variants = append(p.Variants, v)
		case v.Baseline:
			found.add(v.at, "make another variant the baseline", "the baseline %q cannot run here: %s", v.Name, why)
		default:
			p.Skips = append(p.Skips, results.Skip{Variant: v.Name, Reason: why})
		}
	}
}

// makeCells crosses the points of the matrix with the loads.
func (p *Plan) makeCells(s *Scenario) {
	for _, point := range s.points {
		able := p.able(point)
		if len(able) == 0 {
			continue
		}
		for _, load := range s.Loads {
			p.Cells = append(p.Cells, Cell{Name: s.cellName(point.spec, load), Spec: point.spec, Load: load, Variants: able})
		}
	}
}

// cellName is the name of a spec under one of a scenario's loads.
func (s *Scenario) cellName(spec handshake.Spec, l loadgen.Load) string {
	if len(s.Loads) > 1 {
		return spec.String() + "/" + l.Name
	}
	return spec.String()
}

// able lists the variants that run a point, and notes why others do not. Without its baseline a point is skipped:
// its candidates would have nothing to be compared with.
func (p *Plan) able(point point) []string {
	var able []string
	cell := point.spec.String()
	for _, v := range p.Variants {
		why, out := point.without[v.Name]
		if !out {
			why = refusal(v, point.spec)
		}
		switch {
		case !out && why == "":
			able = append(able, v.Name)
		case v.Baseline:
			why = fmt.Sprintf("the baseline %q does not run it: %s", v.Name, or(why, "a rule excludes it"))
			p.Skips = append(p.Skips, results.Skip{Cell: cell, Reason: why})
			return nil
		case why != "":
			p.Skips = append(p.Skips, results.Skip{Variant: v.Name, Cell: cell, Reason: why})
		}
	}
	return able
}

// seedStream keeps the plan's random numbers apart from others that are drawn from the same seed.
const seedStream = 0x706c616e // "plan"

// order lays out the blocks: rounds of one group of every cell, the cells in random order within each round, and one
// pair of the null control; then the spare rounds, which have none.
func (p *Plan) order(spare int) {
	random, null := rand.New(rand.NewPCG(p.Seed, seedStream)), p.nullDraw()
	for group := range p.Groups {
		controlled := null.cell()
		for _, cell := range random.Perm(len(p.Cells)) {
			p.Blocks = append(p.Blocks, p.group(random, cell, group, len(p.Blocks))...)
			if cell == controlled {
				p.Blocks = append(p.Blocks, p.nullPair(null.Rand, p.Blocks[len(p.Blocks)-1])...)
			}
		}
	}
	for group := p.Groups; group < p.Groups+spare; group++ {
		for _, cell := range random.Perm(len(p.Cells)) {
			p.Spares = append(p.Spares, p.group(random, cell, group, len(p.Blocks)+len(p.Spares))...)
		}
	}
}

// group lays out one group of one cell, from an index on. Equal turns of different variants share a seed.
func (p *Plan) group(random *rand.Rand, cell, group, index int) (blocks []Block) {
	turns := map[string]int{}
	seeds := []uint64{random.Uint64(), random.Uint64()}
	observedFirst := p.Observe.On() && random.Uint64()%2 == 0
	for _, v := range p.sequence(random, p.Cells[cell].Variants) {
		for _, observed := range p.twins(observedFirst) {
			order := len(blocks)
			blocks = append(blocks, Block{
				Index: index + order, Cell: cell, Variant: v, Group: group, Order: order, Seed: seeds[turns[v]], Observed: observed,
				Turns: p.takesTurns(p.Cells[cell].Variants),
			})
		}
		observedFirst = !observedFirst
		turns[v]++
	}
	return blocks
}

// twins is a block alone, or with its observed twin before or after it.
func (p *Plan) twins(observedFirst bool) []bool {
	if !p.Observe.On() {
		return []bool{false}
	}
	return []bool{observedFirst, !observedFirst}
}

// takesTurns says whether the two variants of a cell are measured at once, in turns.
func (p *Plan) takesTurns(variants []string) bool { return p.Turn > 0 && len(variants) == 2 }

// sequence is the order of a group's blocks: ABBA or BAAB for two variants, else one block of each at random. Two that
// take turns have one block each, too.
func (p *Plan) sequence(random *rand.Rand, variants []string) []string {
	s := slices.Clone(variants)
	random.Shuffle(len(s), func(i, j int) { s[i], s[j] = s[j], s[i] })
	if len(s) == 2 && p.Turn == 0 {
		return []string{s[0], s[1], s[1], s[0]}
	}
	return s
}

const (
	startTime     = 150 * time.Millisecond  // to start and stop a block's two processes
	attachTime    = 700 * time.Millisecond  // of an observer, with its end
	plantsTime    = 25 * time.Second        // of the known delays before the first block
	handshakeTime = 1500 * time.Microsecond // of one handshake, where a load gives their number and no length
)

// Estimate is about how long experiments, the scorecard, all blocks and single operations take, without building the
// servers, counting and confirming. A plan for centuries saturates.
func (p *Plan) Estimate() time.Duration { return p.estimate(math.MaxInt) }

// estimate is Estimate for the first so many groups of each cell.
func (p *Plan) estimate(groups int) time.Duration {
	var total time.Duration
	if p.Observe.Plants {
		total = plantsTime
	}
	total += p.primitivesTime() + p.scorecardTime() + p.experimentsTime()
	for _, b := range p.Blocks {
		if b.Group >= groups {
			continue
		}
		block := startTime + p.Warmup + lasts(p.Cells[b.Cell].Load)
		if b.Observed {
			block += attachTime
		}
		if total > math.MaxInt64-block {
			return math.MaxInt64
		}
		total += block
	}
	return total
}

// lasts is a load's length, or a guess where it counts handshakes.
func lasts(l loadgen.Load) time.Duration {
	if l.Handshakes > 0 {
		return time.Duration(l.Handshakes) * handshakeTime
	}
	return l.Length + scheduled(l)
}

// MinimumP is the smallest two-sided p-value that the exact Wilcoxon signed-rank test can give with this many groups.
func (p *Plan) MinimumP() float64 { return effect.MinP(p.Groups) }

// MarshalJSON writes the plan with what follows from it.
func (p *Plan) MarshalJSON() ([]byte, error) {
	type plain Plan
	return json.Marshal(struct {
		Schema int `json:"schema"`
		*plain
		Estimate float64 `json:"estimate_seconds"`
		MinimumP float64 `json:"minimum_p"`
	}{1, (*plain)(p), p.Estimate().Seconds(), p.MinimumP()})
}
