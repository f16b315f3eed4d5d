package variant

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// countable is the tree with a counter, which carries the backend's symbol too.
var countable = with(counterPackage+"/side_test.go", `package counted

import (
	"crypto/sha1"
	"testing"
)

func TestSide(t *testing.T) { t.Log(sha1.Sum(nil)) }
`)

// The counter is built as the server is: the same gate finds nothing to say against the binary.
func TestBuildCounter(t *testing.T) {
	b := builder(t, plant(t, countable))
	polluted(t)
	asked := Build{Tags: []string{"a"}}
	bin, err := b.BuildCounter(t.Context(), asked)
	if err != nil {
		t.Fatal(err)
	}
	if want := modulePath + "/" + counterPackage + ".test"; bin.SBOM.Path != want {
		t.Errorf("main package %s, want %s", bin.SBOM.Path, want)
	}
	var f findings
	if f.built(asked, bin.SBOM); f != nil {
		t.Errorf("%q", f)
	}
	if server := mustBuild(t, b, asked); server.Path == bin.Path {
		t.Error("server and counter are one file")
	}
	again, err := b.BuildCounter(t.Context(), asked)
	if err != nil || again.Path != bin.Path || again.SBOM.SHA256 != bin.SBOM.SHA256 {
		t.Errorf("built again: %+v, %v", again, err)
	}
}

func TestBuildCounterWithout(t *testing.T) {
	without := with(counterPackage+"/doc.go", "// Package counted has no tests.\npackage counted\n")
	for _, test := range []struct {
		name    string
		builder *Builder
		want    string
	}{
		{"no tests", builder(t, plant(t, without)), "checkout has no " + counterPackage},
		{"no package", builder(t, plant(t, tree)), "checkout has no " + counterPackage},
		{"module version", &Builder{Cache: t.TempDir(), Version: "v1.2.3"}, "does not install"},
	} {
		_, err := test.builder.BuildCounter(t.Context(), Build{})
		var hinted *Error
		if !errors.Is(err, ErrSource) || !errors.As(err, &hinted) || hinted.Hint == "" || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: got %v, want %q and a hint", test.name, err, test.want)
		}
	}
}

// A layout is another order of the same functions, and the same one each time.
func TestBuildLayout(t *testing.T) {
	b := builder(t, plant(t, tree))
	own, one, other := mustBuild(t, b, Build{}), mustBuild(t, b, Build{Layout: 1}), mustBuild(t, b, Build{Layout: 2})
	if own.SBOM.SHA256 == one.SBOM.SHA256 || one.SBOM.SHA256 == other.SBOM.SHA256 || own.Path == one.Path || one.Path == other.Path {
		t.Errorf("layouts 0, 1 and 2 are %s, %s and %s", own.SBOM.SHA256, one.SBOM.SHA256, other.SBOM.SHA256)
	}
	if got := verify(t, Build{Layout: 1}, nil, one); got != nil {
		t.Errorf("%q", got)
	}
	if err := os.RemoveAll(filepath.Dir(one.Path)); err != nil {
		t.Fatal(err)
	}
	if again := mustBuild(t, b, Build{Layout: 1}); again.SBOM.SHA256 != one.SBOM.SHA256 {
		t.Error("layout 1 is another one the second time")
	}
}
