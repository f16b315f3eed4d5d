package lab

import (
	"context"
	"fmt"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
)

// Recoveries plants known delays and says how much of each the observer found. What cannot be planted here is a gap.
func (r *Run) Recoveries(ctx context.Context) (all []attribution.Recovery, gaps []results.Gap, err error) {
	for _, class := range plantedClasses {
		r.lab.Speak(fmt.Sprintf("planting known delays: %v", class))
		s, gap, err := r.plantOne(ctx, class)
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("planting %v: %w", class, err)
		case gap != nil:
			gaps = append(gaps, *gap)
		default:
			all = append(all, analysis.Recover(results.Plants{Component: class, Planted: s.planted()}, s.watched.account))
		}
	}
	return all, gaps, nil
}
