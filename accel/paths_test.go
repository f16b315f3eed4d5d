package accel

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite testdata/choices")

// recorded is a CPU of testdata/cpus.
type recorded struct {
	name, goos, goarch string
	features           []string
}

func readCPUs(t *testing.T) []recorded {
	t.Helper()
	files, err := filepath.Glob("testdata/cpus/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no recorded CPUs: %v", err)
	}
	var all []recorded
	for _, file := range files {
		lines := strings.Split(strings.TrimSpace(read(t, file)), "\n")
		if len(lines) != 4 {
			t.Fatalf("%s: %d lines, should be model, source, platform, features", file, len(lines))
		}
		goos, goarch, _ := strings.Cut(lines[2], "/")
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		all = append(all, recorded{name, goos, goarch, strings.Fields(lines[3])})
	}
	return all
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func readCPU(t *testing.T, name string) recorded {
	t.Helper()
	for _, c := range readCPUs(t) {
		if c.name == name {
			return c
		}
	}
	t.Fatalf("no recorded CPU %s", name)
	return recorded{}
}

// builds are those whose choices are kept, the first in full and of the others what differs.
var builds = []struct {
	name string
	Build
}{
	{"std", Build{}},
	{"std, accel auto", Build{Accel: "auto"}},
	{"std, GODEBUG=cpu.all=off, accel auto", Build{GODEBUG: "cpu.all=off", Accel: "auto"}},
	{"std, GOAMD64=v3, GODEBUG=cpu.all=off", Build{GODEBUG: "cpu.all=off", GOAMD64: "v3"}},
	{"std, tags purego, accel auto", Build{Tags: []string{"purego"}, Accel: "auto"}},
	{"fips140, accel auto", Build{Backend: "fips140", FIPS: true, Accel: "auto"}},
	{"boringcrypto", Build{Backend: "boringcrypto"}},
}

func TestChoices(t *testing.T) {
	for _, c := range readCPUs(t) {
		file := filepath.Join("testdata/choices", c.name+".txt")
		got := c.describe()
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if want := read(t, file); got != want {
			t.Errorf("%s differs from %s; if it should, run go test ./accel -update and read it. Got:\n%s", c.name, file, got)
		}
	}
}

func (c recorded) describe() string {
	var b strings.Builder
	written := map[string]bool{} // by the first build
	for i, build := range builds {
		build.GOOS, build.GOARCH = c.goos, c.goarch
		if build.GOAMD64 != "" && c.goarch != "amd64" {
			continue
		}
		fmt.Fprintf(&b, "== %s\n", build.name)
		var texts []string
		for _, p := range Paths(c.features, build.Build) {
			texts = append(texts, p.describe())
		}
		for _, choice := range Choose(c.features, build.Build) {
			texts = append(texts, fmt.Sprintf("choose %s: %s; why: %s\n", choice.Subject, choice.Pick, choice.Why))
		}
		for _, text := range texts {
			if !written[text] {
				b.WriteString(text)
			}
			written[text] = written[text] || i == 0
		}
	}
	return b.String()
}

func (p Path) describe() string {
	text := fmt.Sprintf("%s: %s: %s; why: %s\n", p.Primitive, p.Expected, p.Code, p.Why) + refusals(p.Refused)
	if p.Uses != nil {
		text += "    uses " + strings.Join(p.Uses, " ") + "\n"
	}
	if p.Unused != nil {
		text += "    leaves unused " + strings.Join(p.Unused, " ") + "\n"
	}
	return text
}

func refusals(refused []Refusal) string {
	var b strings.Builder
	for _, r := range refused {
		fmt.Fprintf(&b, "    not %s: %s\n", r.Code, r.Because)
	}
	return b.String()
}

