package accel

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
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
	for _, tt := range []struct{ goarch, file string }{{"amd64", "cpu_x86.go"}, {"arm64", "cpu_arm64.go"}} {
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
	known := KnownOptions(runtime.GOARCH, goamd64(t))
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

// goamd64 is the level that this test was built for.
func goamd64(t *testing.T) string {
	t.Helper()
	info, ok := debug.ReadBuildInfo()
	if !ok {
		t.Fatal("no build information")
	}
	for _, s := range info.Settings {
		if s.Key == "GOAMD64" {
			return s.Value
		}
	}
	return ""
}

// ask starts this test's binary with an option switched off, lists its tests, and returns what it says.
func ask(t *testing.T, option string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.list", "^$")
	child.Env = append(os.Environ(), "GODEBUG="+option+"=off", "GORACE=atexit_sleep_ms=0") // or each takes a second
	said, err := child.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", option, err, said)
	}
	return string(said)
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
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	child := exec.Command(self, "-test.run", "^TestDetectUnderGODEBUG$")
	child.Env = append(os.Environ(), "TLSLAB_TEST_DETECT=1", "GODEBUG=cpu.aes=off")
	said, err := child.Output()
	if err != nil {
		t.Fatal(err)
	}
	lists := strings.Split(string(said), "|")
	if len(lists) < 2 || !slices.Contains(strings.Fields(lists[0]), "aes") {
		t.Errorf("aes is gone from Features: %s", said)
	}
	if slices.Contains(strings.Fields(lists[1]), "aes") {
		t.Errorf("aes is still in GoFeatures: %s", said)
	}
}
