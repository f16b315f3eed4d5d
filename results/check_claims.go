package results

import "fmt"

// checkClaims makes sure that each claim has one test, and one that names what there is.
func (m *Manifest) checkClaims() error {
	for _, c := range m.Claims {
		tests := 0
		for _, set := range []bool{c.Ratio != nil, c.Value != nil, c.Experiment != nil, c.Untestable != ""} {
			if set {
				tests++
			}
		}
		if tests != 1 {
			return fmt.Errorf("claim %q: has %d tests, must have one", c.Claim, tests)
		}
		for _, s := range []*OfSeries{c.Ratio, c.Value} {
			if s != nil && !m.hasVariant(s.Variant) && !m.skips(s.Variant) {
				return fmt.Errorf("claim %q: unknown variant %q", c.Claim, s.Variant)
			}
		}
	}
	return nil
}
