package hist

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// values are handshake times: log-normal around 1 ms, some of them tiny or huge.
func values(seed uint64, n int) []int64 {
	r := rand.New(rand.NewPCG(seed, 0))
	all := make([]int64, n)
	for i := range all {
		switch r.IntN(20) {
		case 0:
			all[i] = r.Int64N(5000)
		case 1:
			all[i] = r.Int64() >> r.IntN(63)
		default:
			all[i] = int64(1e6 * math.Exp(r.NormFloat64()))
		}
	}
	return all
}

func recorded(t testing.TB, layout Layout, all []int64) Histogram {
	t.Helper()
	h, err := New(layout)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		h.Record(v)
	}
	if err := h.Check(); err != nil {
		t.Fatal(err)
	}
	return h
}

func TestLayoutBounds(t *testing.T) {
	for layout := Coarsest; layout <= Fine; layout++ {
		next := int64(0)
		for i := range layout.Len() {
			lo, hi := layout.Bounds(i)
			if lo != next || hi < lo {
				t.Fatalf("%d bits: bucket %d is %d to %d, want it from %d", layout, i, lo, hi, next)
			}
			if layout.Index(lo) != i || layout.Index(hi) != i {
				t.Fatalf("%d bits: bucket %d holds %d and %d in %d and %d",
					layout, i, lo, hi, layout.Index(lo), layout.Index(hi))
			}
			if width := hi - lo; float64(width) > float64(lo)/float64(int(1)<<layout) {
				t.Fatalf("%d bits: bucket %d is %d to %d: too wide", layout, i, lo, hi)
			}
			next = hi + 1
		}
		if next != math.MinInt64 { // MaxInt64 + 1
			t.Errorf("%d bits: the last bucket ends before %d", layout, next)
		}
	}
}

func TestLayoutIndex(t *testing.T) {
	tests := []struct {
		layout Layout
		v      int64
		want   int
	}{
		{Fine, -5, 0}, {Fine, 0, 0}, {Fine, 2047, 2047}, {Fine, 2048, 2048}, {Fine, 2049, 2048}, {Fine, 2050, 2049},
		{3, 15, 15}, {3, 16, 16}, {3, 17, 16}, {3, 1<<35 - 1, 31*8 + 15},
	}
	for _, tt := range tests {
		if got := tt.layout.Index(tt.v); got != tt.want {
			t.Errorf("%d bits: index of %d is %d, want %d", tt.layout, tt.v, got, tt.want)
		}
	}
}

func TestQuantile(t *testing.T) {
	tests := []struct {
		name   string
		values []int64
		q      float64
		want   int64
	}{
		{"empty", nil, 0.5, 0},
		{"one value", []int64{1_234_567}, 0.5, 1_234_567},
		{"lower half", []int64{1, 2}, 0.5, 1},
		{"just above it", []int64{1, 2}, 0.51, 2},
		{"zero is the minimum", []int64{1_000_001, 2_000_003}, 0, 1_000_001},
		{"one is the maximum", []int64{1_000_001, 2_000_003}, 1, 2_000_003},
		{"below zero", []int64{3, 4}, -1, 3},
		{"above one", []int64{3, 4}, 7, 4},
		{"not a number", []int64{3, 4}, math.NaN(), 3},
		{"largest of its bucket", []int64{4096, 4099, 9000}, 0.1, 4099},
		{"never above the maximum", []int64{1, 1_000_000}, 0.99, 1_000_000},
		{"negative counts as zero", []int64{-7}, 0.5, 0},
	}
	for _, tt := range tests {
		h := recorded(t, Fine, tt.values)
		if got := h.Quantile(tt.q); got != tt.want {
			t.Errorf("%s: got %d, want %d", tt.name, got, tt.want)
		}
	}
}

func TestQuantileRankIsExact(t *testing.T) {
	h := Histogram{}
	for v := range int64(1000) {
		h.Record(v + 1)
	}
	for _, q := range []float64{0.001, 0.01, 0.5, 0.9, 0.99, 0.999} {
		if got, want := h.Quantile(q), int64(math.Round(q*1000)); got != want {
			t.Errorf("quantile %g of 1 to 1000: got %d, want %d", q, got, want)
		}
	}
}

