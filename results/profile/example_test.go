package profile_test

import (
	"bytes"
	"fmt"
	"runtime/pprof"

	"github.com/tlslab/tlslab/results/profile"
)

func Example() {
	var taken bytes.Buffer
	if err := pprof.StartCPUProfile(&taken); err != nil {
		fmt.Println(err)
		return
	}
	pprof.StopCPUProfile() // of nothing at all

	labelled, err := profile.Label(taken.Bytes(), map[string]string{"variant": "std", "kind": "full"})
	if err != nil {
		fmt.Println(err)
		return
	}
	p, err := profile.Parse(labelled)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("one sample per", p.Period, "of processor time")
	// Output: one sample per 10ms of processor time
}
