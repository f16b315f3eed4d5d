package accel

import (
	"crypto/fips140"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/cpuid/v2"
)

func TestKnownOptions(t *testing.T) {
	tests := []struct {
		goarch, goamd64 string
		want            string
	}{
		{"amd64", "v4", "adx aes all erms fsrm pclmulqdq rdtscp sha vpclmulqdq"},
		{"amd64", "v3", "adx aes all avx512bw avx512cd avx512dq avx512f avx512vl erms fsrm pclmulqdq rdtscp sha vpclmulqdq"},
		{"amd64", "v2", "adx aes all avx avx2 avx512bw avx512cd avx512dq avx512f avx512vl bmi1 bmi2 erms fma fsrm " +
			"pclmulqdq rdtscp sha vpclmulqdq"},
		{"amd64", "v1", "adx aes all avx avx2 avx512bw avx512cd avx512dq avx512f avx512vl bmi1 bmi2 erms fma fsrm " +
			"pclmulqdq popcnt rdtscp sha sse3 sse41 sse42 ssse3 vpclmulqdq"},
		{"arm64", "", "aes all atomics cpuid crc32 isNeoverse pmull sha1 sha2 sha3 sha512"},
		{"arm64", "v3", "aes all atomics cpuid crc32 isNeoverse pmull sha1 sha2 sha3 sha512"},
		{"amd64", "v5", ""},
		{"amd64", "3", ""},
		{"s390x", "", "all dfp eimm etf3eh kdsa ldisp msa stfle vx vxe zarch"},
		{"riscv64", "", ""},
	}
	for _, tt := range tests {
		got := strings.ReplaceAll(strings.Join(KnownOptions(tt.goarch, tt.goamd64), " "), "cpu.", "")
		if got != tt.want {
			t.Errorf("%s %s:\ngot  %s\nwant %s", tt.goarch, tt.goamd64, got, tt.want)
		}
	}
	if !slices.Equal(KnownOptions("amd64", ""), KnownOptions("amd64", "v1")) {
		t.Error("amd64 without a level is not v1")
	}
}

// The toolchain's own source is the authority.
func TestKnownOptionsAreGos(t *testing.T) {
	for _, tt := range []struct{ goarch, file string }{
		{"amd64", "cpu_x86.go"}, {"arm64", "cpu_arm64.go"}, {"s390x", "cpu_s390x.go"},
	} {
		byLevel := readOptions(t, tt.file)
		for level, goamd64 := range []string{"v1", "v2", "v3", "v4"} {
			want := []string{"cpu.all"}
			for below, names := range byLevel {
				if below == "" || below > goamd64[1:] {
					want = append(want, names...)
				}
			}
			slices.Sort(want)
			if got := KnownOptions(tt.goarch, goamd64); !slices.Equal(got, want) {
				t.Errorf("%s v%d:\ngot  %v\nwant %v", tt.goarch, level+1, got, want)
			}
		}
	}
}

// readOptions reads the options in a file of internal/cpu, by the n of the "level < n" that they stand under.
func readOptions(t *testing.T, file string) map[string][]string {
	t.Helper()
	if !strings.HasPrefix(runtime.Version(), "go1.26") {
		t.Skipf("the lists are of go1.26, this is %s", runtime.Version())
	}
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("no go command: %v", err)
	}
	source, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(root)), "src/internal/cpu", file))
	if err != nil {
		t.Skipf("no source of the standard library: %v", err)
	}
	found, level := map[string][]string{}, ""
	for _, m := range regexp.MustCompile(`level < (\d)|\{Name: "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		if m[1] != "" {
			level = m[1]
		} else {
			found[level] = append(found[level], "cpu."+m[2])
		}
	}
	if len(found) == 0 {
		t.Fatalf("no options in %s", file)
	}
	return found
}

// A process started with each option says whether the runtime knows it.
func TestKnownOptionsByAsking(t *testing.T) {
	all := map[string]bool{}
	for _, goamd64 := range []string{"v1", "v2", "v3", "v4"} {
		for _, option := range append(KnownOptions("amd64", goamd64), KnownOptions("arm64", "")...) {
			all[option] = true
		}
	}
	known := KnownOptions(runtime.GOARCH, thisBuild(t).GOAMD64)
	if known == nil {
		t.Skipf("nothing is known of %s", runtime.GOARCH)
	}
	for _, option := range slices.Sorted(maps.Keys(all)) {
		complained := strings.Contains(ask(t, option), `GODEBUG: unknown cpu feature "`)
		if want := !slices.Contains(known, option); complained != want {
			t.Errorf("%s: unknown to the runtime: %v, want %v", option, complained, want)
		}
	}
}

// thisBuild is what decides which code this test's process runs.
func thisBuild(t *testing.T) Build {
	t.Helper()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("no build information")
	}
	b := Build{GODEBUG: os.Getenv("GODEBUG"), FIPS: fips140.Enabled()}
	for _, s := range info.Settings {
		switch s.Key {
		case "GOAMD64":
			b.GOAMD64 = s.Value
		case "GOEXPERIMENT":
			if strings.Contains(s.Value, "boringcrypto") {
				b.Backend = "boringcrypto"
			}
		case "-tags":
			b.Tags = strings.Split(s.Value, ",")
		}
	}
	return b
}

// startsWith says whether a process of this build starts with a GODEBUG: FIPS 140-3 mode panics in some.
func (b Build) startsWith(godebug string) bool {
	return !strings.Contains(godebug, "fips140=on") || !b.purego() && !b.boring()
}

