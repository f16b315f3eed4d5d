package scenarios

import (
	"slices"

	"go.yaml.in/yaml/v4"
)

// experiments decodes all, or names out of the list; they are made in the list's order.
func (d *decoder) experiments(n *yaml.Node, s *Scenario) {
	if n.Kind == yaml.ScalarNode {
		if text, ok := d.scalar(n); !ok || text == "all" {
			s.Experiments = experimentNames()
			return
		}
	}
	var asked []string
	many(d, &asked, "experiments", oneOf("experiment", experimentNames()...))(n)
	s.Experiments = slices.DeleteFunc(experimentNames(), func(name string) bool { return !slices.Contains(asked, name) })
}
