package scenarios

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/results"
)

// formatVersion is the version of the scenario format that this package reads.
const formatVersion = 1

// scenario decodes the whole file. The fields stand in the order in which they rely on each other.
func (d *decoder) scenario(n *yaml.Node) *Scenario {
	s := &Scenario{
		Name: defaultName(d.file), Server: defaultServer(), Client: defaultClient(),
		Groups: defaultGroups, Spare: defaultSpare, Warmup: defaultWarmup, Limits: defaultLimits(), Observe: defaultObserve(),
		Confirm: true, Null: defaultNull, Exact: defaultExact, Primitives: defaultPrimitives,
		matrix: matrix{dimensions: defaultDimensions(), max: defaultMax, at: at(n)},
	}
	ok := d.mapping(n, "the scenario",
		field{"vars", d.variables},
		field{"version", d.version},
		field{"name", value(d, &s.Name, readName)},
		field{"doc", d.text(&s.Doc)},
		field{"owner", d.text(&s.Owner)},
		field{"server", func(n *yaml.Node) { s.serverKeys = places(n); d.server(n, "server", &s.Server) }},
		field{"disturb", func(n *yaml.Node) { s.disturbAt = at(n); d.disturb(n, &s.disturb) }},
		field{"variants", func(n *yaml.Node) { s.Variants = d.variants(n, s.Server); s.shareDisturb() }},
		field{"client", func(n *yaml.Node) { d.client(n, s) }},
		field{"load", func(n *yaml.Node) { s.Loads = d.loads(n) }},
		field{"cells", func(n *yaml.Node) { d.cells(n, &s.matrix) }},
		field{"blocks", func(n *yaml.Node) { d.blocks(n, s) }},
		field{"guards", func(n *yaml.Node) { d.guards(n, &s.Limits) }},
		field{"instruments", func(n *yaml.Node) { d.instruments(n, s) }},
		field{"scorecard", func(n *yaml.Node) { d.scorecard(n, s) }},
		field{"gates", func(n *yaml.Node) { d.gates(n, s) }},
		field{"objectives", func(n *yaml.Node) { d.objectives(n, s) }},
		field{"expected_regressions", func(n *yaml.Node) { d.expected(n, s) }},
		field{"experiments", func(n *yaml.Node) { d.experiments(n, s) }},
		field{"claims", func(n *yaml.Node) { d.claims(n, s) }},
	)
	if ok {
		d.needs(n)
	}
	d.lint(s)
	return s
}

// needs reports what a scenario lacks: variants and a load, or experiments and nothing that is about blocks.
func (d *decoder) needs(n *yaml.Node) {
	variants, load := under(n, "variants") != nil, under(n, "load") != nil
	if !variants && !load && under(n, "experiments") != nil {
		d.withoutBlocks(n)
		return
	}
	if !variants {
		d.add(at(n), `one entry is enough: "variants: [{name: std}]"`, `"variants" is missing`)
	}
	if !load {
		d.add(at(n), `the shortest is "load: {length: 1s}"`, `"load" is missing`)
	}
}

// withoutBlocks refuses what is about blocks in a scenario of experiments alone.
func (d *decoder) withoutBlocks(n *yaml.Node) {
	for _, key := range []string{
		"server", "disturb", "client", "cells", "blocks", "guards", "instruments", "scorecard", "gates", "objectives", "expected_regressions",
	} {
		if given := under(n, key); given != nil {
			d.add(at(given), `add "variants" and "load", or leave it out`, "%q is about blocks, and experiments are none", key)
		}
	}
}

func (d *decoder) version(n *yaml.Node) {
	v := formatVersion
	before := len(d.found)
	d.whole(&v, 0, 1<<30)(n)
	if len(d.found) == before && v != formatVersion {
		d.add(at(n), "this tool reads version 1", "unknown version %d of the scenario format", v)
	}
}

// variables reads the values that ${name} stands for. They are plain: a variable cannot use another one.
func (d *decoder) variables(n *yaml.Node) {
	if n.Kind != yaml.MappingNode {
		d.add(at(n), "", "vars must be a mapping, not %s", describe(n))
		return
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, v := resolve(n.Content[i]), resolve(n.Content[i+1])
		_, twice := d.vars[key.Value]
		switch {
		case key.Kind != yaml.ScalarNode || !nameShape.MatchString(key.Value):
			d.add(at(key), "", "%s is no name of a variable", describe(key))
		case twice:
			d.add(at(key), "", "variable %q is given twice", key.Value)
		case v.Kind != yaml.ScalarNode || v.ShortTag() == "!!null":
			d.add(at(v), "", "variable %q must be one value, not %s", key.Value, describe(v))
		case strings.Contains(v.Value, "${"):
			d.add(at(v), "", "variable %q uses another variable", key.Value)
		default:
			d.vars[key.Value] = v.Value
		}
	}
}

