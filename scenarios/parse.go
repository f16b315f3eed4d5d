package scenarios

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"
)

// Bounds on what a file can make the parser do; sensible ones stay far below. Aliases and variables multiply what
// stands in a file, so its size alone bounds too little.
const (
	mostBytes    = 1 << 20
	mostEntries  = 100  // of one list
	mostExpanded = 4096 // bytes of a value with variables
	mostFound    = 1000 // problems after which a mapping is not read further
)

// Parse reads a scenario. The file's name is used in messages only. The error is an [*Errors] with every mistake
// of the file.
//
// Reading is strict: unknown keys, keys given twice, values without their unit, rules that match nothing and
// settings that contradict each other are all mistakes. What depends on the machine is judged by [Scenario.Plan].
func Parse(file string, text []byte) (*Scenario, error) {
	p := &problems{file: file}
	root := load(p, text)
	if root == nil {
		return nil, p.err()
	}
	d := &decoder{problems: p, vars: map[string]string{}}
	s := d.scenario(root)
	s.File, s.Text = file, string(text)
	return result(s, p.err())
}

func result(s *Scenario, err error) (*Scenario, error) {
	if err != nil {
		return nil, err
	}
	return s, nil
}

// load turns bytes into the one document's root, or reports why there is none.
func load(p *problems, text []byte) *yaml.Node {
	if len(text) > mostBytes {
		p.add(position{1, 1}, "", "the file has %d bytes, more than the %d that a scenario may have", len(text), mostBytes)
		return nil
	}
	if i := invalidUTF8(text); i >= 0 {
		p.add(positionOf(text, i), "save the file as UTF-8", "byte 0x%02x is not UTF-8", text[i])
		return nil
	}
	document, second, err := documents(text)
	switch {
	case errors.Is(err, io.EOF):
		p.add(position{1, 1}, `a scenario needs at least "variants" and "load"`, "the file is empty")
	case err != nil:
		at, message := syntax(text, err)
		p.add(at, tabHint(message), "not YAML: %s", message)
	case second != nil:
		p.add(at(second), "keep one scenario per file", "a second document begins here")
	default:
		return document.Content[0]
	}
	return nil
}

// documents reads the first document, and the second if there is one.
func documents(text []byte) (first, second *yaml.Node, err error) {
	loader, err := yaml.NewLoader(bytes.NewReader(text), yaml.WithUniqueKeys(false))
	if err != nil {
		return nil, nil, err
	}
	first = new(yaml.Node)
	if err := loader.Load(first); err != nil {
		return nil, nil, err
	}
	if len(first.Content) == 0 {
		return nil, nil, io.EOF
	}
	second = new(yaml.Node)
	if err := loader.Load(second); errors.Is(err, io.EOF) {
		return first, nil, nil
	} else if err != nil {
		return nil, nil, err
	}
	return first, second, nil
}

// syntax takes position and reason out of an error of the YAML library.
func syntax(text []byte, err error) (position, string) {
	var e *yaml.LoadError
	if !errors.As(err, &e) {
		return position{1, 1}, strings.TrimPrefix(err.Error(), "yaml: ")
	}
	where := position{e.Mark.Line, e.Mark.Column}
	if where.line == 0 {
		where = positionOf(text, e.Mark.Index)
	}
	if e.ContextMsg != "" {
		return where, e.Message + " " + e.ContextMsg
	}
	return where, e.Message
}

func invalidUTF8(text []byte) int {
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if r == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return -1
}

func positionOf(text []byte, index int) position {
	before := text[:min(max(index, 0), len(text))]
	start := bytes.LastIndexByte(before, '\n') + 1
	return position{bytes.Count(before, []byte("\n")) + 1, utf8.RuneCount(before[start:]) + 1}
}

func at(n *yaml.Node) position { return position{n.Line, n.Column} }

// decoder turns nodes into values and collects what is wrong with them. It never recurses further than the format
// is deep, so neither nesting nor aliases can exhaust it.
type decoder struct {
	*problems
	vars map[string]string
}

// field is one key that a mapping may have, and what to do with its value.
type field struct {
	key    string
	decode func(*yaml.Node)
}

// mapping decodes n's entries in the order of fields, whatever their order in the file: what is decoded later may
// rely on what was decoded before. It says whether n is a mapping.
func (d *decoder) mapping(n *yaml.Node, what string, fields ...field) bool {
	n = resolve(n)
	if n.Kind != yaml.MappingNode {
		d.add(at(n), "", "%s must be a mapping, not %s", what, describe(n))
		return false
	}
	if tag := n.ShortTag(); tag != "!!map" {
		d.add(at(n), "leave the tag away", "unknown tag %s on %s", clip(tag), what)
	}
	values := d.entries(n, what, fields)
	for _, f := range fields {
		if value, ok := values[f.key]; ok {
			f.decode(value)
		}
	}
	return true
}

