// Package effect turns the log-ratios of groups into a ratio with an exact interval and a verdict.
package effect

// Verdict is what may be said of a ratio.
type Verdict string

const (
	Better       Verdict = "better"
	Worse        Verdict = "worse"
	Same         Verdict = "same"         // the interval is inside the margin
	Inconclusive Verdict = "inconclusive" // neither
	Invalid      Verdict = "invalid"      // a guard was violated, or the comparison is refused
)

// Ratio is candidate/baseline with its confidence interval.
type Ratio struct {
	Point float64 `json:"point"`
	Lo    float64 `json:"lo"`
	Hi    float64 `json:"hi"`
}
