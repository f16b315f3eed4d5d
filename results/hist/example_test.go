package hist_test

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/results/hist"
)

// Workers share a recorder; what one block recorded is merged with the next, never averaged.
func Example() {
	r := hist.NewRecorder()
	for i := range 1000 {
		r.Record(2*time.Millisecond + time.Duration(i)*time.Microsecond)
	}
	first := r.Snapshot()

	var slow hist.Histogram
	slow.Record(int64(9 * time.Millisecond))
	pooled := first
	if err := pooled.Merge(&slow); err != nil {
		fmt.Println(err)
	}
	fmt.Println(pooled.Count(), time.Duration(pooled.Quantile(0.5)), time.Duration(pooled.Max()))

	coarse, err := pooled.Coarsen(3)
	fmt.Println(time.Duration(coarse.Quantile(0.5)), err)

	text, err := json.Marshal(slow)
	fmt.Println(string(text[:61]), err)
	// Output:
	// 1001 2.500607ms 9ms
	// 2.621439ms <nil>
	// {"count":1,"min_ns":9000000,"max_ns":9000000,"sum_ns":9000000 <nil>
}