func (d *decoder) server(n *yaml.Node, what string, s *Server) {
	d.mapping(n, what,
		field{"app", value(d, &s.App, oneOf("app", apps()...))},
		field{"listen", value(d, &s.Listen, readListen)},
		field{"alpn", many(d, &s.ALPN, "alpn", readProtocol)},
		field{"tickets", func(n *yaml.Node) { d.tickets(n, s) }},
		field{"cpus", value(d, &s.CPUs, readCPUs)},
		field{"gomaxprocs", d.whole(&s.GOMAXPROCS, 1, 4096)},
		field{"accel", value(d, &s.Accel, oneOf("accel", signers...))},
		field{"plant", func(n *yaml.Node) { d.plant(n, s) }},
		field{"reload", func(n *yaml.Node) { d.reload(n, s) }},
		field{"gateway", func(n *yaml.Node) { d.gateway(n, s) }},
		field{"spiffe", func(n *yaml.Node) { d.spiffe(n, s) }},
	)
}

// places are where the values of a mapping stand, by their keys.
func places(n *yaml.Node) map[string]position {
	all := map[string]position{}
	for i := 0; n.Kind == yaml.MappingNode && i+1 < len(n.Content); i += 2 {
		all[resolve(n.Content[i]).Value] = at(resolve(n.Content[i+1]))
	}
	return all
}

func (d *decoder) tickets(n *yaml.Node, s *Server) {
	d.mapping(n, "tickets",
		field{"enabled", d.boolean(&s.Tickets)},
		field{"rotate", value(d, &s.Rotate, readSpan)},
	)
	if !s.Tickets && s.Rotate > 0 {
		d.add(at(n), "", "tickets are not enabled, so their key cannot rotate")
	}
}

func (d *decoder) client(n *yaml.Node, s *Scenario) {
	c := &s.Client
	d.mapping(n, "client",
		field{"dialer", func(n *yaml.Node) { s.dialerAt = at(n); value(d, &c.Dialer, oneOf("dialer", dialers()...))(n) }},
		field{"verify", value(d, &c.Verify, oneOf("verify", "every"))},
		field{"certificate", value(d, &c.Certificate, oneOf("certificate", "auto", "none"))},
		field{"close", value(d, &c.Close, oneOf("close", "rst", "fin"))},
		field{"cpus", value(d, &c.CPUs, readCPUs)},
	)
}

func (d *decoder) guards(n *yaml.Node, l *results.Limits) {
	var fixed string
	d.mapping(n, "guards",
		field{"ledgers", value(d, &fixed, oneOf("ledgers", "equal"))},
		field{"shape", value(d, &fixed, oneOf("shape", "exact"))},
		field{"generator_cpu", value(d, &l.GeneratorCPU, below(readShare))},
		field{"lateness", value(d, &l.Lateness, readLateness)},
		field{"steal", value(d, &l.Steal, below(readShare))},
		field{"steady", value(d, &l.Steady, below(readShare))},
	)
}

func (d *decoder) instruments(n *yaml.Node, s *Scenario) {
	d.mapping(n, "instruments",
		field{"pprof", d.boolean(&s.Profile)},
		field{"observe", value(d, &s.Observe.Mode, oneOf("observe", "none", "auto"))},
		field{"layers", many(d, &s.Observe.Layers, "layers", oneOf("layer", layers()...))},
		field{"plants", d.boolean(&s.Observe.Plants)},
		field{"exact", func(n *yaml.Node) { s.exactAt = at(n); value(d, &s.Exact, oneOf("exact", "none", "auto"))(n) }},
		field{"primitives", value(d, &s.Primitives, oneOf("primitives", "none", "auto"))},
	)
	if !s.Observe.On() && (len(s.Observe.Layers) > 0 || s.Observe.Plants) {
		d.add(at(n), "add observe: auto", "nothing is observed, so there are no layers and no plants")
	}
}
