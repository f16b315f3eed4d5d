package scenarios

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

const referenceHead = `# Scenarios

A scenario says what to measure. It needs variants and a load, or experiments; ` + "`tlslab plan FILE`" + ` prints
everything else.

` + "```yaml" + `
variants:
  - name: std
  - {name: fips140, build: {backend: fips140}}
load: {length: 1s}
` + "```" + `

The first line of a file can tell an editor where the schema is; ` + "`tlslab schema`" + ` prints it:

` + "```yaml" + `
# yaml-language-server: $schema=scenario.v1.schema.json
` + "```" + `

Reading is strict. An unknown key, a value without its unit, a rule that matches nothing: each is an error with its
line and column, and all are reported at once. A variant or cell that cannot run on a machine is skipped with its
reason, never replaced by something similar.

This page is written from the schema: ` + "`go test ./scenarios -run TestReference -update`" + `.

## Scenarios that come with the tool

`

// WriteReference writes the reference of the format, in Markdown: what README.md beside this file holds.
func WriteReference(w io.Writer) error {
	var root node
	if err := json.Unmarshal(schema, &root); err != nil {
		return fmt.Errorf("scenario schema: %w", err)
	}
	r := &reference{root: &root, written: map[string]string{}}
	r.WriteString(referenceHead)
	r.WriteString("| name | question |\n|---|---|\n")
	for _, info := range Builtin() {
		fmt.Fprintf(r, "| [%s](%s.yaml) | %s |\n", info.Name, info.Name, cell(info.Doc))
	}
	r.section("the file", &root)
	_, err := r.WriteTo(w)
	return err
}

// node is a JSON Schema as far as the reference needs it.
type node struct {
	Ref         string           `json:"$ref"`
	Description string           `json:"description"`
	Default     any              `json:"default"`
	Const       any              `json:"const"`
	Enum        []any            `json:"enum"`
	AllOf       []*node          `json:"allOf"`
	AnyOf       []*node          `json:"anyOf"`
	Items       *node            `json:"items"`
	Properties  properties       `json:"properties"`
	Required    []string         `json:"required"`
	Definitions map[string]*node `json:"definitions"`
}

// properties are a schema's properties in their order, which a Go map would lose.
type properties []property

type property struct {
	name string
	*node
}

// UnmarshalJSON keeps the order of the object's keys.
func (p *properties) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	if _, err := d.Token(); err != nil { // the opening brace
		return err
	}
	for d.More() {
		name, err := d.Token()
		if err != nil {
			return err
		}
		one := property{fmt.Sprint(name), &node{}}
		if err := d.Decode(one.node); err != nil {
			return err
		}
		*p = append(*p, one)
	}
	return nil
}

type reference struct {
	bytes.Buffer
	root    *node
	written map[string]string // $ref -> title of the section that explains it
}

// section writes a table of a mapping's keys, then the mappings within it.
func (r *reference) section(title string, n *node) {
	fmt.Fprintf(r, "\n## %s\n\n", title)
	r.WriteString("| key | means | values | default |\n|---|---|---|---|\n")
	for _, p := range n.Properties {
		name := "`" + p.name + "`"
		if slices.Contains(n.Required, p.name) {
			name += " (required)"
		}
		fmt.Fprintf(r, "| %s | %s | %s | %s |\n", name, cell(p.Description), r.values(p.node), defaultWords(p.node))
	}
	for _, p := range n.Properties {
		inner, ref := r.mapping(p.node)
		if inner == nil {
			continue
		}
		path := strings.TrimPrefix(title+"."+p.name, "the file.")
		if earlier, ok := r.written[ref]; ok {
			fmt.Fprintf(r, "\n## %s\n\nThe same keys as in %s.\n", path, earlier)
			continue
		}
		if ref != "" {
			r.written[ref] = "`" + path + "`"
		}
		r.section(path, inner)
	}
}

// mapping finds the mapping that a property's value is, or is a list of, and the definition that it stands in.
func (r *reference) mapping(n *node) (inner *node, ref string) {
	if name, ok := strings.CutPrefix(n.Ref, "#/definitions/"); ok {
		inner, _ := r.mapping(r.root.Definitions[name])
		return inner, n.Ref
	}
	if len(n.Properties) > 0 {
		return n, ""
	}
	for _, part := range n.parts() {
		if inner, ref := r.mapping(part); inner != nil {
			return inner, ref
		}
	}
	return nil, ""
}

func (n *node) parts() []*node {
	parts := slices.Concat(n.AllOf, n.AnyOf)
	if n.Items != nil {
		parts = append(parts, n.Items)
	}
	return parts
}

// values lists the words that a property may have, or nothing where they cannot be listed.
func (r *reference) values(n *node) string {
	words := n.Enum
	if n.Const != nil {
		words = []any{n.Const}
	}
	if len(words) == 0 {
		for _, part := range n.parts() {
			if v := r.values(part); v != "" {
				return v
			}
		}
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = fmt.Sprintf("`%v`", w)
	}
	return strings.Join(quoted, ", ")
}

func defaultWords(n *node) string {
	if n.Default == nil {
		return ""
	}
	return fmt.Sprintf("`%v`", n.Default)
}

// cell keeps text within one cell of a Markdown table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}
