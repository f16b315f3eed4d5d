package rotation

import (
	"fmt"
	"time"
)

// storms are good rotations, one after the other; the last one is to be adopted.
func storms() []Injection {
	return []Injection{
		injection("burst", "20 rotations back to back", Rename, burst),
		injection("storm-10hz", "10 rotations per second for 3 s", Rename, storm(30, 100*time.Millisecond)),
		injection("storm-100hz", "100 rotations per second for 2 s", Rename, storm(200, 10*time.Millisecond)),
		injection("storm-in-place", "10 rotations per second for 3 s, written in place", InPlace, storm(30, 100*time.Millisecond)),
		injection("storm-symlink-swap", "10 rotations per second for 3 s, by a link", Symlink, storm(30, 100*time.Millisecond)),
	}
}

// burst is one move: nobody looks at a server in the middle of it.
func burst(s *script) {
	var steps []Step
	for range 20 {
		steps = append(steps, s.Steps(s.next())...)
	}
	s.adopt("20 rotations", steps...)
	s.afterwards()
}

// storm rotates so many times, with a pause after each.
func storm(rotations int, pause time.Duration) func(*script) {
	return func(s *script) {
		for i := range rotations - 1 {
			s.move(fmt.Sprintf("rotation %d", i+1), Any, pause, s.Steps(s.next())...)
		}
		s.rotate("the last one")
	}
}
