package results

import (
	"fmt"
	"math"

	"github.com/tlslab/tlslab/handshake/experiment"
)

// checkExperiments holds experiments against themselves: each is there once, and so is each of its arms and measures.
func (m *Manifest) checkExperiments(e Experiments) error {
	seen := map[string]bool{}
	for _, r := range e.Results {
		if r.Name == "" || seen[r.Name] {
			return fmt.Errorf("experiment %q: name empty or used twice", r.Name)
		}
		seen[r.Name] = true
		if err := checkArms(r); err != nil {
			return fmt.Errorf("experiment %q: %w", r.Name, err)
		}
	}
	return nil
}

func checkArms(r experiment.Result) error {
	if (r.Skipped == "") != (len(r.Arms) > 0) {
		return fmt.Errorf("%d arms, skipped %q", len(r.Arms), r.Skipped)
	}
	seen := map[string]bool{}
	for _, a := range r.Arms {
		if a.Name == "" || seen[a.Name] {
			return fmt.Errorf("arm %q: name empty or used twice", a.Name)
		}
		seen[a.Name] = true
		if err := checkMeasures(a); err != nil {
			return fmt.Errorf("arm %q: %w", a.Name, err)
		}
	}
	return nil
}

func checkMeasures(a experiment.Arm) error {
	if (a.Skipped == "") != (len(a.Measures) > 0) {
		return fmt.Errorf("%d measures, skipped %q", len(a.Measures), a.Skipped)
	}
	seen := map[string]bool{}
	for _, m := range a.Measures {
		switch {
		case m.Name == "" || seen[m.Name]:
			return fmt.Errorf("measure %q: name empty or used twice", m.Name)
		case m.Unit == "":
			return fmt.Errorf("measure %q: no unit", m.Name)
		case math.IsNaN(m.Value) || math.IsInf(m.Value, 0):
			return fmt.Errorf("measure %q: %g", m.Name, m.Value)
		case (m.Low == nil) != (m.High == nil):
			return fmt.Errorf("measure %q: half an interval", m.Name)
		case m.Low != nil && !(*m.Low <= m.Value && m.Value <= *m.High):
			return fmt.Errorf("measure %q: %g is not between %g and %g", m.Name, m.Value, *m.Low, *m.High)
		}
		seen[m.Name] = true
	}
	return nil
}
