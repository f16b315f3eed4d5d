package experiment_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
)

func upTo(n int) (all []time.Duration) {
	for i := n; i > 0; i-- {
		all = append(all, time.Duration(i)*time.Second)
	}
	return all
}

func TestQuantiles(t *testing.T) {
	tests := []struct {
		n    int
		want string
	}{
		{0, ""},
		{1, "t_max=1"},
		{9, "t_p50=5 [1, 9] t_max=9"},
		{100, "t_p50=50 [40, 61] t_p99=99 [97, 100] t_max=100"},
	}
	for _, tt := range tests {
		got := ""
		for i, m := range experiment.Quantiles("t", upTo(tt.n)) {
			if i > 0 {
				got += " "
			}
			got += fmt.Sprintf("%s=%g", m.Name, m.Value)
			if m.Low != nil {
				got += fmt.Sprintf(" [%g, %g]", *m.Low, *m.High)
			}
		}
		if got != tt.want {
			t.Errorf("%d values: got %s, want %s", tt.n, got, tt.want)
		}
	}
}

func ExampleResult() {
	r := experiment.Result{Name: "resumption", Arms: []experiment.Arm{{
		Name: "default", Role: experiment.Published,
		Measures: []experiment.Measure{experiment.Count("stale_accepts", "handshakes", 7, 8)},
	}}}
	arm, _ := r.Arm("default")
	m, _ := arm.Measure("stale_accepts")
	fmt.Printf("%g of %d %s\n", m.Value, m.Of, m.Unit)
	// Output: 7 of 8 handshakes
}
