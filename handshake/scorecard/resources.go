package scorecard

import (
	"context"
	"fmt"
)

// unknown is a resource that could not be read.
const unknown = -1

// resources are those of the target's processes; what it tells about its heap is after two collections.
func (p *process) resources(ctx context.Context) Resources {
	r := Resources{unknown, unknown, unknown, unknown, unknown, unknown}
	var told statistics
	if p.target.Admin && p.inquire(ctx, "STATS", &told) == nil {
		r.Goroutines, r.HeapObjects, r.HeapLive = told.Goroutines, told.HeapObjects, told.HeapLive
	}
	r.count(members(p.cmd.Process.Pid))
	return r
}

// A heap is flat when it has grown by at most this share and this many objects: sync.Pools and maps that have not
// shrunk yet are no leak.
const (
	heapShare   = 0.02
	heapObjects = 500
)

// leaks are what has grown.
func leaks(before, now Resources) (all []string) {
	for _, c := range []struct {
		what        string
		before, now int64
		slack       int64
	}{
		{"descriptors", before.Descriptors, now.Descriptors, 0},
		{"watches", before.Watches, now.Watches, 0},
		{"goroutines", before.Goroutines, now.Goroutines, 0},
		{"heap objects", before.HeapObjects, now.HeapObjects, int64(heapShare*float64(before.HeapObjects)) + heapObjects},
	} {
		if c.before != unknown && c.now != unknown && c.now > c.before+c.slack {
			all = append(all, fmt.Sprintf("%s went from %d to %d", c.what, c.before, c.now))
		}
	}
	return all
}
