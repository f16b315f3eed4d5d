package scenarios

import (
	"strings"
	"time"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake/rotation"
)

// leastEvery is about what a writer takes for one rotation, several times over.
const leastEvery = 5 * time.Millisecond

// disturb decodes what happens to certificate files during each block.
func (d *decoder) disturb(n *yaml.Node, into *[]rotation.Disturbance) {
	all := []rotation.Disturbance{}
	d.list(n, "disturb", func(n *yaml.Node) {
		if len(all) == 1 {
			d.add(at(n), "give it to another variant", "files lie in one way and have one writer: there is one disturbance for a variant")
			return
		}
		before := len(d.found)
		if one := d.disturbance(n); len(d.found) == before {
			all = append(all, one)
		}
	})
	*into = all
}

// disturbOwn is disturb for a variant: its own list takes the place of the scenario's, and may be empty.
func (d *decoder) disturbOwn(n *yaml.Node, v *Variant) {
	v.disturbAt = at(n)
	if n.Kind == yaml.SequenceNode && len(n.Content) == 0 {
		v.Disturb = nil
		return
	}
	d.disturb(n, &v.Disturb)
}

func (d *decoder) disturbance(n *yaml.Node) rotation.Disturbance {
	one := rotation.Disturbance{At: -1}
	before := len(d.found)
	d.mapping(n, "a disturbance",
		field{"rotate", func(n *yaml.Node) { d.rotate(n, &one) }},
		field{"inject", value(d, &one.Inject, oneOf("injection", injections()...))},
		field{"at", value(d, &one.At, readLength)},
	)
	if len(d.found) > before {
		return one
	}
	switch given := one.At >= 0; {
	case (one.Every == 0) == (one.Inject == ""):
		d.add(at(n), "", `a disturbance is one "rotate" or one "inject"`)
	case one.Every > 0 && given:
		d.add(at(under(n, "at")), `rotations begin with the load and go on: set "every"`, `only an injection has an "at"`)
	case one.Inject != "" && !given:
		d.add(at(n), `set "at: 3s", since the begin of the load`, `an injection needs an "at"`)
	}
	one.At = max(one.At, 0)
	return one
}

func (d *decoder) rotate(n *yaml.Node, one *rotation.Disturbance) {
	one.By = rotation.Rename
	before := len(d.found)
	d.mapping(n, "rotate",
		field{"every", value(d, &one.Every, readEvery)},
		field{"by", value(d, &one.By, oneOf("method", rotation.Methods()...))},
	)
	if one.Every == 0 && len(d.found) == before {
		d.add(at(n), `set "every: 1s"`, `rotate needs an "every"`)
	}
}

// readEvery reads the time between two rotations.
func readEvery(s string) (time.Duration, error) {
	every, err := readLength(s)
	if err == nil && every < leastEvery {
		return 0, wrong("", "rotations every %s: want %s or more between two", clip(s), leastEvery)
	}
	return every, err
}

// disturbWords writes disturbances as people say it.
func disturbWords(all []rotation.Disturbance) string {
	words := make([]string, len(all))
	for i, one := range all {
		words[i] = one.Inject + " at " + one.At.String()
		if one.Inject == "" {
			words[i] = "rotate every " + one.Every.String() + " by " + string(one.By)
		}
	}
	return strings.Join(words, ", ")
}
