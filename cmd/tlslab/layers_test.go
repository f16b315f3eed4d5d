package main

import (
	"encoding/json"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tlslab/tlslab/"

// layers is the architecture: a package imports only from lines above its own, and no line imports sideways.
var layers = []string{
	"handshake handshake/experiment results/hist results/exact results/analysis/effect results/analysis/history ebpf/internal/bpf ebpf/internal/sites",
	"accel/p384/internal/inverse accel/vaesgcm",
	"accel/p384/internal/ifma8 accel/p384/internal/single",
	"accel/p384 handshake/reload handshake/pki",
	"accel accel/proof loadgen results/metric results/account handshake/server handshake/spiffe handshake/staple",
	"handshake/variant handshake/counted handshake/rotation handshake/server/standalone handshake/server/gateway handshake/server/spiffegrpc loadgen/h3 results/profile results/exectrace ebpf/internal/symbols",
	"handshake/scorecard loadgen/spiffegrpc",
	"handshake/experiment/identity handshake/experiment/edge handshake/experiment/reloads",
	"results results/analysis/attribution ebpf/internal/sampling",
	"scenarios results/analysis ebpf",
	"cmd/tlslab/internal/lab reports",
	"cmd/tlslab cmd/tlslab-server cmd/tlslab-gateway cmd/tlslab-spiffegrpc",
}

// owners names the packages, most often one, that may import a dependency, so that each can be replaced in an afternoon.
var owners = map[string]string{
	"github.com/klauspost/cpuid/v2":    "accel",
	"github.com/google/pprof/":         "results/profile",
	"github.com/cilium/ebpf":           "ebpf",
	"golang.org/x/exp/trace":           "results/exectrace",
	"golang.org/x/arch/":               "ebpf/internal/sites",
	"golang.org/x/crypto/":             "accel/proof handshake/staple",
	"github.com/spiffe/go-spiffe":      "handshake/spiffe handshake/server/spiffegrpc loadgen/spiffegrpc handshake/experiment/identity",
	"google.golang.org/grpc":           "handshake/spiffe handshake/server/spiffegrpc loadgen/spiffegrpc handshake/experiment/identity",
	"google.golang.org/protobuf":       "handshake/spiffe handshake/server/spiffegrpc loadgen/spiffegrpc handshake/experiment/identity",
	"github.com/quic-go/":              "handshake/server/gateway loadgen/h3 handshake/experiment/edge",
	"golang.org/x/net/":                "handshake/server/gateway handshake/experiment/edge",
	"go.opentelemetry.io/":             "handshake/server/spiffegrpc",
	"github.com/fsnotify/fsnotify":     "handshake/reload",
	"golang.org/x/perf/":               "results/analysis",
	"github.com/montanaflynn/stats":    "results/analysis",
	"go.yaml.in/yaml/v4":               "scenarios",
	"github.com/spf13/cobra":           "cmd/tlslab",
	"github.com/HdrHistogram/":         "nobody but tests",
	"github.com/santhosh-tekuri/":      "nobody but tests",
	"github.com/rogpeppe/go-internal/": "nobody but tests",
}

type listed struct {
	ImportPath string
	Imports    []string
}

func listPackages(t *testing.T) (all []listed) {
	t.Helper()
	cmd := exec.Command("go", "list", "-json=ImportPath,Imports", module+"...")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

func layerOf(name string) int {
	return slices.IndexFunc(layers, func(line string) bool { return slices.Contains(strings.Fields(line), name) })
}

func TestLayers(t *testing.T) {
	seen := 0
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		own := layerOf(name)
		if own < 0 {
			t.Errorf("%s is not in the picture", name)
			continue
		}
		seen++
		for _, imported := range p.Imports {
			if of, ours := strings.CutPrefix(imported, module); ours && layerOf(of) >= own {
				t.Errorf("%s (line %d) imports %s (line %d)", name, own, of, layerOf(of))
			}
		}
	}
	if want := len(strings.Fields(strings.Join(layers, " "))); seen != want {
		t.Errorf("the picture has %d packages, the module %d", want, seen)
	}
}

// owns says whether a package is one of the owners, or an internal one of theirs.
func owns(owners, name string) bool {
	return slices.ContainsFunc(strings.Fields(owners), func(owner string) bool {
		return name == owner || strings.HasPrefix(name, owner+"/internal/")
	})
}

func TestOwners(t *testing.T) {
	for _, p := range listPackages(t) {
		name := strings.TrimPrefix(p.ImportPath, module)
		for _, imported := range p.Imports {
			for dependency, owner := range owners {
				if strings.HasPrefix(imported, dependency) && !owns(owner, name) {
					t.Errorf("%s imports %s, which belongs to %s", name, imported, owner)
				}
			}
		}
	}
}

func TestForbiddenNames(t *testing.T) {
	forbidden := []string{"util", "utils", "common", "helpers", "misc", "types", "models", "core", "pkg", "mock"}
	for _, p := range listPackages(t) {
		if slices.Contains(forbidden, path.Base(p.ImportPath)) {
			t.Errorf("%s: a package is one noun, not a drawer", p.ImportPath)
		}
	}
}

func TestHandshakeIsStdlibOnly(t *testing.T) {
	for _, p := range listPackages(t) {
		if p.ImportPath != strings.TrimSuffix(module, "/")+"/handshake" {
			continue
		}
		for _, imported := range p.Imports {
			if strings.Contains(imported, ".") {
				t.Errorf("handshake imports %s", imported)
			}
		}
	}
}
