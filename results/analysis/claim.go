package analysis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results"
)

// Claim is a statement that a scenario tests, and what became of it.
type Claim struct {
	Asked    results.Claim
	State    ClaimState
	Value    *float64 // what was measured, in Unit; nil: nothing was
	Low      *float64 // of its 95 % interval; nil, as High then is: it has none
	High     *float64
	Unit     string // ratio, share, s, s/handshake, B, or what was counted
	Detail   string // where it was measured and what it rests on; why it was not
	Surprise bool   // it is decided against the expectation of the scenario's author
}

// ClaimState is what became of a claim.
type ClaimState string

const (
	Holding    ClaimState = "holds"
	Failing    ClaimState = "fails"
	Unclear    ClaimState = "unclear"    // the interval contains the bound, or a number without interval cannot decide
	Unmeasured ClaimState = "unmeasured" // what decides it was not measured, or not validly
	Untestable ClaimState = "untestable" // nothing here can decide it
)

// ClaimStates lists the states in the order in which reports count them.
func ClaimStates() []ClaimState {
	return []ClaimState{Holding, Failing, Unclear, Unmeasured, Untestable}
}

// claimsOf judges each claim of the scenario, in its order.
func (a *Analysis) claimsOf(measured []judged) []Claim {
	var all []Claim
	for _, c := range a.Manifest.Claims {
		all = append(all, a.test(c, measured))
	}
	return all
}

func (a *Analysis) test(asked results.Claim, measured []judged) Claim {
	c := Claim{Asked: asked}
	if asked.Untestable != "" {
		c.State, c.Detail = Untestable, asked.Untestable
		return c
	}
	e, err := a.proof(asked, measured)
	if err != nil {
		c.State, c.Detail = Unmeasured, err.Error()
		return c
	}
	c.Value, c.Low, c.High, c.Unit, c.Detail = &e.value, e.low, e.high, e.unit, strings.Join(e.detail, "; ")
	c.State = e.decide(asked.Operator, asked.Bound)
	c.Surprise = c.State == Holding && asked.Expect == results.Fails || c.State == Failing && asked.Expect == results.Holds
	return c
}

func (a *Analysis) proof(asked results.Claim, measured []judged) (proof, error) {
	switch {
	case asked.Ratio != nil:
		return a.ratioFor(*asked.Ratio)
	case asked.Value != nil:
		return a.valueFor(*asked.Value, measured)
	case asked.Experiment != nil:
		return a.measureFor(*asked.Experiment)
	}
	return proof{}, fmt.Errorf("it names nothing that could decide it")
}

// claimed says whether some claim is about a metric's ratio of a variant.
func claimed(claims []results.Claim, metric, variant string) bool {
	return slices.ContainsFunc(claims, func(c results.Claim) bool {
		return c.Ratio != nil && c.Ratio.Metric == metric && c.Ratio.Variant == variant
	})
}

// surprises are the claims that were decided against their expectation.
func (a *Analysis) surprises() []Claim {
	return slices.DeleteFunc(slices.Clone(a.Claims), func(c Claim) bool { return !c.Surprise })
}

// TallyOf counts claims: "21 of 30 claims hold, 6 fail, 3 unclear; 2 against expectation".
func TallyOf(all []Claim) string {
	var parts []string
	for _, state := range ClaimStates()[1:] {
		n := count(all, func(c Claim) bool { return c.State == state })
		switch {
		case n > 0 && state == Failing:
			parts = append(parts, fmt.Sprintf("%d %s", n, agree(n, "fails", "fail")))
		case n > 0:
			parts = append(parts, fmt.Sprintf("%d %s", n, state))
		}
	}
	holding := count(all, func(c Claim) bool { return c.State == Holding })
	text := fmt.Sprintf("%d of %s %s", holding, plural(len(all), "claim"), agree(holding, "holds", "hold"))
	text = strings.Join(append([]string{text}, parts...), ", ")
	if n := count(all, func(c Claim) bool { return c.Surprise }); n > 0 {
		text += fmt.Sprintf("; %d against expectation", n)
	}
	return text
}

// agree is the verb for so many things.
func agree(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// told is a claim that was decided, in one sentence.
func (c Claim) told() string {
	text := fmt.Sprintf("%q %s: measured %s", c.Asked.Claim, c.State, amount(*c.Value, c.Unit))
	if c.Low != nil {
		text += fmt.Sprintf(" [%s, %s]", amount(*c.Low, c.Unit), amount(*c.High, c.Unit))
	}
	text += ", claimed " + c.Asked.Holds + " (" + c.Detail + ")"
	if c.Surprise {
		text = "against expectation: " + text
	}
	return text
}

// amount writes a number with its unit.
func amount(v float64, unit string) string {
	switch unit {
	case ratioUnit:
		return times(v) + "x"
	case "share":
		return percent(v)
	case "s", "s/handshake":
		for _, u := range []struct {
			size float64
			name string
		}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
			if v >= u.size {
				return fmt.Sprintf("%.4g %s", v/u.size, u.name)
			}
		}
		return fmt.Sprintf("%.4g ns", v*1e9)
	}
	return fmt.Sprintf("%.4g %s", v, unit)
}
