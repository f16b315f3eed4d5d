package vaesgcm

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestNewRefusesKeys(t *testing.T) {
	requireAvailable(t)
	for _, n := range []int{0, 15, 17, 24, 31, 33} {
		if a, err := New(make([]byte, n)); err == nil || a != nil {
			t.Errorf("key of %d bytes: %v, %v", n, a, err)
		}
	}
}

// What GODEBUG hides is named, and New refuses.
func TestAvailableUnderGODEBUG(t *testing.T) {
	if os.Getenv("TLSLAB_TEST_AVAILABLE") != "" {
		a, err := New(make([]byte, 16))
		if a != nil || err == nil {
			t.Fatalf("New: %v, %v", a, err)
		}
		os.Stdout.WriteString("refused: " + err.Error() + "\n")
		return
	}
	requireAvailable(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for _, feature := range []string{"avx512f", "avx512bw", "avx512vl", "avx512vaes", "avx512vpclmulqdq", "bmi2"} {
		child := exec.Command(self, "-test.run", "^TestAvailableUnderGODEBUG$")
		child.Env = append(os.Environ(), "TLSLAB_TEST_AVAILABLE=1", "GODEBUG=cpu."+feature+"=off",
			"GORACE=atexit_sleep_ms=0") // or each takes a second
		said, err := child.Output()
		if want := "refused: no " + feature + ":"; err != nil || !strings.Contains(string(said), want) {
			t.Errorf("%s off: %v, %q, want %q", feature, err, said, want)
		}
	}
}
