package history_test

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/tlslab/tlslab/results/analysis/history"
)

// A candidate that costs 5 % more from the 21st night on.
func Example() {
	dir, err := os.MkdirTemp("", "history")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "nightly.jsonl")
	first := time.Date(2026, 3, 1, 2, 0, 0, 0, time.UTC)
	for night := range 40 {
		ratio := 1 + 0.001*float64(night%3)
		if night >= 20 {
			ratio *= 1.05
		}
		p := history.Point{
			When: first.AddDate(0, 0, night), Scenario: "nightly", Commit: fmt.Sprintf("c%02d", night), Baseline: "std",
			Effects: history.Effects{"full": {"fips": {"server_cpu": {Ratio: ratio, Lo: ratio, Hi: ratio, Margin: 0.02, Gated: true}}}},
		}
		if _, err := history.Append(file, p, history.Cap); err != nil {
			fmt.Println(err)
			return
		}
	}

	f, err := os.Open(file)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	points, _, err := history.Read(f)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range history.SeriesOf(points) {
		for _, c := range s.Changes(s.Margin) {
			fmt.Printf("%s of %s: %.3f until %s, %.3f since %s\n", s.Metric, s.Variant,
				c.Before, s.Samples[c.At-1].Commit, c.After, s.Samples[c.At].Commit)
		}
	}
	age, stale := history.Stale(points, first.AddDate(0, 0, 45), 72*time.Hour)
	fmt.Println(age, stale)
	// Output:
	// server_cpu of fips: 1.001 until c19, 1.051 since c20
	// 144h0m0s true
}