// ask starts this test's binary with an option switched off, lists its tests, and returns what it says.
func ask(t *testing.T, option string) string {
	t.Helper()
	said, complained, err := again(t, "-test.list=^$", "GODEBUG="+option+"=off")
	if err != nil {
		t.Fatalf("%s: %v: %s%s", option, err, said, complained)
	}
	return said + complained
}

// again runs this test's binary with an argument and more environment, and returns what it says on both outputs.
func again(t *testing.T, arg string, env ...string) (stdout, stderr string, err error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out, complaints strings.Builder
	child := exec.Command(self, arg)
	child.Env = append(append(os.Environ(), env...), "GORACE=atexit_sleep_ms=0") // or each takes a second
	child.Stdout, child.Stderr = &out, &complaints
	err = child.Run()
	if errors.Is(err, syscall.ENOEXEC) {
		t.Skip("this machine starts no programs of this architecture by itself")
	}
	return out.String(), complaints.String(), err
}

func TestOffered(t *testing.T) {
	tests := []struct {
		name string
		has  []cpuid.FeatureID
		want string
	}{
		{"none", nil, ""},
		{"amd64", []cpuid.FeatureID{cpuid.SHA, cpuid.CLMUL, cpuid.AESNI, cpuid.SSE4}, "aes pclmulqdq sha_ni sse4_1"},
		{"arm64", []cpuid.FeatureID{cpuid.SVE2, cpuid.SHA512, cpuid.AESARM, cpuid.PMULL}, "aes pmull sha512 sve2"},
		{"nothing of ours", []cpuid.FeatureID{cpuid.HTT}, ""},
		{"AVX-512 and its registers",
			[]cpuid.FeatureID{cpuid.AVX, cpuid.AVX512F, cpuid.AVX512IFMA, cpuid.AVX512VBMI2, cpuid.VAES},
			"avx avx512_vbmi2 avx512f avx512ifma vaes"},
		{"the system keeps no ZMM state",
			[]cpuid.FeatureID{cpuid.AVX, cpuid.AVX512IFMA, cpuid.AVX512VL, cpuid.AVX512VBMI2, cpuid.VAES}, "avx vaes"},
		{"nor YMM state", []cpuid.FeatureID{cpuid.AESNI, cpuid.SHA, cpuid.VAES, cpuid.VPCLMULQDQ}, "aes sha_ni"},
	}
	for _, tt := range tests {
		got := offered(func(id cpuid.FeatureID) bool { return slices.Contains(tt.has, id) })
		if strings.Join(got, " ") != tt.want {
			t.Errorf("%s: got %v, want %s", tt.name, got, tt.want)
		}
	}
}

func TestDetect(t *testing.T) {
	c := Detect()
	if !slices.IsSorted(c.Features) || !slices.IsSorted(c.GoFeatures) {
		t.Errorf("not sorted: %v, %v", c.Features, c.GoFeatures)
	}
	if (runtime.GOARCH == "amd64") != (c.Level >= 1) {
		t.Errorf("%s: GOAMD64 level %d", runtime.GOARCH, c.Level)
	}
	for _, f := range c.GoFeatures {
		if !slices.Contains(c.Features, f) {
			t.Errorf("Go sees %s, which the CPU does not offer", f)
		}
	}
	if len(c.Features) == 0 || len(c.GoFeatures) == 0 {
		t.Errorf("got features %v and %v, want some of each", c.Features, c.GoFeatures)
	}
}

// The kernel knows what a process may use: it strikes out a feature whose registers it does not keep.
func TestDetectIsTheKernels(t *testing.T) {
	text, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skipf("not Linux: %v", err)
	}
	key := map[string]string{"amd64": "flags", "arm64": "Features"}[runtime.GOARCH]
	line := regexp.MustCompile(`(?m)^` + key + `\s*: (.*)$`).FindSubmatch(text)
	if key == "" || line == nil { // under qemu-user it may be the host's
		t.Skipf("no features of %s in /proc/cpuinfo", runtime.GOARCH)
	}
	var want []string
	ours := offered(func(cpuid.FeatureID) bool { return true })
	for _, word := range strings.Fields(string(line[1])) {
		if slices.Contains(ours, word) {
			want = append(want, word)
		}
	}
	slices.Sort(want)
	if got := Detect().Features; !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
}

// What GODEBUG hides goes from GoFeatures and stays in Features.
func TestDetectUnderGODEBUG(t *testing.T) {
	if os.Getenv("TLSLAB_TEST_DETECT") != "" {
		c := Detect()
		os.Stdout.WriteString(strings.Join(c.Features, " ") + "|" + strings.Join(c.GoFeatures, " ") + "|")
		return
	}
	if !slices.Contains(Detect().GoFeatures, "aes") {
		t.Skip("this CPU has no AES instructions")
	}
	c := detectUnder(t, "cpu.aes=off")
	if !slices.Contains(c.features, "aes") {
		t.Errorf("aes is gone from Features: %v", c.features)
	}
	if slices.Contains(c.goFeatures, "aes") {
		t.Errorf("aes is still in GoFeatures: %v", c.goFeatures)
	}
}

type detected struct{ features, goFeatures []string }

// detectUnder is what Detect finds in a process with this GODEBUG.
func detectUnder(t *testing.T, godebug string) detected {
	t.Helper()
	said, complained, err := again(t, "-test.run=^TestDetectUnderGODEBUG$", "TLSLAB_TEST_DETECT=1", "GODEBUG="+godebug)
	if err != nil {
		t.Fatalf("%v: %s%s", err, said, complained)
	}
	lists := strings.Split(said, "|")
	if len(lists) < 2 {
		t.Fatalf("%s: it said %s", godebug, said)
	}
	return detected{strings.Fields(lists[0]), strings.Fields(lists[1])}
}
