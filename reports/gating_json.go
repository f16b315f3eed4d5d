package reports

import (
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/results/metric"
)

// GatingData is how the gates of a run were judged together. Levels are two-sided errors, shares of 1.
type GatingData struct {
	Looks     []int        `json:"looks_groups"` // groups per cell; empty: once, at the end
	Taken     int          `json:"looks_taken"`
	Level     float64      `json:"level"` // of one look
	Families  []FamilyData `json:"families"`
	Once      float64      `json:"false_failure_probability"` // at most, of a change that costs nothing
	Confirmed float64      `json:"false_failure_probability_confirmed"`
}

// FamilyData is how many deciding gates share one error.
type FamilyData struct {
	Family metric.Family `json:"family"`
	Gates  int           `json:"gates"`
}

// JudgedData is how the gate on an effect was judged. The standing is failed, invalid, not confirmed, inconclusive,
// expected, advisory or passed.
type JudgedData struct {
	Standing     string            `json:"standing"`
	Line         int               `json:"line,omitempty"`      // of the scenario's text
	Level        *float64          `json:"level"`               // two-sided error; null: exact
	Ratio        *RatioData        `json:"ratio"`               // with the interval at that level
	Detectable   *float64          `json:"detectable_slowdown"` // the smallest slowdown that is found with 80 % probability, as ratio-1; null: unknown
	Confirmation *ConfirmationData `json:"confirmation"`        // null: nobody measured again
	Expected     *results.Expected `json:"expected"`            // null: nobody accepted this
}

// ConfirmationData is what a second run said of a gate that failed.
type ConfirmationData struct {
	Ratio   *RatioData     `json:"ratio"`
	Groups  int            `json:"groups"`
	Verdict effect.Verdict `json:"verdict"`
}

// NullData is the baseline against itself.
type NullData struct {
	Metric string     `json:"metric"`
	Ratio  *RatioData `json:"ratio"`
	Pairs  int        `json:"pairs"`
	Level  float64    `json:"level"`
	Fired  bool       `json:"fired"`
}

// ObjectiveData is an absolute limit and what was measured.
type ObjectiveData struct {
	Text   string                  `json:"text"`
	Line   int                     `json:"line,omitempty"`
	State  analysis.ObjectiveState `json:"state"`
	Detail string                  `json:"detail"`
}

// MovedData is a package whose instructions differ between the sides.
type MovedData struct {
	Package   string  `json:"package"` // empty: code without a package
	Baseline  float64 `json:"baseline"`
	Candidate float64 `json:"candidate"`
}

func gatingData(g *analysis.Gating) *GatingData {
	if g == nil {
		return nil
	}
	families := each(g.Families, func(f analysis.FamilyOfGates) FamilyData { return FamilyData(f) })
	return &GatingData{filled(g.Looks), g.Taken, g.Level, families, g.Once, g.Confirmed}
}

func judgedData(e analysis.Effect) *JudgedData {
	j := e.Judged
	if j == nil {
		return nil
	}
	d := &JudgedData{
		Standing: string(standingOf(e)), Line: j.Line, Level: unlessZero(j.Level), Ratio: ratioData(j.Ratio),
		Detectable: unlessZero(j.Detectable), Expected: j.Expected,
	}
	if c := j.Confirmation; c != nil {
		d.Confirmation = &ConfirmationData{ratioData(c.Ratio), c.Groups, c.Verdict}
	}
	return d
}

func nullData(n analysis.NullControl) NullData {
	return NullData{n.Metric, ratioData(n.Ratio), n.Pairs, n.Level, n.Fired}
}

func objectiveData(o analysis.Objective) ObjectiveData {
	return ObjectiveData{o.Text, o.Line, o.State, o.Detail}
}

func movedData(p analysis.Package) MovedData { return MovedData{p.Name, p.Baseline, p.Candidate} }

func countsData(c exact.Counts) exact.Counts {
	c.Key.Features = filled(c.Key.Features)
	return c
}