// Whatever the CPU and the build, every primitive has code, and no code uses what is not there.
func TestPathsAreWhole(t *testing.T) {
	for _, c := range readCPUs(t) {
		for _, build := range builds {
			build.GOOS, build.GOARCH = c.goos, c.goarch
			paths := Paths(c.features, build.Build)
			if want := len(primitives); len(paths) != want && c.goarch != "s390x" {
				t.Errorf("%s, %s: %d paths, want %d", c.name, build.name, len(paths), want)
			}
			for _, p := range paths {
				if p.Code == "" || p.Why == "" || p.Expected == "" {
					t.Errorf("%s, %s: an empty field in %+v", c.name, build.name, p)
				}
				for _, f := range slices.Concat(p.Uses, p.Unused) {
					if !slices.Contains(c.features, f) {
						t.Errorf("%s, %s: %s needs %s, which the CPU has not", c.name, build.name, p.Primitive, f)
					}
				}
			}
		}
	}
}

func TestNoPaths(t *testing.T) {
	b := Build{GOOS: "linux", GOARCH: "riscv64"}
	if paths, choices := Paths(nil, b), Choose(nil, b); paths != nil || choices != nil {
		t.Errorf("riscv64: got %v and %v, want nothing, for nothing is known", paths, choices)
	}
}

func TestPathOfOneOption(t *testing.T) {
	full := readCPU(t, "sapphire-rapids")
	tests := []struct {
		godebug, goamd64 string
		primitive        Primitive
		want             string // kind and name of the code, then what was refused
	}{
		{"", "", AESGCM, "assembly AES-NI and PCLMULQDQ, 128 bits at a time"},
		{"cpu.aes=off", "", AESGCM, "portable Go: AES by tables, GHASH; AES-NI: GODEBUG cpu.aes=off; AES-NI without PCLMULQDQ: GODEBUG cpu.aes=off"},
		{"cpu.pclmulqdq=off", "", AESGCM, "portable AES-NI block by block, GHASH in Go; AES-NI: GODEBUG cpu.pclmulqdq=off"},
		{"cpu.sha=off", "", SHA256, "assembly AVX2; SHA-NI: GODEBUG cpu.sha=off"},
		{"cpu.avx=off", "", SHA256, "portable Go; SHA-NI: GODEBUG cpu.avx=off; AVX2: GODEBUG cpu.avx=off"},
		{"cpu.avx=off", "v3", SHA256, "assembly SHA-NI"},
		{"cpu.avx2=off", "", SHA256, "assembly SHA-NI"},
		{"cpu.avx2=off", "", SHA384, "portable Go; AVX2: GODEBUG cpu.avx2=off"},
		{"cpu.avx2=off", "v3", SHA384, "assembly AVX2"},
		{"cpu.avx2=off", "v3", ChaCha20Poly1305, // golang.org/x/sys/cpu knows no levels
			"assembly SSSE3, cipher and authenticator in one pass; AVX2: GODEBUG cpu.avx2=off"},
		{"cpu.adx=off", "", SignRSA, "assembly multiplication in assembly (MULQ); ADX: GODEBUG cpu.adx=off"},
		{"cpu.bmi2=off", "", VerifyRSA, "assembly multiplication in assembly (MULQ); ADX: GODEBUG cpu.bmi2=off"},
		{"cpu.all=off", "", SignP256, "assembly field and point operations in assembly (MULQ)"},
		{"cpu.avx512ifma=off", "", SHA256, "assembly SHA-NI"},
	}
	for _, tt := range tests {
		b := Build{GOOS: full.goos, GOARCH: full.goarch, GOAMD64: tt.goamd64, GODEBUG: tt.godebug}
		p := path(Paths(full.features, b), tt.primitive)
		got := fmt.Sprintf("%s %s", p.Expected, p.Code)
		for _, r := range p.Refused {
			got += fmt.Sprintf("; %s: %s", r.Code, r.Because)
		}
		if got != tt.want {
			t.Errorf("%s %s, %s:\ngot  %s\nwant %s", tt.godebug, tt.goamd64, tt.primitive, got, tt.want)
		}
	}
}

func path(paths []Path, p Primitive) Path {
	i := slices.IndexFunc(paths, func(path Path) bool { return path.Primitive == p })
	return paths[i]
}

