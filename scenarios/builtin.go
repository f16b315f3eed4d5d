package scenarios

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed *.yaml
var files embed.FS

// Info is a scenario that comes with the tool.
type Info struct {
	Name string `json:"name"`
	Doc  string `json:"doc"`
}

// Names lists the scenarios that come with the tool, sorted.
func Names() []string {
	matches, err := fs.Glob(files, "*.yaml")
	if err != nil {
		panic(err) // the pattern is constant
	}
	for i, m := range matches {
		matches[i] = strings.TrimSuffix(m, path.Ext(m))
	}
	return matches
}

// Builtin describes the scenarios that come with the tool, sorted by name.
func Builtin() []Info {
	var all []Info
	for _, name := range Names() {
		s, err := Load(name)
		if err != nil {
			panic(err) // the files are part of the program, and a test parses them all
		}
		all = append(all, Info{Name: s.Name, Doc: s.Doc})
	}
	return all
}

// Load parses a scenario that comes with the tool. An unknown name is an [fs.ErrNotExist].
func Load(name string) (*Scenario, error) {
	text, err := files.ReadFile(name + ".yaml")
	if err != nil {
		return nil, fmt.Errorf("no scenario %q comes with the tool (%s): %w", name, didYouMean(name, Names()), fs.ErrNotExist)
	}
	return Parse(name+".yaml", text)
}
