package results

// Claim is a statement about what is measured, written down before the run, and what decides whether it holds. One of
// Ratio, Value, Experiment and Untestable is set.
type Claim struct {
	Claim      string      `json:"claim"`          // in words, as it was published or supposed
	From       string      `json:"from,omitempty"` // who says so
	Ratio      *OfSeries   `json:"ratio,omitempty"`
	Value      *OfSeries   `json:"value,omitempty"`
	Experiment *OfMeasure  `json:"experiment,omitempty"`
	Untestable string      `json:"untestable,omitempty"` // why nothing here can decide it
	Holds      string      `json:"holds,omitempty"`      // the condition as it was written: <= 10 ms
	Operator   Operator    `json:"operator,omitempty"`
	Bound      float64     `json:"bound,omitempty"`  // in the unit of what is measured; of a ratio as such: 1.449
	Expect     Expectation `json:"expect,omitempty"` // what the scenario's author expects of it; empty: nothing
	Line       int         `json:"line,omitempty"`   // of the scenario's text, from 1
}

// OfSeries chooses a metric of one variant in one cell. A ratio is that of the variant to the baseline.
type OfSeries struct {
	Metric  string            `json:"metric"`
	Variant string            `json:"variant"`
	Cell    map[string]string `json:"cell,omitempty"` // by dimension, as in Expected; must choose one cell. Empty: there is only one
}

// OfMeasure chooses a measure of an experiment.
type OfMeasure struct {
	Name    string `json:"name"`
	Arm     string `json:"arm"`
	Measure string `json:"measure"`
}

// Operator compares what was measured with the bound of a claim.
type Operator string

const (
	Less    Operator = "<"
	AtMost  Operator = "<="
	Equals  Operator = "=="
	AtLeast Operator = ">="
	More    Operator = ">"
)

// Expectation is what the author of a scenario expects of a claim.
type Expectation string

const (
	Holds Expectation = "holds"
	Fails Expectation = "fails"
)