func TestLabSigner(t *testing.T) {
	tests := []struct {
		cpu   string
		build Build
		want  string // the code's first word, or its kind, then what was refused
	}{
		{"sapphire-rapids", Build{}, "portable; lab-ifma8: the server's accel is std"},
		{"sapphire-rapids", Build{Accel: "auto"}, "lab-ifma8"},
		{"sapphire-rapids", Build{Accel: "lab-adx"}, "lab-adx; lab-ifma8: the server's accel is lab-adx"},
		{"sapphire-rapids", Build{Accel: "auto", GODEBUG: "cpu.avx512ifma=off"}, "lab-adx; lab-ifma8: GODEBUG cpu.avx512ifma=off"},
		{"sapphire-rapids", Build{Accel: "auto", GODEBUG: "cpu.avx512ifma=off,cpu.avx512ifma=on"}, "lab-ifma8"},
		{"sapphire-rapids", Build{Accel: "auto", GODEBUG: "cpu.all=off", GOAMD64: "v4"}, // it goes by golang.org/x/sys/cpu
			"lab-portable; lab-ifma8: GODEBUG cpu.all=off; lab-adx: GODEBUG cpu.all=off"},
		{"sapphire-rapids", Build{Accel: "auto", Tags: []string{"purego"}}, "lab-portable; lab-ifma8: build tag purego; lab-adx: build tag purego"},
		{"sapphire-rapids", Build{Accel: "lab-portable"},
			"portable; lab-ifma8: the server's accel is lab-portable; lab-adx: the server's accel is lab-portable; lab-portable: lab-adx takes its place"},
		{"sapphire-rapids", Build{Accel: "lab-arm64"}, "portable; lab-ifma8: the server's accel is lab-arm64; " +
			"lab-adx: the server's accel is lab-arm64; lab-arm64: it is not for amd64"},
		{"sapphire-rapids", Build{Accel: "auto", FIPS: true},
			"portable; lab-ifma8: FIPS 140-3 mode refuses it; lab-adx: FIPS 140-3 mode refuses it"},
		{"sapphire-rapids", Build{FIPS: true}, "portable; lab-ifma8: FIPS 140-3 mode refuses it"},
		{"sapphire-rapids", Build{Accel: "lab-ifma8", Backend: "boringcrypto"},
			"boringssl; lab-ifma8: backend boringcrypto refuses it; lab-adx: backend boringcrypto refuses it; " +
				"Go's fiat-crypto: backend boringcrypto takes its place"},
		{"zen2", Build{Accel: "auto"}, "lab-adx; lab-ifma8: this CPU has no avx512_vbmi2, avx512dq, avx512f, avx512ifma"},
		{"skylake-sp", Build{Accel: "lab-ifma8"}, "portable; lab-ifma8: this CPU has no avx512_vbmi2, avx512ifma; lab-adx: the server's accel is lab-ifma8"},
		{"haswell", Build{Accel: "auto"}, "lab-portable; lab-ifma8: this CPU has no avx512_vbmi2, avx512dq, avx512f, avx512ifma; " +
			"lab-adx: this CPU has no adx"},
		{"graviton3", Build{Accel: "auto"}, "lab-arm64"},
		{"graviton3", Build{}, "portable; lab-arm64: the server's accel is std"},
		{"graviton3", Build{Accel: "auto", Tags: []string{"purego"}}, "lab-portable; lab-arm64: build tag purego"},
	}
	for _, tt := range tests {
		c := readCPU(t, tt.cpu)
		tt.build.GOOS, tt.build.GOARCH = c.goos, c.goarch
		p := path(Paths(c.features, tt.build), SignP384)
		got := string(p.Expected)
		if p.Expected == Lab {
			got, _, _ = strings.Cut(p.Code, ":")
		}
		for _, r := range p.Refused {
			got += fmt.Sprintf("; %s: %s", r.Code, r.Because)
		}
		if got != tt.want {
			t.Errorf("%s %+v:\ngot  %s\nwant %s", tt.cpu, tt.build, got, tt.want)
		}
	}
}
