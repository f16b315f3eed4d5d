package scenarios

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/handshake/variant"
)

// draft is a variant on its way from the file: one that extends another is decoded after it.
type draft struct {
	node    *yaml.Node
	name    string
	extends *yaml.Node // nil: none
	state   int        // one of the following
	variant Variant
}

const (
	waiting = iota
	decoding
	decoded
)

// variants decodes the list; each starts from the variant that it extends, or from the scenario's server settings.
func (d *decoder) variants(n *yaml.Node, base Server) []Variant {
	var drafts []*draft
	d.list(n, "variants", func(n *yaml.Node) {
		f := &draft{node: n, extends: under(n, "extends")}
		if name := under(n, "name"); name != nil {
			f.name = name.Value
		}
		drafts = append(drafts, f)
	})
	all := make([]Variant, 0, len(drafts))
	for _, draft := range drafts {
		d.finish(draft, drafts, base)
		all = append(all, draft.variant)
	}
	d.distinct(all)
	d.chooseBaseline(all)
	return all
}

// under is the value under a key of a mapping, or nil.
func under(n *yaml.Node, key string) *yaml.Node {
	if n.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if resolve(n.Content[i]).Value == key {
			return resolve(n.Content[i+1])
		}
	}
	return nil
}

// finish decodes a draft after the one that it extends.
func (d *decoder) finish(f *draft, drafts []*draft, base Server) {
	if f.state != waiting {
		return
	}
	f.state = decoding
	start := Variant{Server: base.clone()}
	if parent := d.parent(f, drafts); parent != nil {
		d.finish(parent, drafts, base)
		start = parent.variant.clone()
	}
	f.variant = d.variant(f.node, start)
	f.state = decoded
}

// parent is the variant that f extends, if it extends one that there is.
func (d *decoder) parent(f *draft, drafts []*draft) *draft {
	if f.extends == nil || f.extends.Kind != yaml.ScalarNode {
		return nil // none, or a mistake that is reported with the variant's other keys
	}
	name := f.extends.Value
	i := slices.IndexFunc(drafts, func(other *draft) bool { return other.name == name })
	switch {
	case i < 0:
		d.add(at(f.extends), didYouMean(name, draftNames(drafts)), "unknown variant %q", clip(name))
		return nil
	case drafts[i].state == decoding:
		d.add(at(f.extends), "", "variant %q extends itself", clip(name))
		return nil
	}
	return drafts[i]
}

func draftNames(drafts []*draft) []string {
	var all []string
	for _, f := range drafts {
		all = append(all, f.name)
	}
	return all
}

// clone is the variant as a start for another one.
func (v Variant) clone() Variant {
	v.Baseline = false
	v.Env = maps.Clone(v.Env)
	v.Build.Tags = slices.Clone(v.Build.Tags)
	v.Build.Experiment = slices.Clone(v.Build.Experiment)
	v.Requires = slices.Clone(v.Requires)
	v.Server = v.Server.clone()
	v.Disturb = slices.Clone(v.Disturb)
	v.Offer = slices.Clone(v.Offer)
	return v
}

func (s Server) clone() Server {
	s.ALPN = slices.Clone(s.ALPN)
	s.CPUs = slices.Clone(s.CPUs)
	s.Plant, s.Reload, s.SPIFFE = copied(s.Plant), copied(s.Reload), copied(s.SPIFFE)
	if s.Gateway = copied(s.Gateway); s.Gateway != nil {
		s.Gateway.Health = slices.Clone(s.Gateway.Health)
	}
	return s
}

func copied[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}

func (d *decoder) variant(n *yaml.Node, v Variant) Variant {
	v.Name = ""
	v.at, v.buildAt, v.godebugAt = at(n), at(n), at(n)
	var extends string
	before := len(d.found)
	d.mapping(n, "a variant",
		field{"name", value(d, &v.Name, readName)},
		field{"baseline", d.boolean(&v.Baseline)},
		field{"extends", d.text(&extends)},
		field{"build", func(n *yaml.Node) { v.buildAt = at(n); d.build(n, &v.Build) }},
		field{"env", func(n *yaml.Node) { d.env(n, &v) }},
		field{"server", func(n *yaml.Node) { d.ownServer(n, &v.Server) }},
		field{"disturb", func(n *yaml.Node) { d.disturbOwn(n, &v) }},
		field{"offer", func(n *yaml.Node) { v.offerAt = at(n); many(d, &v.Offer, "offer", readProtocol)(n) }},
		field{"source", func(n *yaml.Node) { d.source(n, &v.Build.Source) }},
		field{"requires", func(n *yaml.Node) { d.requires(n, &v.Requires) }},
	)
	if v.Name == "" && len(d.found) == before {
		d.add(at(n), "", `a variant needs a "name"`)
	}
	return v
}

