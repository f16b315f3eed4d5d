package hist

import (
	"math"
	"reflect"
	"sync"
	"testing"
	"time"
)

func TestRecorderIsRecording(t *testing.T) {
	r := NewRecorder()
	if h := r.Snapshot(); h.Count() != 0 || h.Check() != nil {
		t.Fatalf("before the first: %d values, %v", h.Count(), h.Check())
	}
	var all []int64
	for _, v := range values(3, 5000) {
		if v <= int64(Longest) {
			all = append(all, v)
			r.Record(time.Duration(v))
		}
	}
	if got, want := r.Snapshot(), recorded(t, Fine, all); !reflect.DeepEqual(got, want) {
		t.Error("the snapshot is not the histogram of the same values")
	}
}

func TestRecorderBounds(t *testing.T) {
	r := NewRecorder()
	for _, d := range []time.Duration{-1, 1, Longest, Longest + 1, math.MaxInt64} {
		r.Record(d)
	}
	h := r.Snapshot()
	if err := h.Check(); err != nil {
		t.Error(err)
	}
	if h.Min() != 0 || h.Max() != int64(Longest) || h.Count() != 5 || r.Overflow() != 2 {
		t.Errorf("got %d values from %d to %d, overflow %d", h.Count(), h.Min(), h.Max(), r.Overflow())
	}
}

func TestRecorderConcurrently(t *testing.T) {
	const workers, each = 8, 5000
	r := NewRecorder()
	var recording sync.WaitGroup
	for w := range uint64(workers) {
		recording.Go(func() {
			for _, v := range values(w, each) {
				r.Record(time.Duration(v))
			}
		})
	}
	for range 20 { // every snapshot is sound, whatever is going on
		h := r.Snapshot()
		if err := h.Check(); err != nil {
			t.Error(err)
		}
	}
	recording.Wait()
	h := r.Snapshot()
	if err := h.Check(); err != nil || h.Count() != workers*each {
		t.Errorf("got %d values, %v", h.Count(), err)
	}
}

func TestRecorderDoesNotAllocate(t *testing.T) {
	r := NewRecorder()
	if n := testing.AllocsPerRun(100, func() { r.Record(time.Millisecond) }); n != 0 {
		t.Errorf("got %g allocations per Record, want 0", n)
	}
}

func BenchmarkRecorder(b *testing.B) {
	r := NewRecorder()
	b.Run("alone", func(b *testing.B) {
		b.ReportAllocs()
		for d := time.Duration(0); b.Loop(); d += 997 {
			r.Record(d & 0xffffff)
		}
	})
	b.Run("parallel", func(b *testing.B) {
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for d := time.Duration(0); pb.Next(); d += 997 {
				r.Record(d & 0xffffff)
			}
		})
	})
}
