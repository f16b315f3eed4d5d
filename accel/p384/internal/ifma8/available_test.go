package ifma8

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"
)

// TestAvailable runs itself with features turned off.
func TestAvailable(t *testing.T) {
	const child = "IFMA8_AVAILABLE_CHILD"
	if os.Getenv(child) != "" {
		if err := Available(); err == nil {
			t.Error("the path is available")
		} else {
			t.Logf("refused: %v", err)
		}
		return
	}
	t.Logf("here: %v", Available())
	if Available() != nil {
		return // there is nothing to turn off
	}
	for _, feature := range []string{"avx512f", "avx512dq", "avx512ifma", "avx512vbmi2", "all"} {
		cmd := exec.Command(os.Args[0], "-test.run=^TestAvailable$", "-test.v")
		cmd.Env = append(os.Environ(), child+"=1", "GODEBUG=cpu."+feature+"=off", "GORACE=atexit_sleep_ms=0")
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.Contains(string(out), "refused: ") {
			t.Errorf("cpu.%s=off on %s: %v\n%s", feature, runtime.GOARCH, err, out)
		}
	}
}
