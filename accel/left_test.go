package accel

import (
	"slices"
	"strings"
	"testing"
)

func TestLeft(t *testing.T) {
	const all = "adx aes avx avx2 avx512f avx512ifma bmi2 pclmulqdq sha_ni sse4_1 ssse3 vaes vpclmulqdq"
	tests := []struct {
		godebug, goamd64 string
		gone             string
	}{
		{"", "", ""},
		{"cpu.aes=off", "", "aes"},
		{"cpu.sha=off,cpu.sse41=off", "", "sha_ni sse4_1"},
		{"cpu.sha_ni=off", "", ""}, // no such option
		{"cpu.avx2=off", "v2", "avx2"},
		{"cpu.avx2=off", "v3", ""},
		{"cpu.avx512ifma=off", "", ""}, // golang.org/x/sys/cpu's
		{"cpu.all=off", "", "adx aes avx avx2 avx512f bmi2 pclmulqdq sha_ni sse4_1 ssse3 vpclmulqdq"},
		{"cpu.all=off", "v4", "adx aes pclmulqdq sha_ni vpclmulqdq"},
		{"cpu.all=off,cpu.aes=on", "v4", "adx pclmulqdq sha_ni vpclmulqdq"},
		{"cpu.aes=on,cpu.all=off", "v4", "adx aes pclmulqdq sha_ni vpclmulqdq"},
		{"cpu.aes=off,cpu.aes=on", "", ""},
		{"cpu.aes=0,cpu.adx,aes=off,,fips140=on", "", ""},
	}
	for _, tt := range tests {
		b := Build{GOARCH: "amd64", GOAMD64: tt.goamd64, GODEBUG: tt.godebug}
		gone := strings.Fields(all)
		left := Left(strings.Fields(all), b)
		gone = slices.DeleteFunc(gone, func(f string) bool { return slices.Contains(left, f) })
		if got := strings.Join(gone, " "); got != tt.gone {
			t.Errorf("%s at %s hides %q, want %q", tt.godebug, tt.goamd64, got, tt.gone)
		}
	}
	if got := Left([]string{"aes", "sve2"}, Build{GOARCH: "arm64", GODEBUG: "cpu.all=off"}); !slices.Equal(got, []string{"sve2"}) {
		t.Errorf("arm64: got %v, want sve2 alone, which has no option", got)
	}
}

func TestCompiled(t *testing.T) {
	tests := []struct{ level, want string }{
		{"", ""},
		{"v1", ""},
		{"v2", "popcnt sse3 sse42 sse4_1 ssse3"},
		{"v3", "avx avx2 bmi1 bmi2 fma popcnt sse3 sse42 sse4_1 ssse3"},
		{"v4", "avx avx2 avx512bw avx512cd avx512dq avx512f avx512vl bmi1 bmi2 fma popcnt sse3 sse42 sse4_1 ssse3"},
	}
	for _, tt := range tests {
		if got := strings.Join(Compiled(tt.level), " "); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.level, got, tt.want)
		}
	}
}

// What this process sees is what Left and its like for golang.org/x/sys/cpu leave of what the CPU has.
func TestLeftIsWhatIsSeen(t *testing.T) {
	tests := []string{"cpu.aes=off", "cpu.all=off", "cpu.avx512ifma=off,cpu.adx=off"}
	for _, godebug := range tests {
		c := detectUnder(t, godebug)
		hidden := Build{GODEBUG: godebug}.hiddenFromXSys()
		for _, f := range c.goFeatures {
			if hidden[f] != "" {
				t.Errorf("%s: %s is thought hidden, and is seen", godebug, f)
			}
		}
		for _, f := range Detect().GoFeatures {
			if hidden[f] == "" && !slices.Contains(c.goFeatures, f) {
				t.Errorf("%s: %s is thought seen, and is hidden", godebug, f)
			}
		}
	}
}
