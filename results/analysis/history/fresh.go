package history

import "time"

// Last is the last valid run; not ok where there is none.
func Last(points []Point) (last Point, ok bool) {
	for _, p := range points {
		if p.Valid() && (!ok || p.When.After(last.When)) {
			last, ok = p, true
		}
	}
	return last, ok
}

// Stale says how long ago the last valid run was, and whether that is longer than max. Where there is none the age is
// zero, and the history is stale.
func Stale(points []Point, now time.Time, max time.Duration) (age time.Duration, stale bool) {
	last, ok := Last(points)
	if !ok {
		return 0, true
	}
	age = now.Sub(last.When)
	return age, age > max
}