func TestQuantileError(t *testing.T) {
	all := values(1, 20_000)
	h := recorded(t, Fine, all)
	slices.Sort(all)
	for _, q := range []float64{0.01, 0.25, 0.5, 0.9, 0.99, 0.999} {
		want := all[int(math.Ceil(q*float64(len(all))))-1]
		if got := h.Quantile(q); got < want || float64(got-want) > float64(want)/1024 {
			t.Errorf("quantile %g: got %d, want %d and at most 0.1 %% more", q, got, want)
		}
	}
	if h.Min() != all[0] || h.Max() != all[len(all)-1] {
		t.Errorf("extremes: got %d and %d, want %d and %d", h.Min(), h.Max(), all[0], all[len(all)-1])
	}
}

func TestSums(t *testing.T) {
	h := recorded(t, Fine, []int64{1_000_003, 2_000_005, 3_000_007})
	if h.Sum() != 6_000_015 || h.Mean() != 2_000_005 || h.Count() != 3 {
		t.Errorf("got sum %d, mean %g, count %d", h.Sum(), h.Mean(), h.Count())
	}
	full := recorded(t, Fine, []int64{math.MaxInt64, math.MaxInt64, math.MaxInt64})
	if full.Sum() != math.MaxUint64 {
		t.Errorf("sum of three times the largest value: got %d, want it to stay at the largest", full.Sum())
	}
}

func TestCoarsenIsRecordingCoarsely(t *testing.T) {
	for seed := range uint64(10) {
		all := values(seed, 300)
		var want [Fine + 1]Histogram
		for layout := Coarsest; layout <= Fine; layout++ {
			want[layout] = recorded(t, layout, all)
		}
		for from := Coarsest; from <= Fine; from++ {
			for to := Coarsest; to <= from; to++ {
				got, err := want[from].Coarsen(to)
				if err != nil {
					t.Fatal(err)
				}
				if !reflect.DeepEqual(got, want[to]) {
					t.Fatalf("seed %d: coarsening from %d to %d bits is not recording with %d", seed, from, to, to)
				}
			}
		}
	}
}

func TestCoarsenRefuses(t *testing.T) {
	h := recorded(t, 3, []int64{5})
	for _, to := range []Layout{0, 4, 11} {
		if _, err := h.Coarsen(to); err == nil {
			t.Errorf("coarsening 3 bits to %d: no error", to)
		}
	}
}

func TestMergeIsRecordingBoth(t *testing.T) {
	for seed := range uint64(20) {
		a, b := values(seed, 300), values(seed+100, 300)
		got, other := recorded(t, Fine, a), recorded(t, Fine, b)
		before, kept := got, got.Clone()
		if err := got.Merge(&other); err != nil {
			t.Fatal(err)
		}
		if want := recorded(t, Fine, slices.Concat(a, b)); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: merging is not recording both", seed)
		}
		if !reflect.DeepEqual(before, kept) {
			t.Fatalf("seed %d: merging changed a copy", seed)
		}
	}
}

func TestMerge(t *testing.T) {
	three := recorded(t, 3, []int64{5, 700})
	var zero Histogram
	if err := zero.Merge(&three); err != nil || !reflect.DeepEqual(zero, three) {
		t.Errorf("merge into the zero histogram: got %+v, %v", zero, err)
	}
	if err := three.Merge(&Histogram{}); err != nil || three.Count() != 2 {
		t.Errorf("merge of nothing: count %d, %v", three.Count(), err)
	}
	if err := three.Merge(&three); err != nil || three.Count() != 4 || three.Check() != nil {
		t.Errorf("merge with itself: count %d, %v, %v", three.Count(), err, three.Check())
	}
	fine := recorded(t, Fine, []int64{5})
	if err := fine.Merge(&three); err == nil {
		t.Error("merge of another layout: no error")
	}
	big := Histogram{layout: Fine, counts: []uint64{MaxCount}, count: MaxCount}
	if err := fine.Merge(&big); err == nil || fine.Count() != 1 {
		t.Errorf("merge of too many: count %d, %v", fine.Count(), err)
	}
}

