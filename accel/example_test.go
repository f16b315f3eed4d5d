package accel_test

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/accel"
)

// A scenario that switches AVX2 off needs a build that does not take it for granted.
func ExampleKnownOptions() {
	for _, level := range []string{"v2", "v3"} {
		fmt.Println(level, slices.Contains(accel.KnownOptions("amd64", level), "cpu.avx2"))
	}
	// Output:
	// v2 true
	// v3 false
}
