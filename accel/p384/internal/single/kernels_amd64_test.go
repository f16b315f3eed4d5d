//go:build !purego

package single

import (
	"os"
	"os/exec"
	"testing"
)

// portably calls f with the kernels switched off.
func portably(f func()) {
	a, b := adx, avx2
	adx, avx2 = false, false
	defer func() { adx, avx2 = a, b }()
	f()
}

func TestKernelUnderGODEBUG(t *testing.T) {
	if want := os.Getenv("SINGLE_KERNEL"); want != "" {
		if got := Kernel(); got != want {
			t.Errorf("kernel %s, want %s", got, want)
		}
		return
	}
	if !adx {
		t.Skip("no ADX or BMI2 here, or GODEBUG hides it")
	}
	for options, want := range map[string]string{"": "adx", "cpu.adx=off": "portable", "cpu.bmi2=off": "portable", "cpu.all=off": "portable"} {
		child := exec.Command(os.Args[0], "-test.run=^TestKernelUnderGODEBUG$")
		child.Env = append(os.Environ(), "SINGLE_KERNEL="+want, "GODEBUG="+options)
		if out, err := child.CombinedOutput(); err != nil {
			t.Errorf("GODEBUG=%s: %v\n%s", options, err, out)
		}
	}
}