// entries checks the keys of a mapping and returns the values of those that are allowed.
func (d *decoder) entries(n *yaml.Node, what string, fields []field) map[string]*yaml.Node {
	values := map[string]*yaml.Node{}
	for i := 0; i+1 < len(n.Content) && len(d.found) < mostFound; i += 2 {
		key, value := resolve(n.Content[i]), resolve(n.Content[i+1])
		switch known := slices.ContainsFunc(fields, func(f field) bool { return f.key == key.Value }); {
		case key.Kind != yaml.ScalarNode:
			d.add(at(key), "", "a key of %s must be a word, not %s", what, describe(key))
		case !known:
			d.add(at(key), d.keyHint(key.Value, fields), "unknown key %q in %s", key.Value, what)
		case values[key.Value] != nil:
			d.add(at(key), "", "key %q is given twice in %s", key.Value, what)
		case value.ShortTag() == "!!null":
			d.add(at(key), "leave the key out for its default", "key %q in %s has no value", key.Value, what)
		default:
			values[key.Value] = value
		}
	}
	return values
}

// keyHint prefers the synonym that leads to a key of this mapping, then the nearest key, then any synonym.
func (d *decoder) keyHint(key string, fields []field) string {
	allowed := make([]string, len(fields))
	for i, f := range fields {
		allowed[i] = f.key
	}
	hint := synonym(key)
	for _, a := range allowed {
		if strings.Contains(hint, fmt.Sprintf("%q", a)) {
			return hint
		}
	}
	if hint != "" && nearest(key, allowed) == "" {
		return hint
	}
	return didYouMean(key, allowed)
}

// resolve follows an alias to what it stands for.
func resolve(n *yaml.Node) *yaml.Node {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	return n
}

// describe names what a node is, for messages.
func describe(n *yaml.Node) string {
	switch {
	case n.Kind == yaml.MappingNode:
		return "a mapping"
	case n.Kind == yaml.SequenceNode:
		return "a list"
	case n.ShortTag() == "!!null":
		return "nothing"
	case n.ShortTag() == "!!int" || n.ShortTag() == "!!float":
		return "the number " + clip(n.Value)
	case n.ShortTag() == "!!bool":
		return n.Value
	}
	return fmt.Sprintf("%q", clip(n.Value))
}

// clip shortens what a message quotes.
func clip(s string) string {
	const most = 60
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "..."
}

// each decodes the members of a list; one value that is not a list counts as a list of one.
func (d *decoder) each(n *yaml.Node, what string, decode func(*yaml.Node)) {
	members := []*yaml.Node{n}
	if n.Kind == yaml.SequenceNode {
		members = n.Content
	}
	if len(members) == 0 {
		d.add(at(n), "add an entry, or leave the key out", "the list of %s is empty", what)
	}
	if len(members) > mostEntries {
		d.add(at(n), "", "the list of %s has %d entries, more than the %d allowed", what, len(members), mostEntries)
		return
	}
	for _, m := range members {
		if m = resolve(m); m.Kind == yaml.SequenceNode {
			d.add(at(m), "", "%s must be one list, not lists in a list", what)
			continue
		}
		decode(m)
	}
}

// list is each for members that must stand in a list.
func (d *decoder) list(n *yaml.Node, what string, decode func(*yaml.Node)) {
	if n.Kind != yaml.SequenceNode {
		d.add(at(n), `begin each entry with "- "`, "%s must be a list, not %s", what, describe(n))
		return
	}
	d.each(n, what, decode)
}

// expand replaces every ${name} by the variable's value.
func (d *decoder) expand(n *yaml.Node) (string, bool) {
	var out strings.Builder
	rest := n.Value
	for {
		before, after, found := strings.Cut(rest, "${")
		out.WriteString(before)
		if out.Len() > mostExpanded && len(rest) < len(n.Value) {
			d.add(at(n), "", "%q is longer than %d bytes with its variables", clip(n.Value), mostExpanded)
			return "", false
		}
		if !found {
			return out.String(), true
		}
		name, tail, closed := strings.Cut(after, "}")
		value, known := d.vars[name]
		if !closed {
			d.add(at(n), "write ${name}", "%q has a ${ without its }", clip(n.Value))
			return "", false
		}
		if !known {
			d.add(at(n), didYouMean(name, slices.Sorted(maps.Keys(d.vars))), "unknown variable %q", clip(name))
			return "", false
		}
		out.WriteString(value)
		rest = tail
	}
}

// tabHint is for the commonest slip, which no YAML reader explains.
func tabHint(message string) string {
	if strings.Contains(message, "cannot start any token") {
		return "indent with spaces, not tabs"
	}
	return ""
}
