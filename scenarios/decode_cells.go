package scenarios

import (
	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake"
)

// cells decodes the matrix; its rules are applied by [decoder.lint], when variants and loads are known.
func (d *decoder) cells(n *yaml.Node, m *matrix) {
	m.at = at(n)
	m.mutualGiven, m.alpnGiven = under(n, "mutual") != nil, under(n, "alpn") != nil
	before := len(d.found)
	defer func() { m.broken = len(d.found) > before }()
	d.mapping(n, "cells", append(d.dimensions(&m.dimensions),
		field{"exclude", func(n *yaml.Node) { m.exclude = d.rules(n, "an exclude rule") }},
		field{"include", func(n *yaml.Node) { m.include = d.rules(n, "an include rule") }},
		field{"max", d.whole(&m.max, 1, mostCells)},
	)...)
}

func (d *decoder) dimensions(c *dimensions) []field {
	return []field{
		{"kind", many(d, &c.kinds, "kind", named[handshake.Kind]("kind", handshake.KindNames()))},
		{"group", many(d, &c.groups, "group", named[handshake.Group]("group", handshake.GroupNames()))},
		{"signature", many(d, &c.signatures, "signature",
			named[handshake.Signature]("signature", handshake.SignatureNames()))},
		{"mutual", members(d, &c.mutual, "mutual", d.boolean)},
		{"alpn", func(n *yaml.Node) { c.alpnAt = at(n); many(d, &c.alpn, "alpn", readAsked)(n) }},
		{"suite", many(d, &c.suites, "suite", named[handshake.Suite]("suite", handshake.SuiteNames()))},
	}
}

// readAsked reads the ALPN protocol that a client asks for; none asks for nothing.
func readAsked(s string) (string, error) {
	if s == "none" {
		return "", nil
	}
	return readProtocol(s)
}

func (d *decoder) rules(n *yaml.Node, what string) []rule {
	var all []rule
	d.list(n, "rules", func(n *yaml.Node) {
		r := rule{at: at(n)}
		before := len(d.found)
		d.mapping(n, what, append(d.dimensions(&r.dimensions),
			field{"variant", many(d, &r.variants, "variant", readName)},
			field{"because", d.text(&r.because)},
		)...)
		switch {
		case len(d.found) > before:
			return
		case r.dimensions.empty() && r.variants == nil:
			d.add(r.at, "name what it matches: {kind: resumed}", "%s names no property of a cell", what)
		default:
			all = append(all, r)
		}
	})
	return all
}
