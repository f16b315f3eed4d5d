package scenarios

import (
	"slices"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake/variant"
)

// lint finds what is wrong with a scenario whose single values are right: settings that contradict each other, and
// rules that match nothing.
func (d *decoder) lint(s *Scenario) {
	s.settle()
	for _, v := range s.Variants {
		d.lintBuild(v)
		d.lintGODEBUG(v)
		d.lintReload(v)
		d.lintApp(v)
	}
	if s.matrix.broken || len(s.Variants) == 0 || slices.Contains(s.variantNames(), "") {
		return // its mistakes are reported already, and rules would seem wrong because of them
	}
	d.lintServer(s)
	d.lintProtocols(s)
	d.lintTurns(s)
	d.lintDisturb(s)
	d.lintScorecard(s)
	before := len(d.found)
	if d.expandMatrix(s); len(d.found) == before && len(s.Loads) > 0 {
		d.lintObjectives(s)
		d.lintExpected(s)
		d.lintDialer(s)
		d.lintClaims(s)
	}
}

func (d *decoder) lintBuild(v Variant) {
	b := v.Build
	boring, fips := b.Backend == variant.BoringCrypto, godebug(v, "fips140")
	switch {
	case boring && b.GOFIPS140 != "":
		d.add(v.buildAt, "use backend: fips140", "variant %q: Go refuses GOFIPS140 together with boringcrypto", v.Name)
	case b.GOFIPS140 != "" && b.Backend != variant.FIPS140:
		d.add(v.buildAt, "set backend: fips140", "variant %q: gofips140 needs the fips140 backend", v.Name)
	case boring && fipsMode(v):
		d.add(v.godebugAt, "use backend: fips140", "variant %q: a boringcrypto server panics under GODEBUG fips140=%s", v.Name, fips)
	case fipsMode(v) && slices.Contains(b.Tags, "purego"):
		d.add(v.buildAt, "", "variant %q: FIPS 140-3 mode is incompatible with the build tag purego", v.Name)
	}
}

// debugOption is one setting of GODEBUG.
type debugOption struct{ name, value string }

func debugOptions(text string) []debugOption {
	var all []debugOption
	for part := range strings.SplitSeq(text, ",") {
		if name, value, _ := strings.Cut(part, "="); part != "" {
			all = append(all, debugOption{name, value})
		}
	}
	return all
}

// godebug is a variant's value of a GODEBUG setting; the last one counts.
func godebug(v Variant, name string) (value string) {
	for _, o := range debugOptions(v.Env["GODEBUG"]) {
		if o.name == name {
			value = o.value
		}
	}
	return value
}

// lintGODEBUG refuses settings that the runtime would ignore with a line on stderr, or in silence: the variant would
// be measured as if it were another one.
func (d *decoder) lintGODEBUG(v Variant) {
	for _, o := range debugOptions(v.Env["GODEBUG"]) {
		switch {
		case o.value == "":
			d.add(v.godebugAt, "write name=value", "GODEBUG setting %q has no value", clip(o.name))
		case strings.HasPrefix(o.name, "cpu."):
			d.lintCPU(v, o)
		case o.name == "fips140" && !slices.Contains([]string{"on", "only", "off", "debug"}, o.value):
			d.add(v.godebugAt, "allowed here: on, only, off", "unknown value %q of GODEBUG fips140", clip(o.value))
		case slices.Contains(debugNames(), o.name):
		case nearest(o.name, debugNames()) != "":
			d.add(v.godebugAt, didYouMean(o.name, debugNames()), "unknown GODEBUG setting %q", clip(o.name))
		}
	}
}

func (d *decoder) lintCPU(v Variant, o debugOption) {
	level := v.Build.GOAMD64
	switch {
	case o.value != "on" && o.value != "off":
		d.add(v.godebugAt, "allowed here: on, off", "unknown value %q of GODEBUG %s", clip(o.value), clip(o.name))
	case slices.Contains(accel.KnownOptions("amd64", level), o.name):
	case slices.Contains(accel.KnownOptions("arm64", ""), o.name):
		if level != "" {
			d.add(v.godebugAt, "", "GODEBUG %s is for arm64, but the build names goamd64", o.name)
		}
	case level != "" && slices.Contains(accel.KnownOptions("amd64", ""), o.name):
		d.add(v.godebugAt, "build this variant with a lower goamd64",
			"GODEBUG %s does not exist at GOAMD64=%s, which takes the feature for granted", o.name, level)
	default:
		d.add(v.godebugAt, didYouMean(o.name, switches()), "unknown CPU feature in GODEBUG: %s", clip(o.name))
	}
}

// switches lists the cpu.* settings of GODEBUG on every machine that the lab knows.
func switches() []string {
	all := slices.Concat(accel.KnownOptions("amd64", ""), accel.KnownOptions("arm64", ""))
	slices.Sort(all)
	return slices.Compact(all)
}

// cpuFeatures lists what "requires" may name: the words of Linux that accel.Detect uses.
func cpuFeatures() []string {
	return []string{
		"adx", "aes", "asimd", "atomics", "avx", "avx2", "avx512_vbmi2", "avx512bw", "avx512cd", "avx512dq", "avx512f",
		"avx512ifma", "avx512vbmi", "avx512vl", "avx_ifma", "bmi1", "bmi2", "gfni", "pclmulqdq", "pmull", "rdrand",
		"rdseed", "sha1", "sha2", "sha3", "sha512", "sha_ni", "sse4_1", "ssse3", "sve", "sve2", "vaes", "vpclmulqdq",
	}
}

// readFeature reads the word of a CPU feature.
func readFeature(s string) (string, error) {
	if s == "sha" {
		return "", wrong(`the CPU's word for what GODEBUG calls cpu.sha is "sha_ni"`, "unknown CPU feature %q", s)
	}
	return oneOf("CPU feature", cpuFeatures()...)(s)
}

// debugNames lists settings of GODEBUG that a TLS server may want, from Go 1.26's documentation and its runtime. A
// name that is not here is passed on, since another toolchain may know it, unless it looks like a slip.
func debugNames() []string {
	return []string{
		"asynctimerchan", "asyncpreemptoff", "cgocheck", "clobberfree", "containermaxprocs", "cryptocustomrand",
		"dataindependenttiming", "disablethp", "fips140", "fips140ems", "gccheckmark", "gcpacertrace",
		"gcshrinkstackoff", "gcstoptheworld", "gctrace", "http2client", "http2debug", "http2server", "inittrace",
		"invalidptr", "madvdontneed", "multipathtcp", "netdns", "netedns0", "panicnil", "profstackdepth",
		"randautoseed", "rsa1024min", "runtimecontentionstacks", "sbrk", "scavtrace", "scheddetail", "schedtrace",
		"tls10server", "tls3des", "tlsmaxrsasize", "tlsmlkem", "tlsrsakex", "tlssecpmlkem", "tlssha1",
		"tlsunsafeekm", "tracebackancestors", "updatemaxprocs", "x509keypairleaf", "x509negativeserial",
		"x509rsacrt", "x509sha1", "x509sha256skid", "x509usefallbackroots", "x509usepolicies",
	}
}

// lintProtocols refuses an ALPN protocol that no server of the scenario offers: more likely a slip than a choice.
func (d *decoder) lintProtocols(s *Scenario) {
	for _, p := range s.matrix.alpn {
		offered := slices.ContainsFunc(s.Variants, func(v Variant) bool { return slices.Contains(v.Server.ALPN, p) })
		if p != "" && !offered {
			d.add(s.matrix.alpnAt, `add it to "server.alpn"`, "no server offers the ALPN protocol %q", clip(p))
		}
	}
}
