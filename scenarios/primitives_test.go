package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/tlslab/tlslab/results/analysis/effect"
)

func TestPrimitiveGroups(t *testing.T) {
	const cell = "\nblocks: {groups: 1, warmup: 1s, null_control: \"off\"}\nload: {length: 1s}\n"
	for _, tt := range []struct {
		variants string
		groups   int
		says     string
	}{
		{"[{name: a}]", 6, "6 groups: about 3s\n"},
		{"[{name: a}, {name: b}]", 11, "11 groups: about 11s\n"},
		{"[{name: a}, {name: b}, {name: c}]", 12, "12 groups: about 18s\n"},
	} {
		without := planned(t, "variants: "+tt.variants+cell, linux())
		p := planned(t, "variants: "+tt.variants+cell+"instruments: {primitives: auto}", linux())
		if got := p.PrimitiveGroups(); got != tt.groups || without.Primitives || !p.Primitives {
			t.Errorf("%s: got %d groups, want %d; %v, then %v", tt.variants, got, tt.groups, without.Primitives, p.Primitives)
		}
		if got, want := p.Estimate()-without.Estimate(), time.Duration(tt.groups*len(p.Variants))*500*time.Millisecond; got != want {
			t.Errorf("%s: got %s more, want %s", tt.variants, got, want)
		}
		var out strings.Builder
		if err := p.Describe(&out); err != nil || !strings.Contains(out.String(), "timed alone in "+tt.says) {
			t.Errorf("%v, no %q in\n%s", err, tt.says, out.String())
		}
		if strings.Contains(out.String(), "instruments.primitives") {
			t.Errorf("auto is no default:\n%s", out.String())
		}
	}
}

// One fewer could find nothing: all operations share the error.
func TestPrimitiveGroupsFind(t *testing.T) {
	p := &Plan{Variants: make([]Variant, 4)}
	if n, level := p.PrimitiveGroups(), 0.05/(3*40); effect.MinP(n) > level || effect.MinP(n-1) <= level {
		t.Errorf("got %d groups, which give p >= %g, at level %g", n, effect.MinP(n), level)
	}
}
