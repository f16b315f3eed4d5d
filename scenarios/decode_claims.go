package scenarios

import (
	"slices"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/metric"
)

// claims decodes the statements that are to be tested. What they choose is held against the cells by
// [decoder.lintClaims], when those are known.
func (d *decoder) claims(n *yaml.Node, s *Scenario) {
	d.list(n, "claims", func(n *yaml.Node) {
		if c, ok := d.claim(resolve(n), s); ok {
			s.Claims, s.claimsAt = append(s.Claims, c), append(s.claimsAt, at(n))
		}
	})
}

// claimDraft is a claim whose condition is not yet read: its unit follows from what is measured.
type claimDraft struct {
	results.Claim
	holds *yaml.Node
}

func (d *decoder) claim(n *yaml.Node, s *Scenario) (results.Claim, bool) {
	c := claimDraft{Claim: results.Claim{Line: n.Line}}
	before := len(d.found)
	d.mapping(n, "a claim",
		field{"claim", d.text(&c.Claim.Claim)},
		field{"from", d.text(&c.From)},
		field{"ratio", func(n *yaml.Node) { c.Ratio = d.series(n, "ratio", s.inBlocks(candidate(s.Variants))) }},
		field{"value", func(n *yaml.Node) { c.Value = d.series(n, "value", s.inBlocks(oneOf("variant", s.variantNames()...))) }},
		field{"experiment", func(n *yaml.Node) { c.Experiment = d.measure(n, s.Experiments) }},
		field{"untestable", d.text(&c.Untestable)},
		field{"holds", func(n *yaml.Node) { c.holds = n; d.text(&c.Holds)(n) }},
		field{"expect", value(d, &c.Expect, oneOf("expect", results.Holds, results.Fails))},
	)
	if len(d.found) == before {
		d.wholeClaim(n, &c)
	}
	return c.Claim, len(d.found) == before
}

// wholeClaim holds the parts of a claim against each other and reads its condition.
func (d *decoder) wholeClaim(n *yaml.Node, c *claimDraft) {
	ways := 0
	for _, key := range []string{"ratio", "value", "experiment", "untestable"} {
		if under(n, key) != nil {
			ways++
		}
	}
	switch {
	case c.Claim.Claim == "":
		d.add(at(n), "say what is claimed, in words", `a claim needs a "claim"`)
	case ways != 1:
		d.add(at(n), "", `a claim is decided by one "ratio", "value" or "experiment", or is "untestable"`)
	case under(n, "untestable") != nil && c.Untestable == "":
		d.add(at(under(n, "untestable")), "say why", "an untestable claim needs its reason")
	case c.Untestable != "" && (c.holds != nil || c.Expect != ""):
		d.add(at(n), "leave holds and expect out", "nothing decides an untestable claim, so it has no condition")
	case c.Untestable != "":
	case c.holds == nil:
		d.add(at(n), `write holds: "`+c.quantity().example()+`"`, `a claim needs its condition, "holds"`)
	default:
		d.condition(c)
	}
}

func (d *decoder) condition(c *claimDraft) {
	b, err := readBound(c.Holds, c.quantity())
	if err != nil && c.Ratio != nil {
		err = wrong(`a ratio is candidate/baseline: write +44.9 % as ">= 1.449"`, "%s", err.Error())
	}
	if err != nil {
		d.mistake(c.holds, err)
		return
	}
	c.Operator, c.Bound = b.operator, b.value
}

// quantity is what decides a claim is a number of.
func (c *claimDraft) quantity() quantity {
	switch {
	case c.Value != nil:
		m, _ := metric.ByName(c.Value.Metric)
		return quantityOf(m.Unit)
	case c.Experiment != nil:
		e, _ := experiment(c.Experiment.Name)
		return e.quantity(c.Experiment.Measure)
	}
	return numbers
}

// series decodes the choice of a metric of one variant in one cell.
func (d *decoder) series(n *yaml.Node, what string, readVariant func(string) (string, error)) *results.OfSeries {
	var o results.OfSeries
	before := len(d.found)
	d.mapping(n, what,
		field{"metric", value(d, &o.Metric, readTimed)},
		field{"variant", value(d, &o.Variant, readVariant)},
		field{"cell", func(n *yaml.Node) { o.Cell = d.someCells(n, "the cell of a claim") }},
	)
	if len(d.found) == before && (o.Metric == "" || o.Variant == "") {
		d.add(at(n), "", `%s needs a "metric" and a "variant"`, what)
	}
	return &o
}

// inBlocks reads the name of a variant of a scenario that has blocks.
func (s *Scenario) inBlocks(read func(string) (string, error)) func(string) (string, error) {
	if s.measures() {
		return read
	}
	return func(string) (string, error) {
		return "", wrong(`add "variants" and "load"`, "there are no blocks, so nothing is measured of a variant")
	}
}

// readTimed reads the name of a metric that is measured block by block.
func readTimed(s string) (string, error) {
	if counted(s) {
		return "", wrong("gates are for metrics that are counted", "%q is counted once, and claims are about blocks", s)
	}
	return oneOf("metric", timedNames()...)(s)
}

func timedNames() (all []string) {
	for _, m := range metric.All() {
		all = append(all, m.Name)
	}
	return all
}

// measure decodes the choice of an experiment's measure.
func (d *decoder) measure(n *yaml.Node, made []string) *results.OfMeasure {
	var o results.OfMeasure
	before := len(d.found)
	d.mapping(n, "experiment",
		field{"name", value(d, &o.Name, readMade(made))},
		field{"arm", value(d, &o.Arm, func(s string) (string, error) {
			return readOf(o.Name, "arm", s, func(e Experiment) []string { return e.Arms })
		})},
		field{"measure", value(d, &o.Measure, func(s string) (string, error) { return readOf(o.Name, "measure", s, Experiment.Measures) })},
	)
	if len(d.found) == before && (o.Name == "" || o.Arm == "" || o.Measure == "") {
		d.add(at(n), "", `experiment needs a "name", an "arm" and a "measure"`)
	}
	return &o
}

// readMade reads the name of an experiment that the scenario makes.
func readMade(made []string) func(string) (string, error) {
	return func(s string) (string, error) {
		name, err := oneOf("experiment", experimentNames()...)(s)
		if err == nil && !slices.Contains(made, name) {
			return "", wrong(`add it to "experiments"`, "the scenario does not make the experiment %q", s)
		}
		return name, err
	}
}

// readOf reads a word that an experiment knows. One without a name is reported as such.
func readOf(name, what, s string, known func(Experiment) []string) (string, error) {
	e, ok := experiment(name)
	if !ok {
		return s, nil
	}
	return oneOf(what+" of "+name, known(e)...)(s)
}
