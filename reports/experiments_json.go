package reports

import (
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// ClaimData is a statement that the scenario tests, and what became of it. What was measured is in Unit, as the bound
// is; the bounds of the interval are null where there is none.
type ClaimData struct {
	Claim      string              `json:"claim"`
	From       string              `json:"from,omitempty"`
	Line       int                 `json:"line,omitempty"` // of the scenario's text
	Ratio      *results.OfSeries   `json:"ratio,omitempty"`
	Value      *results.OfSeries   `json:"value,omitempty"`
	Experiment *results.OfMeasure  `json:"experiment,omitempty"`
	Holds      string              `json:"holds,omitempty"` // the condition as it was written
	Operator   results.Operator    `json:"operator,omitempty"`
	Bound      *float64            `json:"bound"` // null: it is not testable
	Expect     results.Expectation `json:"expect,omitempty"`
	State      analysis.ClaimState `json:"state"`
	Measured   *float64            `json:"measured"`
	Low        *float64            `json:"low"`
	High       *float64            `json:"high"`
	Unit       string              `json:"unit,omitempty"`
	Detail     string              `json:"detail"`
	Surprise   bool                `json:"against_expectation"`
}

// ExperimentData is one question that was asked once, beside the blocks. Measures are in the unit beside them.
type ExperimentData struct {
	Name    string    `json:"name"`
	Title   string    `json:"title"`
	Doc     string    `json:"doc"`
	Took    float64   `json:"took_seconds"`
	Arms    []ArmData `json:"arms"`
	Skipped string    `json:"skipped,omitempty"` // why it could not be made
}

// ArmData is one setting of an experiment.
type ArmData struct {
	Name     string          `json:"name"`
	Role     experiment.Role `json:"role,omitempty"`
	Doc      string          `json:"doc,omitempty"`
	Measures []MeasureData   `json:"measures"`
	Notes    []string        `json:"notes"`
	Skipped  string          `json:"skipped,omitempty"`
}

// MeasureData is one number of an arm; the bounds of its interval are null where it has none.
type MeasureData struct {
	Name  string   `json:"name"`
	Unit  string   `json:"unit"`
	Value *float64 `json:"value"`
	Low   *float64 `json:"low"`
	High  *float64 `json:"high"`
	Of    uint64   `json:"of,omitempty"`
}

func claimData(c analysis.Claim) ClaimData {
	asked := c.Asked
	d := ClaimData{
		Claim: asked.Claim, From: asked.From, Line: asked.Line, Ratio: asked.Ratio, Value: asked.Value, Experiment: asked.Experiment,
		Holds: asked.Holds, Operator: asked.Operator, Expect: asked.Expect,
		State: c.State, Measured: finiteIf(c.Value), Low: finiteIf(c.Low), High: finiteIf(c.High), Unit: c.Unit, Detail: c.Detail, Surprise: c.Surprise,
	}
	if asked.Untestable == "" {
		d.Bound = finite(asked.Bound)
	}
	return d
}

// finiteIf is finite for a number that may be missing.
func finiteIf(v *float64) *float64 {
	if v == nil {
		return nil
	}
	return finite(*v)
}

func experimentData(r experiment.Result) ExperimentData {
	return ExperimentData{r.Name, r.Title, r.Doc, r.Took.Seconds(), each(r.Arms, armData), r.Skipped}
}

func armData(a experiment.Arm) ArmData {
	return ArmData{a.Name, a.Role, a.Doc, each(a.Measures, measureData), filled(a.Notes), a.Skipped}
}

func measureData(m experiment.Measure) MeasureData {
	return MeasureData{m.Name, m.Unit, finite(m.Value), finiteIf(m.Low), finiteIf(m.High), m.Of}
}
