package main

import (
	"testing"
	"time"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/scenarios"
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

// What scenarios may ask for is what there is, and takes as long. The arms and measures that claims name are checked
// against real results by the tests of the experiments.
func TestExperimentsAreThoseOfScenarios(t *testing.T) {
	known := map[string]time.Duration{}
	for _, e := range scenarios.Experiments() {
		known[e.Name] = e.Takes
	}
	for _, e := range lab.Experiments() {
		if takes, ok := known[e.Name]; !ok || takes != e.Takes || e.Title == "" || e.Doc == "" {
			t.Errorf("experiment %q takes %v, title %q, doc %q; scenarios know %v, %t", e.Name, e.Takes, e.Title, e.Doc, takes, ok)
		}
		delete(known, e.Name)
	}
	if len(known) > 0 {
		t.Errorf("scenarios know experiments that there are not, or that are there twice: %v", known)
	}
}
