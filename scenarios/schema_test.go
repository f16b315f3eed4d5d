package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.yaml.in/yaml/v4"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/rotation"
)

func compiled(t *testing.T) *jsonschema.Schema {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(Schema()))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("scenario.json", document); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("scenario.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// asJSON is a YAML file as an editor hands it to the schema.
func asJSON(t *testing.T, text []byte) any {
	t.Helper()
	var v any
	if err := yaml.Load(text, &v); err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	v, err = jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestSchemaAccepts(t *testing.T) {
	schema := compiled(t)
	texts := map[string][]byte{"short": []byte(valid), "experiments": []byte("experiments: all")}
	for _, name := range Names() {
		text, err := files.ReadFile(name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = text
	}
	full, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	texts["full"] = full
	for name, text := range texts {
		if err := schema.Validate(asJSON(t, text)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// withGate is a valid file with a gate.
const withGate = valid + "gates: [{metric: server_cpu}]\n"

// withReload is a valid file whose certificates may change.
const withReload = valid + "server: {reload: {strategy: reference}}\n"

func TestSchemaRejects(t *testing.T) {
	schema := compiled(t)
	for _, text := range []string{
		"{}",
		"variants: []\nload: {}",
		"variants: {name: a}\nload: {}",
		"variants: [{build: {}}]\nload: {}",
		"variants: [{name: a b}]\nload: {}",
		"variants: [{name: a, external: nginx}]\nload: {}",
		"variants: [{name: a, build: {backend: openssl}}]\nload: {}",
		"variants: [{name: a, build: {toolchain: 1.26}}]\nload: {}",
		"variants: [{name: a, build: {gofips140: v1}}]\nload: {}",
		"variants: [{name: a, env: {GOAMD64: v3}}]\nload: {}",
		"variants: [{name: a, env: {GOGC: [1]}}]\nload: {}",
		"variants: [{name: a, source: {path: x, ref: y}}]\nload: {}",
		"variants: [{name: a}]\nload: []",
		"variants: [{name: a}]\nload: {length: 5}",
		"variants: [{name: a}]\nload: {rps: 5}",
		"variants: [{name: a}]\nload: {workers: [1, 1]}",
		"variants: [{name: a}]\nload: {workers: 0}",
		"variants: [{name: a}]\nload: {loop: open, phases: [{rate: 1/s}]}",
		"variants: [{name: a}]\nload: {arrival: {rate: 5}}",
		valid + "version: 2",
		valid + "cells: {curve: X25519}",
		valid + "cells: {group: [x25519]}",
		valid + "cells: {kind: []}",
		valid + "cells: {mutual: 'true'}",
		valid + "cells: {exclude: [{}]}",
		valid + "cells: {max: 0}",
		valid + "server: {gomaxprocs: 0}",
		valid + "server: {tickets: {enabled: 'yes'}}",
		valid + "server: {cpus: a}",
		valid + "client: {close: reset}",
		valid + "blocks: {groups: '6'}",
		valid + "blocks: {warmup: 2}",
		valid + "guards: {steal: 2%}",
		valid + "guards: {lateness: '< 1ms'}",
		valid + "gates: [{worse: 2%}]",
		valid + "gates: [{metric: cpu}]",
		valid + "gates: [{metric: server_cpu, worse: 2}]",
		valid + "vars: {a: [1]}",
		valid + "server: {plant: {count: 1}}",
		valid + "server: {plant: {work: bern, count: 1}}",
		"variants: [{name: a, build: {layout: 0}}]\nload: {}",
		"variants: [{name: a, build: {experiment: boringcrypto}}]\nload: {}",
		valid + "server: {reload: {strategy: notify}}",
		valid + "server: {reload: {strategy: reference, interval: 5}}",
		valid + "disturb: []",
		withReload + "disturb: {rotate: {every: 100ms}}",
		withReload + "disturb: [{}]",
		withReload + "disturb: [{rotate: {by: rename}}]",
		withReload + "disturb: [{rotate: {every: 100ms, by: copy}}]",
		withReload + "disturb: [{rotate: {every: 100ms}, at: 10ms}]",
		withReload + "disturb: [{rotate: {every: 100ms}, inject: rename, at: 10ms}]",
		withReload + "disturb: [{inject: rename}]",
		withReload + "disturb: [{inject: renames, at: 10ms}]",
		withReload + "scorecard: {injections: some}",
		withReload + "scorecard: {injections: []}",
		withReload + "scorecard: {rotations: -1}",
		withReload + "scorecard: {crash: 'yes'}",
		withReload + "scorecard: {at_once: 0}",
		valid + "blocks: {groups: {min: 1, max: 2}}",
		valid + "blocks: {groups: {looks: []}}",
		valid + "blocks: {groups: {looks: [1, 1]}}",
		valid + "blocks: {null_control: maybe}",
		valid + "blocks: {confirm: 'yes'}",
		valid + "instruments: {exact: all}",
		valid + "instruments: {primitives: 10}",
		valid + "objectives: [{expected: x}]",
		valid + "objectives: [5]",
		valid + "server: {app: web}",
		valid + "server: {app: gateway, gateway: {config: dynamic}}",
		valid + "server: {app: gateway, gateway: {prefer: health, health: []}}",
		valid + "server: {app: gateway, gateway: {prefer: health, health: [{protocol: h2}]}}",
		valid + "server: {app: gateway, gateway: {handshakes: 0}}",
		valid + "server: {app: spiffegrpc, spiffe: {ttl: 5}}",
		valid + "server: {app: spiffegrpc, spiffe: {resumption: on}}",
		valid + "server: {app: spiffegrpc, spiffe: {peer: 'spiffe://other.example/server'}}",
		valid + "client: {dialer: thin}",
		"variants: [{name: a, offer: []}]\nload: {}",
		"variants: [{name: a, offer: none}]\nload: {}",
		valid + "experiments: [pull]",
		valid + "experiments: []",
		"experiments: all\nload: {}",
		"experiments: all\ncells: {kind: full}",
		"claims: [{claim: a, untestable: b}]",
		valid + "claims: []",
		valid + "claims: [{claim: a}]",
		valid + "claims: [{untestable: b}]",
		valid + "claims: [{claim: a, untestable: b, expect: fails}]",
		valid + "claims: [{claim: a, value: {metric: server_cpu, variant: std}}]",
		valid + "claims: [{claim: a, value: {metric: server_cpu, variant: std}, holds: 5 ms}]",
		valid + "claims: [{claim: a, value: {metric: server_cpus, variant: std}, holds: < 5 ms}]",
		valid + "claims: [{claim: a, value: {metric: server_cpu}, holds: < 5 ms}]",
		valid + "claims: [{claim: a, ratio: {metric: server_cpu, variant: two}, value: {metric: server_cpu, variant: two}, holds: < 5 ms}]",
		valid + "claims: [{claim: a, ratio: {metric: server_cpu, variant: two, cell: {kind: half}}, holds: < 5}]",
		valid + "experiments: push\nclaims: [{claim: a, experiment: {name: push, arm: agent}, holds: == 0}]",
		valid + "experiments: push\nclaims: [{claim: a, experiment: {name: push, arm: agent, measure: rpcs}, holds: == 0, expect: maybe}]",
		withGate + "expected_regressions: [{gate: server_cpu, until: 2026-12-31}]",
		withGate + "expected_regressions: [{gate: server_cpu, until: soon, because: why}]",
		withGate + "expected_regressions: [{gate: server_cpu, until: 2026-12-31, because: why, cell: {kind: half}}]",
	} {
		if _, err := Parse("f", []byte(text)); err == nil {
			t.Errorf("Parse accepts\n%s", text)
		}
		if schema.Validate(asJSON(t, []byte(text))) == nil {
			t.Errorf("the schema accepts\n%s", text)
		}
	}
}

// TestKeys asks the parser which keys each mapping of testdata/full.yaml may have, by adding one that it cannot know
// and reading the hint, and the schema for the same. Together they must name every mapping of the schema.
func TestKeys(t *testing.T) {
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	(&reference{root: &root}).keys("", &root, want)

	var document yaml.Node
	if err := yaml.Load(text, &document); err != nil {
		t.Fatal(err)
	}
	got := map[string][]string{}
	eachMapping("", document.Content[0], func(path string, m *yaml.Node) {
		if path != ".vars" && path != ".variants.env" { // whose keys are the author's
			got[path] = append(got[path], allowedKeys(t, &document, m)...)
		}
	})
	for path := range got {
		slices.Sort(got[path])
		got[path] = slices.Compact(got[path])
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(got[path], want[path]) {
			t.Errorf("%s: the parser knows %q, the schema %q", path, got[path], want[path])
		}
	}
	if len(got) != len(want) {
		t.Errorf("the parser knows %d mappings, the schema %d", len(got), len(want))
	}
}

// keys lists the keys of a mapping and of all mappings within it, by path.
func (r *reference) keys(path string, n *node, into map[string][]string) {
	for _, p := range n.Properties {
		into[path] = append(into[path], p.name)
		if p.Description == "" {
			into[path] = append(into[path], p.name+" has no description")
		}
		if inner, _ := r.mapping(p.node); inner != nil {
			r.keys(path+"."+p.name, inner, into)
		}
	}
	slices.Sort(into[path])
}

func eachMapping(path string, n *yaml.Node, visit func(string, *yaml.Node)) {
	switch n.Kind {
	case yaml.MappingNode:
		visit(path, n)
		for i := 0; i+1 < len(n.Content); i += 2 {
			eachMapping(path+"."+n.Content[i].Value, n.Content[i+1], visit)
		}
	case yaml.SequenceNode:
		for _, member := range n.Content {
			eachMapping(path, member, visit)
		}
	}
}

// allowedKeys adds an unknown key to one mapping of the document and reads which are allowed there.
func allowedKeys(t *testing.T, document, m *yaml.Node) []string {
	t.Helper()
	content := m.Content
	defer func() { m.Content = content }()
	m.Content = append(slices.Clone(content),
		&yaml.Node{Kind: yaml.ScalarNode, Value: "qqqqqqqq", Line: 1, Column: 1}, &yaml.Node{Kind: yaml.ScalarNode, Value: "1"})
	d := &decoder{problems: &problems{file: "f"}, vars: map[string]string{}}
	d.scenario(document.Content[0])
	for _, p := range d.found {
		if keys, ok := strings.CutPrefix(p.Hint, "allowed here: "); ok && strings.Contains(p.Message, "qqqqqqqq") {
			return strings.Split(keys, ", ")
		}
	}
	t.Fatalf("no unknown key in %v", d.found)
	return nil
}

// TestSchemaDefaults checks the defaults in the schema against those that the parser fills in.
func TestSchemaDefaults(t *testing.T) {
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	s, err := Parse("f", []byte(valid))
	if err != nil {
		t.Fatal(err)
	}
	for _, setting := range s.Defaults() {
		n := (&reference{root: &root}).property(strings.Split(setting.Key, "."))
		if n == nil {
			t.Errorf("the schema has no %s", setting.Key)
		} else if n.Default != nil && fmt.Sprint(n.Default) != setting.Value {
			t.Errorf("%s: the schema's default is %v, the parser's %s", setting.Key, n.Default, setting.Value)
		} else if n.Default == nil && !strings.Contains(n.Description, "Left out") {
			t.Errorf("%s: the schema does not say its default", setting.Key)
		}
	}
}

func (r *reference) property(path []string) *node {
	n := r.root
	for i, name := range path {
		at := slices.IndexFunc(n.Properties, func(p property) bool { return p.name == name })
		if at < 0 {
			return nil
		}
		n = n.Properties[at].node
		if i < len(path)-1 {
			n, _ = r.mapping(n)
		}
	}
	return n
}

// TestSchemaWords checks the lists of words in the schema against the vocabulary that they repeat.
func TestSchemaWords(t *testing.T) {
	var root node
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	r := &reference{root: &root}
	gates, _ := r.mapping(r.property([]string{"gates"}))
	for _, tt := range []struct {
		key  string
		node *node
		want []string
	}{
		{"kind", r.property([]string{"cells", "kind"}), handshake.KindNames()},
		{"group", r.property([]string{"cells", "group"}), handshake.GroupNames()},
		{"signature", r.property([]string{"cells", "signature"}), handshake.SignatureNames()},
		{"suite", r.property([]string{"cells", "suite"}), handshake.SuiteNames()},
		{"metric", gates.Properties[0].node, metricNames()},
		{"strategy", r.property([]string{"server", "reload", "strategy"}), reload.Names()},
		{"by", r.property([]string{"disturb", "rotate", "by"}), words(rotation.Methods())},
		{"inject", root.Definitions["injection"], injections()},
		{"app", r.property([]string{"server", "app"}), apps()},
		{"dialer", r.property([]string{"client", "dialer"}), dialers()},
		{"experiment", root.Definitions["experiment"], experimentNames()},
		{"series", root.Definitions["series"].Properties[0].node, timedNames()},
	} {
		want := "`" + strings.Join(tt.want, "`, `") + "`"
		if got := r.values(tt.node); got != want {
			t.Errorf("%s: the schema allows %s, want %s", tt.key, got, want)
		}
	}
}

func words[T ~string](all []T) (words []string) {
	for _, v := range all {
		words = append(words, string(v))
	}
	return words
}

// What the CPU detection can say must be what a scenario can require.
func TestFeatureWords(t *testing.T) {
	for _, word := range accel.Detect().Features {
		if !slices.Contains(cpuFeatures(), word) {
			t.Errorf("a scenario cannot require %s", word)
		}
	}
}
