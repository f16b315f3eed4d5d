package accel

import (
	"os"
	"testing"

	"github.com/tlslab/tlslab/accel/p384"
)

// What is expected of the lab's signers is what they say of themselves.
func TestLabSignersAgree(t *testing.T) {
	build := thisBuild(t)
	for _, status := range p384.Paths() {
		if status.Path == p384.Std {
			continue
		}
		build.Accel = string(status.Path)
		signer, ok := newChooser(Detect().Features, build).labTaken()
		if runs := ok && signer.name == string(status.Path); runs != (status.Refused == "") {
			t.Errorf("%+v: expected to run: %v, and it says of itself %q", build, runs, status.Refused)
		}
	}
	if os.Getenv("TLSLAB_TEST_LAB") == "" {
		for _, setting := range []string{
			"cpu.avx512ifma=off", "cpu.avx512_vbmi2=off", "cpu.avx512vbmi2=off", "cpu.avx512vl=off", "cpu.bmi2=off", "cpu.all=off", "fips140=on",
		} {
			if !build.startsWith(setting) {
				continue
			}
			if said, complained, err := again(t, "-test.run=^TestLabSignersAgree$", "TLSLAB_TEST_LAB=1", "GODEBUG="+setting); err != nil {
				t.Errorf("%s: %v: %s%s", setting, err, said, complained)
			}
		}
	}
}
