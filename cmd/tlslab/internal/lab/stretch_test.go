package lab

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestWithinGivesUp(t *testing.T) {
	stuck := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		err := within(t.Context(), time.Minute, "the load generator", stuck)
		var v *Violation
		if !errors.As(err, &v) || !strings.Contains(v.What, "the load generator did not end in 1m40s") {
			t.Errorf("got %v", err)
		}
		if got := time.Since(began); got != time.Minute+grace {
			t.Errorf("gave up after %v", got)
		}
	})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := within(ctx, time.Minute, "it", stuck); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: got %v", err)
	}
	if err := within(t.Context(), math.MaxInt64, "it", func(ctx context.Context) error { return ctx.Err() }); err != nil {
		t.Errorf("a load without a bound: got %v", err)
	}
}
