package main

import (
	"slices"
	"testing"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/handshake/experiment"
)

func TestMeasured(t *testing.T) {
	low, high := 0.00123456, 0.0123456
	for want, m := range map[string]experiment.Measure{
		"4.57ms [1.23ms, 12.3ms] of 100": {Unit: "s", Value: 0.0045678, Low: &low, High: &high, Of: 100},
		"834ns per handshake":            {Unit: "s/handshake", Value: 834e-9},
		"20.1s":                          {Unit: "s", Value: 20.0812, Of: 1},
		"3 of 386 rpcs":                  {Unit: "rpcs", Value: 3, Of: 386},
		"0s":                             {Unit: "s"},
		"0.25 share":                     {Unit: "share", Value: 0.25},
	} {
		if got := measured(m); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// What scenarios may ask for, and what their claims may name, is what there is.
func TestExperimentsAreThoseOfScenarios(t *testing.T) {
	var names []string
	for _, e := range lab.Experiments() {
		if e.Title == "" || e.Doc == "" || e.Takes <= 0 || slices.Contains(names, e.Name) {
			t.Errorf("experiment %q: title %q, doc %q, takes %v, or named twice", e.Name, e.Title, e.Doc, e.Takes)
		}
		names = append(names, e.Name)
	}
}
