package scenarios

import (
	"bytes"
	"errors"
	"flag"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write README.md anew")

// linux is a machine that can run everything.
func linux() Machine {
	return Machine{GOOS: "linux", GOARCH: "amd64", HasCgo: true, Level: 4, Features: cpuFeatures()}
}

func builtinPlan(t *testing.T, name string, m Machine) *Plan {
	t.Helper()
	s, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(1, m)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestBuiltin(t *testing.T) {
	skips := map[string]int{"gateway": 2} // HTTP/3 under BoringCrypto, full and resumed
	for _, tt := range []struct {
		name                    string
		variants, cells, blocks int
		most                    time.Duration
	}{
		{"aa", 2, 6, 240, 4 * time.Minute},
		{"ablation", 7, 2, 140, 4 * time.Minute},
		{"claims", 5, 6, 154, 20 * time.Minute},
		{"gateway", 4, 8, 224, 7 * time.Minute},
		{"gateway-alpn", 2, 2, 80, 6 * time.Minute},
		{"gateway-locks", 4, 4, 96, 11 * time.Minute},
		{"spiffe", 7, 2, 80, 16 * time.Minute},
		{"p384-accel", 3, 6, 180, 5 * time.Minute},
		{"gate", 2, 2, 240, 6 * time.Minute},
		{"mutual", 2, 4, 96, 3 * time.Minute},
		{"p384", 2, 2, 80, 2 * time.Minute},
		{"post-quantum", 2, 6, 144, 5 * time.Minute},
		{"quickstart", 3, 4, 96, 100 * time.Second},
		{"reload-command", 4, 1, 24, 5 * time.Minute},
		{"reload-memory", 2, 1, 24, 5 * time.Minute},
		{"reload-notify", 3, 1, 18, 4 * time.Minute},
		{"reload-scorecard", 9, 1, 54, 15 * time.Minute},
		{"reload-storm", 2, 1, 160, 28 * time.Minute},
		{"resumption", 2, 4, 128, 3 * time.Minute},
		{"smoke", 2, 1, 24, 18 * time.Second},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := builtinPlan(t, tt.name, linux())
			if len(p.Variants) != tt.variants || len(p.Cells) != tt.cells || len(p.Blocks) != tt.blocks {
				t.Errorf("got %d variants, %d cells, %d blocks, want %d, %d, %d",
					len(p.Variants), len(p.Cells), len(p.Blocks), tt.variants, tt.cells, tt.blocks)
			}
			if got := p.Estimate(); got > tt.most {
				t.Errorf("takes %s, want at most %s", got, tt.most)
			}
			if p.Scenario.Name != tt.name || len(p.Skips) != skips[tt.name] || len(p.Warnings) > 0 {
				t.Errorf("got name %q, skips %v, warnings %v", p.Scenario.Name, p.Skips, p.Warnings)
			}
		})
	}
}

// An interval of 10 s takes long blocks, so reload-poll has few of them, and says so.
func TestBuiltinPoll(t *testing.T) {
	p := builtinPlan(t, "reload-poll", linux())
	if len(p.Variants) != 8 || len(p.Blocks) != 32 || p.Estimate() > 8*time.Minute {
		t.Errorf("got %d variants, %d blocks, %s", len(p.Variants), len(p.Blocks), p.Estimate())
	}
	if len(p.Warnings) != 1 || !strings.HasPrefix(p.Warnings[0], "4 groups cannot reject at 5 %") {
		t.Errorf("got warnings %q", p.Warnings)
	}
}

func TestBuiltinList(t *testing.T) {
	want := []string{"aa", "ablation", "claims", "exact", "explain", "gate", "gateway-alpn", "gateway-locks", "gateway", "mutual", "p384-accel", "p384", "post-quantum", "quickstart",
		"reload-command", "reload-memory", "reload-notify", "reload-poll", "reload-scorecard", "reload-storm", "resumption", "smoke", "spiffe"}
	if got := Names(); !slices.Equal(got, want) {
		t.Errorf("got names %q, want %q", got, want)
	}
	for _, info := range Builtin() {
		if !strings.HasSuffix(strings.TrimSpace(info.Doc), "?") && !strings.Contains(info.Doc, "? ") {
			t.Errorf("%s: doc asks no question: %q", info.Name, info.Doc)
		}
	}
}

func TestLoadUnknown(t *testing.T) {
	_, err := Load("quickstrat")
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), `did you mean "quickstart"?`) {
		t.Errorf("got %v", err)
	}
}

// Every built-in scenario must plan on machines that lack things, with a reason for each skip.
func TestBuiltinElsewhere(t *testing.T) {
	for _, m := range []Machine{
		{GOOS: "darwin", GOARCH: "arm64", HasCgo: true, Features: []string{"aes", "pmull", "sha2"}},
		{GOOS: "linux", GOARCH: "amd64", Level: 1, CgoReason: "no C compiler"},
	} {
		for _, name := range Names() {
			p := builtinPlan(t, name, m)
			for _, s := range p.Skips {
				if s.Reason == "" {
					t.Errorf("%s on %s/%s: skip of %s %s has no reason", name, m.GOOS, m.GOARCH, s.Variant, s.Cell)
				}
			}
		}
	}
}

func TestReference(t *testing.T) {
	var want bytes.Buffer
	if err := WriteReference(&want); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("README.md", want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("README.md is out of date: go test ./scenarios -run TestReference -update")
	}
}
