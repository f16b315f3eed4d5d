package reports_test

import (
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/analysis"
)

// acceleration is the parts that tell which code ran.
var acceleration = []reports.Part{reports.Paths, reports.Signer, reports.Ablation}

func TestAcceleratedGolden(t *testing.T) {
	for prefix, a := range map[string]*analysis.Analysis{"accelerated-": accelerated(), "ablated-": ablated()} {
		d := reports.New(a, acceleration...)
		all := writers(d)
		for _, name := range []string{"report.html", "report.json", "report.md", "report.txt", "narrow.txt"} {
			t.Run(prefix+name, func(t *testing.T) { golden(t, prefix+name, render(t, all[name])) })
		}
		checkPage(t, render(t, d.WriteHTML))
		for _, width := range []int{80, 100, 120} {
			text := render(t, func(w io.Writer) error { return d.WriteText(w, reports.Options{Width: width}) })
			for line := range strings.Lines(string(text)) {
				if n := len([]rune(strings.TrimSuffix(line, "\n"))); n > width {
					t.Errorf("%swidth %d: a line has %d columns: %s", prefix, width, n, line)
				}
			}
		}
	}
}

func TestNothingAcceleratedWithoutData(t *testing.T) {
	for name, a := range map[string]*analysis.Analysis{"empty": {}, "measured": sample()} {
		if d := reports.New(a, acceleration...); len(d.Sections) > 0 {
			t.Errorf("%s: got %d sections", name, len(d.Sections))
		}
	}
}

func textOf(t *testing.T, a *analysis.Analysis) string {
	t.Helper()
	// as long as it takes: what is said, not where the lines end
	return string(render(t, func(w io.Writer) error {
		return reports.New(a, acceleration...).WriteText(w, reports.Options{Width: 100_000})
	}))
}

func TestPathsSay(t *testing.T) {
	text := strings.ReplaceAll(textOf(t, accelerated()), "\u00a0", " ")
	for _, want := range []string{
		"instruments: {pprof: true}",
		"VAES, VPCLMULQDQ: unused by Go 1.26 in aes-gcm: aes-128-gcm 16 kB would take 0.490x [0.470, 0.510] of the time",
		"ADX, BMI2, AVX512IFMA: unused by Go 1.26 in ecdsa-p384 sign, ecdh-p384 of std, lab",
		"aes-gcm of boringcrypto: not the boringssl code that was expected: crypto/internal/fips140/aes/gcm.gcmAesEnc (assembly) and the like have 100 % of its time",
		"lab-ifma8: the server's accel is std (ecdsa-p384 sign of std)",
		"as expected (not seen in lab)",
		"Experimental, for lab keys only",
		"lab: asked for auto, got lab-ifma8: the fastest that runs here",
		"mean fill 1.00 of 8; what batches save does not show here",
		"1 of 6733 signatures by crypto/ecdsa: the lab's code found its own result wrong",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q", want)
		}
	}
}

func TestAblationSays(t *testing.T) {
	text := strings.ReplaceAll(textOf(t, ablated()), "\u00a0", " ")
	for _, want := range []string{
		"no-sha: with cpu.sha=off, sha-256 should run AVX2, but it does not: crypto/internal/fips140/sha256.blockSHANI (assembly) and the like have 100 % of its time (2 cells)",
		"no-adx: with cpu.adx=off, rsa-2048 sign should run multiplication in assembly (MULQ), but it takes the same time (2 cells)",
		"gcm.gcmAesEnc → aes.encryptBlockGeneric",
		"aes-128-gcm 16 kB 41.0x [40.6, 41.4]",
		"bmi2=off: none of these primitives would run other code",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("nothing says %q", want)
		}
	}
	if strings.Contains(text, "no-aes: with") {
		t.Error("the option that did what it should has a warning")
	}
}

func TestJSONHasCodes(t *testing.T) {
	for name, a := range map[string]*analysis.Analysis{"accelerated": accelerated(), "ablated": ablated()} {
		if got, want := decode(t, a), reports.DataOf(a); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: what was read is not what was written", name)
		}
	}
	d := decode(t, accelerated())
	if len(d.Codes) != 15 || d.Codes[0].Primitive != "aes-gcm" || len(d.Codes[0].Seen) != 1 || d.Codes[0].Seen[0].Share != 0.005 {
		t.Errorf("got %d codes, the first %+v", len(d.Codes), d.Codes[0])
	}
	if s := d.Series[1].Signer; s == nil || s.Signatures != 6733 || s.MeanFill == nil || len(s.Warnings) != 2 || d.Series[0].Signer != nil {
		t.Errorf("got the signer %+v", s)
	}
	if d.Variants[1].Accel != "auto" || d.Variants[1].Running.Signer != "lab-ifma8" {
		t.Errorf("got the variant %+v", d.Variants[1])
	}
	if all := decode(t, ablated()).Ablations; len(all) != 5 || len(all[0].Changes) != 2 || all[0].Changes[0].Showing != analysis.Changed {
		t.Errorf("got the ablations %+v", all)
	}
}