// distinct reports names that two variants share.
func (d *decoder) distinct(all []Variant) {
	seen := map[string]bool{}
	for _, v := range all {
		if v.Name != "" && seen[v.Name] {
			d.add(v.at, "", "two variants are named %q", v.Name)
		}
		seen[v.Name] = true
	}
}

// chooseBaseline makes the first variant the baseline where none says that it is.
func (d *decoder) chooseBaseline(all []Variant) {
	chosen := slices.IndexFunc(all, func(v Variant) bool { return v.Baseline })
	if chosen < 0 && len(all) > 0 {
		all[0].Baseline = true
		return
	}
	for i := range all {
		if all[i].Baseline && i != chosen {
			d.add(all[i].at, "every ratio is candidate/baseline, so there is one", "%q and %q are both the baseline",
				all[chosen].Name, all[i].Name)
			all[i].Baseline = false
		}
	}
}

func (d *decoder) build(n *yaml.Node, b *variant.Build) {
	d.mapping(n, "build",
		field{"toolchain", value(d, &b.Toolchain, readToolchain)},
		field{"backend", value(d, &b.Backend, oneOf("backend", variant.Std, variant.BoringCrypto, variant.FIPS140))},
		field{"gofips140", value(d, &b.GOFIPS140, readGOFIPS140)},
		field{"goamd64", value(d, &b.GOAMD64, oneOf("goamd64", "v1", "v2", "v3", "v4"))},
		field{"pgo", d.path(&b.PGO)},
		field{"tags", many(d, &b.Tags, "tags", readTag)},
		field{"experiment", many(d, &b.Experiment, "experiment", readExperiment)},
		field{"layout", typed(d, &b.Layout, "a whole number", []string{"!!int"}, readLayout)},
	)
}

// source decodes another tree of the server's sources, in place of one that was inherited.
func (d *decoder) source(n *yaml.Node, s *variant.Source) {
	*s = variant.Source{}
	d.mapping(n, "source",
		field{"path", d.path(&s.Path)},
		field{"ref", value(d, &s.Ref, readRef)},
	)
	if s.Path != "" && s.Ref != "" {
		d.add(at(n), "", `a source is a "path" or a "ref", not both`)
	}
}

func (d *decoder) path(into *string) func(*yaml.Node) {
	return typed(d, into, wantText, []string{"!!str"}, func(s string) (string, error) {
		if strings.TrimSpace(s) == "" || strings.HasPrefix(s, "-") || strings.ContainsRune(s, 0) {
			return "", wrong("", "%q is no path", clip(s))
		}
		return s, nil
	})
}

func (d *decoder) requires(n *yaml.Node, cpu *[]string) {
	d.mapping(n, "requires", field{"cpu", many(d, cpu, "cpu", readFeature)})
}

// env decodes environment variables. Those that the lab sets itself are refused: two places would contradict.
func (d *decoder) env(n *yaml.Node, v *Variant) {
	if n.Kind != yaml.MappingNode {
		d.add(at(n), "", "env must be a mapping, not %s", describe(n))
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, text := resolve(n.Content[i]), resolve(n.Content[i+1])
		switch owner := ownedEnv(key.Value); {
		case key.Kind != yaml.ScalarNode || !envShape.MatchString(key.Value):
			d.add(at(key), "", "%s is no environment variable", describe(key))
		case seen[key.Value]:
			d.add(at(key), "", "key %q is given twice in env", key.Value)
		case owner != "":
			d.add(at(key), owner, "%s may not be set in env", key.Value)
		default:
			seen[key.Value] = true
			d.envValue(key.Value, text, v)
		}
	}
}

