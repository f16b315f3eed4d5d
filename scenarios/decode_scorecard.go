package scenarios

import (
	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake/rotation"
)

const (
	defaultAtOnce = 4
	mostAtOnce    = 64
	mostRotations = 1_000_000
)

// scorecard decodes what every variant with a reload strategy is put through.
func (d *decoder) scorecard(n *yaml.Node, s *Scenario) {
	s.scorecardAt = at(n)
	s.Scorecard = &Scorecard{Injections: injections(), AtOnce: defaultAtOnce}
	d.mapping(n, "scorecard",
		field{"injections", func(n *yaml.Node) { d.injections(n, s.Scorecard) }},
		field{"rotations", d.whole(&s.Scorecard.Rotations, 0, mostRotations)},
		field{"crash", d.boolean(&s.Scorecard.Crash)},
		field{"memory", d.boolean(&s.Scorecard.Memory)},
		field{"at_once", d.whole(&s.Scorecard.AtOnce, 1, mostAtOnce)},
	)
	if memory := under(n, "memory"); s.Scorecard.Memory && s.Scorecard.Rotations == 0 && memory != nil {
		d.add(at(memory), `set "rotations: 1000"`, "memory is searched for keys that were retired, and nothing rotates")
	}
}

// injections decodes all, or names out of the catalogue.
func (d *decoder) injections(n *yaml.Node, c *Scorecard) {
	if n.Kind == yaml.ScalarNode {
		if text, ok := d.scalar(n); !ok || text == "all" {
			return
		}
	}
	many(d, &c.Injections, "injections", oneOf("injection", injections()...))(n)
}

// injections are the names in the catalogue.
func injections() (all []string) {
	for _, i := range rotation.Catalogue() {
		all = append(all, i.Name)
	}
	return all
}
