package scenarios

import (
	"time"

	primitives "github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// primitiveTime is about how long one group takes of one variant.
const primitiveTime = 500 * time.Millisecond

// PrimitiveGroups is how many groups of single operations are timed: the fewest that can find one of them worse beside
// all the others of all candidates.
func (p *Plan) PrimitiveGroups() int {
	return effect.MinGroups(alpha / float64(max(1, primitives.MostOperations*(len(p.Variants)-1))))
}

// primitivesTime is about how long single operations are timed.
func (p *Plan) primitivesTime() time.Duration {
	if !p.Primitives {
		return 0
	}
	return time.Duration(p.PrimitiveGroups()*len(p.Variants)) * primitiveTime
}
