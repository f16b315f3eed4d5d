package reports_test

import (
	"fmt"
	"os"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

func ExampleDocument_WriteText() {
	std, boring := 612e-6, 1414e-6
	a := &analysis.Analysis{
		Manifest: results.Manifest{Gates: []results.Gate{{Metric: "server_cpu", Worse: 0.02}}},
		Summary: analysis.Summary{
			Exit: 1, Sentence: "boringcrypto costs 2.31x the server CPU of std",
			Counts: map[effect.Verdict]int{effect.Worse: 1},
		},
		Effects: []analysis.Effect{{
			Cell: "p384", Metric: "server_cpu", Unit: "s/handshake", Title: "server CPU per handshake",
			Baseline:  analysis.Side{Variant: "std", Value: &std},
			Candidate: analysis.Side{Variant: "boringcrypto", Value: &boring},
			Ratio:     &effect.Ratio{Point: 2.31, Lo: 2.28, Hi: 2.35},
			Groups:    8, Measured: 8, Margin: 0.02,
			Verdict: effect.Worse, Gated: true, Failed: true,
		}},
	}
	d := reports.New(a, reports.Standard()...)
	if err := d.WriteText(os.Stdout, reports.Options{Width: 120}); err != nil {
		fmt.Println(err)
	}
	// Output:
	// boringcrypto costs 2.31x the server CPU of std
	// a gated metric is worse; effects: 1 worse
	//
	// Gates: 1 failed.
	//   Gates in the order in which they are decided
	//   gate                                verdict  ratio [interval]    test                  outcome
	//   server_cpu, boringcrypto / std,     ◆ worse  2.31x [2.28, 2.35]  margin 2 %, 8 groups  gate failed, not measured again
	//   p384
	//   - server_cpu of boringcrypto in p384: timing only: layout, frequency or memory (instructions were not counted)
}
