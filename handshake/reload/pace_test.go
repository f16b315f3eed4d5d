package reload

import (
	"testing"
	"time"
)

// Sights of files that differ in size.
func sightOf(size int64) sight { return sight{{size: size}} }

func TestPaceQuiet(t *testing.T) {
	begin := time.Unix(1e9, 0)
	at := func(ms int) time.Time { return begin.Add(time.Duration(ms) * time.Millisecond) }
	for _, test := range []struct {
		name string
		seen map[int]int64 // size by millisecond
		want time.Time
	}{
		{"nothing", map[int]int64{0: 1}, time.Time{}},
		{"one change", map[int]int64{3: 2}, at(8)},
		{"a change that is seen twice", map[int]int64{3: 2, 6: 2}, at(8)},
		{"two changes", map[int]int64{3: 2, 6: 3}, at(11)},
		{"back again", map[int]int64{3: 2, 6: 1}, time.Time{}},
		{"no rest", map[int]int64{3: 2, 7: 3, 11: 4, 15: 5, 19: 6, 23: 7, 27: 8, 31: 9, 35: 10, 39: 11, 43: 12, 47: 13, 51: 14}, at(53)},
	} {
		p := pace{quiet: 5 * time.Millisecond, seen: sightOf(1), read: sightOf(1)}
		for ms := range 60 {
			if size, ok := test.seen[ms]; ok {
				p.look(sightOf(size), at(ms))
			}
		}
		if got := p.due(); !got.Equal(test.want) {
			t.Errorf("%s: due at %v, want %v", test.name, got.Sub(begin), test.want.Sub(begin))
		}
	}
}

func TestPaceRetries(t *testing.T) {
	now := time.Unix(1e9, 0)
	p := pace{quiet: quietTime}
	wait := func(likely time.Time) time.Duration {
		p.took(sightOf(1))
		p.failed(now, likely)
		return p.due().Sub(now)
	}
	for _, want := range []time.Duration{20, 40, 80, 160, 320, 640, 1000, 1000} {
		if got := wait(time.Time{}); got != want*time.Millisecond {
			t.Errorf("retry after %v, want %v", got, want*time.Millisecond)
		}
	}
	if got := wait(now.Add(300 * time.Millisecond)); got != 300*time.Millisecond {
		t.Errorf("what may be believed in 300 ms is read in %v", got)
	}
	p.look(sightOf(2), now)
	if got := p.due().Sub(now); got != quietTime {
		t.Errorf("a change is read after %v, want %v", got, quietTime)
	}
	if got := wait(time.Time{}); got != firstRetry {
		t.Errorf("after a change the first retry is after %v, want %v", got, firstRetry)
	}
}

// A file system's clock may not move between a reading and the next change.
func TestPaceReadsYoungFilesAgain(t *testing.T) {
	now := time.Now()
	for _, test := range []struct{ age, want time.Duration }{
		{0, tick},
		{tick / 2, tick / 2},
		{tick, 0},
		{-time.Second, 0}, // that clock is ahead of ours
	} {
		p := pace{}
		s := sight{}
		s[1].changed.Sec, s[1].changed.Nsec = now.Add(-test.age).Unix(), int64(now.Add(-test.age).Nanosecond())
		p.took(s)
		p.served(now)
		got := time.Duration(0)
		if due := p.due(); !due.IsZero() {
			got = due.Sub(now)
		}
		if got.Round(time.Millisecond) != test.want {
			t.Errorf("files that changed %v ago: read again after %v, want %v", test.age, got, test.want)
		}
	}
}
