package scorecard

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
)

const ms = time.Millisecond

func TestRegressions(t *testing.T) {
	shown := func(began, ended time.Duration, generation uint64) probe {
		return probe{Began: began * ms, Ended: ended * ms, Generation: generation}
	}
	failed := shown(3, 4, 9)
	failed.Reason = expired
	for _, tc := range []struct {
		name   string
		probes []probe
		want   int
		mixed  time.Duration
	}{
		{"nothing", nil, 0, 0},
		{"forward", []probe{shown(0, 1, 1), shown(2, 3, 2)}, 0, 0},
		{"side by side", []probe{shown(0, 9, 1), shown(2, 3, 2)}, 0, 0},
		{"backward", []probe{shown(0, 1, 2), shown(4, 5, 1)}, 1, 3 * ms},
		{"for long", []probe{shown(0, 1, 2), shown(2, 3, 1), shown(4, 5, 2), shown(8, 9, 1)}, 2, 7 * ms},
		{"not believed", []probe{failed, shown(5, 6, 1)}, 0, 0},
	} {
		if back, mixed := regressions(tc.probes); len(back) != tc.want || mixed != tc.mixed {
			t.Errorf("%s: got %d for %v, want %d for %v", tc.name, len(back), mixed, tc.want, tc.mixed)
		}
	}
}

func TestDefect(t *testing.T) {
	for _, tc := range []struct {
		name   string
		moved  Moved
		wanted uint64
		want   string
	}{
		{"adopted", Moved{Want: rotation.Adopt, Generation: 2, Adopted: true, After: Slow}, 1, ""},
		{"slow", Moved{Want: rotation.Adopt, Generation: 2, Adopted: true, After: 2100 * ms}, 1, "adopted after 2.1 s"},
		{"never", Moved{Want: rotation.Adopt, Generation: 2}, 1, "never adopted"},
		{"said no", Moved{Want: rotation.Adopt, Generation: 2, Refused: "ERR no"}, 1, "never adopted: ERR no"},
		{"kept", Moved{Want: rotation.Keep, Generation: 2, Refused: "ERR no"}, 1, ""},
		{"believed", Moved{Want: rotation.Keep, Generation: 2, Adopted: true}, 1, "adopted what it should refuse"},
		{"same again", Moved{Want: rotation.Keep, Generation: 2, Adopted: true}, 2, ""},
		{"either", Moved{Want: rotation.Any, Generation: 2, Adopted: true}, 1, ""},
	} {
		if got := tc.moved.defect(tc.wanted); got != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, got, tc.want)
		}
	}
}

func TestMoved(t *testing.T) {
	k := taken{move: rotation.Move{Generation: 2, Want: rotation.Adopt}, began: 10 * ms, at: 20 * ms, until: 100 * ms}
	probes := []probe{
		{Began: 1 * ms, Ended: 2 * ms, Reason: "before"},
		{Began: 11 * ms, Ended: 12 * ms, Reason: "between two files"},
		{Began: 30 * ms, Ended: 31 * ms, Generation: 1},
		{Began: 32 * ms, Ended: 35 * ms, Generation: 2},
		{Began: 36 * ms, Ended: 38 * ms, Generation: 2},
		{Began: 36 * ms, Ended: 39 * ms, Generation: 1},
	}
	got := k.judge(probes, probes[5:])
	want := Moved{Generation: 2, Want: rotation.Adopt, At: 20 * ms, Adopted: true, After: 15 * ms, Failed: 1, Regressed: 1, LastOld: 19 * ms}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestTimeline(t *testing.T) {
	var probes []probe
	for n := range 10000 {
		p := probe{Began: time.Duration(n) * ms, Ended: time.Duration(n+1) * ms, Generation: 1}
		if n >= 7777 {
			p.Generation = 2
		}
		if n == 1234 {
			p.Reason = "handshake: timeout"
		}
		probes = append(probes, p)
	}
	points := timeline(probes)
	if len(points) > mostPoints || !slices.IsSortedFunc(points, func(a, b Point) int { return int(a.At - b.At) }) {
		t.Fatalf("got %d points, want %d at most, in order", len(points), mostPoints)
	}
	for _, want := range []Point{{1235 * ms, 0, ms}, {7777 * ms, 1, ms}, {7778 * ms, 2, ms}} {
		if !slices.Contains(points, want) {
			t.Errorf("%v was left out", want)
		}
	}
}

func TestQuantiles(t *testing.T) {
	var all []time.Duration
	for n := range 1000 {
		all = append(all, time.Duration(1000-n))
	}
	if got, want := quantiles(all), []time.Duration{500, 900, 990, 999, 1000}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := quantiles(nil); got != nil {
		t.Errorf("got %v of nothing", got)
	}
}

// TestAwait: a generation is waited for as long as there is patience, and no longer than the server lives.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r record
		r.add(probe{Generation: 2, Reason: expired})
		began := time.Now()
		if r.await(t.Context(), 2, Patience, nil) || time.Since(began) != Patience {
			t.Errorf("got an end after %v, want none before %v", time.Since(began), Patience)
		}
		time.AfterFunc(time.Second, func() { r.add(probe{Generation: 2}) })
		if began = time.Now(); !r.await(t.Context(), 2, Patience, nil) || time.Since(began) != time.Second {
			t.Errorf("got an end after %v, want one after 1s", time.Since(began))
		}
		gone := make(chan struct{})
		time.AfterFunc(time.Second, func() { close(gone) })
		if began = time.Now(); r.await(t.Context(), 3, Patience, gone) || time.Since(began) != time.Second {
			t.Errorf("got an end after %v, want one after 1s", time.Since(began))
		}
	})
}

func TestLeaks(t *testing.T) {
	before := Resources{Descriptors: 10, Watches: 2, Goroutines: unknown, HeapObjects: 10000}
	for _, tc := range []struct {
		now  Resources
		want []string
	}{
		{before, nil},
		{Resources{Descriptors: 9, Watches: 1, Goroutines: 7, HeapObjects: 10700}, nil},
		{Resources{Descriptors: 11, Watches: 3, HeapObjects: 10701}, []string{
			"descriptors went from 10 to 11", "watches went from 2 to 3", "heap objects went from 10000 to 10701"}},
	} {
		if got := leaks(before, tc.now); !slices.Equal(got, tc.want) {
			t.Errorf("got %q, want %q", got, tc.want)
		}
	}
}
