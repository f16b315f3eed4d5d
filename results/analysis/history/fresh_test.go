package history

import (
	"testing"
	"time"
)

func TestStale(t *testing.T) {
	invalid := point(2)
	invalid.Exit = exitInvalid
	now := point(3).When
	for _, c := range []struct {
		name   string
		points []Point
		max    time.Duration
		age    time.Duration
		stale  bool
	}{
		{"nothing", nil, 72 * time.Hour, 0, true},
		{"only an invalid run", []Point{invalid}, 72 * time.Hour, 0, true},
		{"fresh", []Point{point(1)}, 72 * time.Hour, 48 * time.Hour, false},
		{"to the minute", []Point{point(1)}, 48 * time.Hour, 48 * time.Hour, false},
		{"old", []Point{point(1)}, 47 * time.Hour, 48 * time.Hour, true},
		{"invalid since", []Point{point(1), invalid}, 36 * time.Hour, 48 * time.Hour, true},
		{"added late", []Point{point(2), point(1)}, 36 * time.Hour, 24 * time.Hour, false},
	} {
		if age, stale := Stale(c.points, now, c.max); age != c.age || stale != c.stale {
			t.Errorf("%s: got %v, %v, want %v, %v", c.name, age, stale, c.age, c.stale)
		}
	}
}
