package accel

import (
	"cmp"
	"runtime"
	"slices"
	"strings"
)

// words are the features of GODEBUG options whose names differ from those of the features. The AVX-512 forms of
// VAES and others are golang.org/x/sys/cpu's.
var words = map[string]string{
	"sse41": "sse4_1", "sha": "sha_ni", "avx512vbmi2": "avx512_vbmi2", "avxifma": "avx_ifma", "avx512gfni": "gfni",
	"avx512vaes": "vaes", "avx512vpclmulqdq": "vpclmulqdq",
}

func word(option string) string {
	if w, ok := words[option]; ok {
		return w
	}
	return option
}

// xsysOptions are those of golang.org/x/sys/cpu that hide a feature of ours, by architecture. It knows them whatever
// the GOAMD64 level.
var xsysOptions = map[string][]string{
	"amd64": {
		"adx", "aes", "avx", "avx2", "avx512bw", "avx512cd", "avx512dq", "avx512f", "avx512ifma", "avx512vbmi",
		"avx512vbmi2", "avx512vl", "avxifma", "bmi1", "bmi2", "pclmulqdq", "rdrand", "rdseed", "sse41", "ssse3",
		"avx512gfni", "avx512vaes", "avx512vpclmulqdq",
	},
	"arm64": {"aes", "asimd", "atomics", "pmull", "sha1", "sha2", "sha3", "sha512", "sve", "sve2"},
	"s390x": {"aes", "aescbc", "aesctr", "aesgcm", "ghash", "msa", "sha1", "sha256", "sha3", "sha512", "vx", "vxe"},
}

// Left lists, of these features, those that the standard library sees under the build's GODEBUG, in the same order.
// What the build's GOAMD64 level takes for granted stays, whatever GODEBUG says.
func Left(features []string, b Build) []string {
	return visible(features, b.hiddenFromStd())
}

// Compiled lists the features that a GOAMD64 level takes for granted, sorted; v1 and "" none.
func Compiled(goamd64 string) []string {
	level := slices.Index(levels, cmp.Or(goamd64, "v1")) + 1
	features := []string{}
	for _, o := range amd64Options {
		if o.level <= level {
			for _, name := range o.names {
				features = append(features, word(name))
			}
		}
	}
	slices.Sort(features)
	return features
}

// hiddenFromStd gives the option that hides a feature from internal/cpu, by feature.
func (b Build) hiddenFromStd() map[string]string {
	var options []string
	for _, o := range KnownOptions(b.goarch(), b.GOAMD64) {
		options = append(options, strings.TrimPrefix(o, "cpu."))
	}
	return hidden(b.GODEBUG, options)
}

// hiddenFromXSys gives the option that hides a feature from golang.org/x/sys/cpu, by feature.
func (b Build) hiddenFromXSys() map[string]string {
	return hidden(b.GODEBUG, xsysOptions[b.goarch()])
}

// hidden reads GODEBUG as both readers do: the last word on an option counts, cpu.all is every option at once, and
// what is neither on nor off is nothing.
func hidden(godebug string, options []string) map[string]string {
	by := map[string]string{}
	for setting := range strings.SplitSeq(godebug, ",") {
		name, value, _ := strings.Cut(setting, "=")
		name, ok := strings.CutPrefix(name, "cpu.")
		if !ok || value != "on" && value != "off" {
			continue
		}
		for _, option := range options {
			if name != option && name != "all" {
				continue
			}
			if delete(by, word(option)); value == "off" {
				by[word(option)] = setting
			}
		}
	}
	return by
}

func visible(features []string, hidden map[string]string) []string {
	left := []string{}
	for _, f := range features {
		if hidden[f] == "" {
			left = append(left, f)
		}
	}
	return left
}

func (b Build) goos() string   { return cmp.Or(b.GOOS, runtime.GOOS) }
func (b Build) goarch() string { return cmp.Or(b.GOARCH, runtime.GOARCH) }
func (b Build) purego() bool   { return slices.Contains(b.Tags, "purego") }

// boring says whether BoringCrypto is really in the build: elsewhere Go leaves it out without a word.
func (b Build) boring() bool {
	return b.Backend == "boringcrypto" && b.goos() == "linux" && (b.goarch() == "amd64" || b.goarch() == "arm64")
}