func (d *decoder) envValue(key string, n *yaml.Node, v *Variant) {
	text, ok := d.scalar(n)
	if !ok {
		return
	}
	if strings.ContainsRune(text, 0) {
		d.add(at(n), "", "an environment variable cannot hold a zero byte")
		return
	}
	if key == "GODEBUG" {
		v.godebugAt = at(n)
	}
	if v.Env == nil {
		v.Env = map[string]string{}
	}
	v.Env[key] = text
}

// ownedEnv says where a variable that the lab sets itself is set instead, or "".
func ownedEnv(key string) string {
	switch key {
	case "GOTOOLCHAIN":
		return "set build.toolchain"
	case "GOEXPERIMENT":
		return "set build.experiment, or build.backend: boringcrypto"
	case "GOFIPS140":
		return "set build.gofips140"
	case "GOAMD64":
		return "set build.goamd64"
	case "GOMAXPROCS":
		return "set server.gomaxprocs"
	case "CGO_ENABLED", "GOFLAGS", "GOOS", "GOARCH", "GOROOT", "GOCACHE":
		return "it would change the build behind the lab's back"
	}
	return ""
}

var (
	envShape        = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,127}$`)
	toolchainShape  = regexp.MustCompile(`^go1\.[0-9]{1,3}(\.[0-9]{1,3}|rc[0-9]{1,2}|beta[0-9]{1,2})?$`)
	moduleShape     = regexp.MustCompile(`^v[0-9]+\.[0-9]+\.[0-9]+(-[0-9a-f]{8})?$`)
	tagShape        = regexp.MustCompile(`^[A-Za-z0-9_.]{1,64}$`)
	experimentShape = regexp.MustCompile(`^[a-z0-9]{1,64}$`)
	refShape        = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._/@{}^~-]{0,199}$`)
	protocolShape   = regexp.MustCompile(`^[!-~]{1,255}$`)
	idShape         = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)
)

func readToolchain(s string) (string, error) {
	if !toolchainShape.MatchString(s) {
		hint := "go1.26.8"
		if toolchainShape.MatchString("go" + s) {
			hint = "go" + s
		}
		return "", wrong("write \""+hint+"\"", "%q is no Go toolchain", clip(s))
	}
	return s, nil
}

func readGOFIPS140(s string) (string, error) {
	words := []string{"latest", "certified", "inprocess"}
	if s == "off" {
		return "", wrong("leave gofips140 out, or set backend: std", "gofips140 off is the std backend")
	}
	if !slices.Contains(words, s) && !moduleShape.MatchString(s) {
		return "", wrong(didYouMean(s, append(words, "v1.0.0")), "unknown gofips140 %q", clip(s))
	}
	return s, nil
}

// mostLayout is the largest seed of a linker's order that the lab gives or takes.
const mostLayout = 1 << 31

func readLayout(s string) (uint64, error) {
	v, err := readSeed(s)
	if err == nil && (v < 1 || v > mostLayout) {
		return 0, wrong("", "%d is out of range: want 1 to %d", v, uint64(mostLayout))
	}
	return v, err
}

func readTag(s string) (string, error) {
	if !tagShape.MatchString(s) {
		return "", wrong("", "%q is no build tag", clip(s))
	}
	return s, nil
}

// readExperiment reads a word of GOEXPERIMENT.
func readExperiment(s string) (string, error) {
	switch {
	case s == string(variant.BoringCrypto):
		return "", wrong("set build.backend: boringcrypto", "the experiment %s is a backend", s)
	case !experimentShape.MatchString(s):
		return "", wrong(`write it as in GOEXPERIMENT: "runtimesecret"`, "%q is no experiment of a toolchain", clip(s))
	}
	return s, nil
}

func readRef(s string) (string, error) {
	if !refShape.MatchString(s) {
		return "", wrong("", "%q is no git ref", clip(s))
	}
	return s, nil
}

// readProtocol reads an ALPN protocol name that a server offers.
func readProtocol(s string) (string, error) {
	if !protocolShape.MatchString(s) || s == "none" {
		return "", wrong(`name protocols as in "h2" and "http/1.1"`, "%q is no ALPN protocol", clip(s))
	}
	return s, nil
}
