package lab

import (
	"context"
	"errors"

	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
)

// keepPrimitives times single operations before the first block, unless an earlier, interrupted try has. Where they
// cannot be timed there is a gap.
func (r *Run) keepPrimitives(ctx context.Context, w *results.Writer) error {
	if !r.plan.Primitives || w.HasPrimitives() {
		return nil
	}
	timed, err := r.Primitives(ctx, r.plan.PrimitiveGroups())
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		r.Manifest.Gaps = append(r.Manifest.Gaps, primitivesGap(err))
		return nil
	}
	return w.Primitives(*timed)
}

func primitivesGap(err error) results.Gap {
	gap := results.Gap{What: "what single operations cost", Reason: err.Error(), Hint: "see that tlslab primitives can time the same scenario"}
	var with *variant.Error
	if errors.As(err, &with) && with.Hint != "" {
		gap.Hint = with.Hint
	}
	return gap
}