func TestBuckets(t *testing.T) {
	h := recorded(t, 3, []int64{17, 16, 3})
	want := []Bucket{{3, 3, 1}, {16, 17, 2}}
	if got := slices.Collect(h.Buckets()); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for range h.Buckets() {
		break // must not go on
	}
}

func TestCheckFinds(t *testing.T) {
	tests := []struct {
		name   string
		damage func(*Histogram)
		want   string
	}{
		{"wrong count", func(h *Histogram) { h.count++ }, "buckets hold 3"},
		{"wrong bucket", func(h *Histogram) { h.counts[1]++ }, "buckets hold 4"},
		{"impossible sum", func(h *Histogram) { h.sum = 1 }, "sum is 1"},
		{"minimum elsewhere", func(h *Histogram) { h.min = 1 }, "outermost"},
		{"maximum below minimum", func(h *Histogram) { h.max = 2 }, "outermost"},
		{"no layout", func(h *Histogram) { h.layout = 0 }, "0 sub-bucket bits"},
		{"empty with a sum", func(h *Histogram) { *h = Histogram{sum: 1} }, "not zero"},
	}
	for _, tt := range tests {
		h := recorded(t, Fine, []int64{10, 11, 30})
		tt.damage(&h)
		if err := h.Check(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestJSONRoundTrip(t *testing.T) {
	tests := map[string]Histogram{
		"zero":         {},
		"empty coarse": {layout: 3},
		"one":          recorded(t, Fine, []int64{1_234_567}),
		"zero value":   recorded(t, Fine, []int64{0}),
		"extremes":     recorded(t, Fine, []int64{0, math.MaxInt64}),
		"many":         recorded(t, Fine, values(7, 5000)),
		"3 bits":       recorded(t, 3, values(8, 5000)),
		"1 bit":        recorded(t, 1, values(9, 5000)),
		"8 bits":       recorded(t, 8, values(9, 5000)),
	}
	for name, want := range tests {
		text, err := json.Marshal(struct{ H Histogram }{want}) // as a field, by value
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var got struct{ H Histogram }
		if err := json.Unmarshal(text, &got); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !reflect.DeepEqual(got.H, want) {
			t.Errorf("%s: another histogram after %s", name, text)
		}
	}
}

func TestUnmarshalJSONRefuses(t *testing.T) {
	h := recorded(t, Fine, []int64{5000, 6000})
	good, err := json.Marshal(h)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct{ name, old, new, want string }{
		{"count", `"count":2`, `"count":3`, "count is 3"},
		{"sum", `"sum_ns":11000`, `"sum_ns":9`, "sum is 9"},
		{"minimum", `"min_ns":5000`, `"min_ns":4000`, "outermost"},
		{"maximum", `"max_ns":6000`, `"max_ns":6005`, "outermost"},
		{"shifted", `"min_ns":5000,"max_ns":6000,"sum_ns":11000`, `"min_ns":5100,"max_ns":6100,"sum_ns":11200`, "outermost"},
		{"layout", `"bits":10`, `"bits":11`, "sub-bucket bits"},
		{"no layout", `"bits":10`, `"bits":0`, "sub-bucket bits"},
		{"encoding", `"encoded":"HIST`, `"encoded":"LIST`, "cookie"},
		{"no buckets", `"encoded":"`, `"other":"`, "unknown field"},
		{"type", `"count":2`, `"count":"2"`, "count"},
	}
	for _, tt := range tests {
		text := strings.Replace(string(good), tt.old, tt.new, 1)
		if text == string(good) {
			t.Fatalf("%s: %s has no %s", tt.name, good, tt.old)
		}
		var got Histogram
		if err := json.Unmarshal([]byte(text), &got); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}

func TestRecordCostsNoMemoryOnceCovered(t *testing.T) {
	h := recorded(t, Fine, []int64{1, int64(time.Second)})
	if n := testing.AllocsPerRun(100, func() { h.Record(12345) }); n != 0 {
		t.Errorf("got %g allocations per Record, want 0", n)
	}
}
