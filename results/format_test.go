package results

import (
	"encoding"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/hist"
)

// FORMAT.md has a table for each type of the bundle; its rows are the type's JSON keys, no more and no fewer.
func TestFormatNamesEveryKey(t *testing.T) {
	want := map[string][]string{}
	collect(want, reflect.TypeFor[Manifest]())
	collect(want, reflect.TypeFor[Block]())
	collect(want, reflect.TypeFor[account.Account]())
	collect(want, reflect.TypeFor[account.Handshake]())
	collect(want, reflect.TypeFor[exact.Counts]())
	collect(want, reflect.TypeFor[Primitives]())
	collect(want, reflect.TypeFor[Scorecard]())
	collect(want, reflect.TypeFor[Experiments]())
	want["Histogram"] = histogramKeys(t)
	got := documented(t)
	for name, keys := range want {
		slices.Sort(keys)
		if !slices.Equal(got[name], keys) {
			t.Errorf("FORMAT.md, ### %s: got keys %v, want %v", name, got[name], keys)
		}
	}
	for name := range maps.Keys(got) {
		if _, ok := want[name]; !ok {
			t.Errorf("FORMAT.md describes %s, which is not in a bundle", name)
		}
	}
}

// collect adds the keys of all structs that are reached from t, by the name of the type.
func collect(keys map[string][]string, t reflect.Type) {
	switch {
	case t.Implements(reflect.TypeFor[json.Marshaler]()), t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return
	case t.Kind() == reflect.Pointer, t.Kind() == reflect.Slice, t.Kind() == reflect.Map:
		collect(keys, t.Elem())
		return
	case t.Kind() != reflect.Struct || keys[titleOf(t)] != nil:
		return
	}
	name := titleOf(t)
	keys[name] = []string{}
	for i := range t.NumField() {
		key, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if key == "-" || !t.Field(i).IsExported() || t.Field(i).Anonymous {
			continue
		}
		keys[name] = append(keys[name], key)
		collect(keys, t.Field(i).Type)
	}
}

// titleOf is the title of a type's section: its name, but for one of two that share theirs.
func titleOf(t reflect.Type) string {
	if t == reflect.TypeFor[experiment.Result]() {
		return "ExperimentResult"
	}
	return t.Name()
}

func histogramKeys(t *testing.T) []string {
	var h hist.Histogram
	h.Record(1)
	var object map[string]any
	if err := json.Unmarshal(must[[]byte](t)(json.Marshal(h)), &object); err != nil {
		t.Fatal(err)
	}
	return slices.Collect(maps.Keys(object))
}

var row = regexp.MustCompile("(?m)^\\| `([a-z0-9_]+)` \\|")

// documented is the keys of each section of FORMAT.md that has a table of keys, sorted.
func documented(t *testing.T) map[string][]string {
	text := string(must[[]byte](t)(os.ReadFile("FORMAT.md")))
	found := map[string][]string{}
	for _, section := range strings.Split(text, "\n### ")[1:] {
		name, body, _ := strings.Cut(section, "\n")
		body, _, _ = strings.Cut(body, "\n## ")
		for _, m := range row.FindAllStringSubmatch(body, -1) {
			found[name] = append(found[name], m[1])
		}
		slices.Sort(found[name])
	}
	return found
}

func TestFormatNamesTheSchema(t *testing.T) {
	text := string(must[[]byte](t)(os.ReadFile("FORMAT.md")))
	for _, name := range []string{manifestName, draftName, reportName, blockDir, profileDir, observedDir, exactName, primitivesName, scorecardName, experimentsName, fmt.Sprintf("schema %d", Schema)} {
		if !strings.Contains(text, name) {
			t.Errorf("FORMAT.md does not name %s", name)
		}
	}
}
