package hist

import "testing"

func TestFromCounts(t *testing.T) {
	tests := []struct {
		name               string
		layout             Layout
		counts             []uint64
		sum                uint64
		wantCount, wantSum uint64
		wantMin, wantMax   int64
		wantErr            bool
	}{
		{name: "empty", layout: 3, counts: make([]uint64, 304)},
		{name: "known sum", layout: 3, counts: []uint64{16: 2, 17: 1}, sum: 51, wantCount: 3, wantSum: 51, wantMin: 16, wantMax: 19},
		{name: "sum too small", layout: 3, counts: []uint64{16: 2}, sum: 1, wantCount: 2, wantSum: 32, wantMin: 16, wantMax: 17},
		{name: "sum too large", layout: 3, counts: []uint64{16: 2}, sum: 99, wantCount: 2, wantSum: 34, wantMin: 16, wantMax: 17},
		{name: "no layout", layout: 0, counts: []uint64{1}, wantErr: true},
		{name: "too many buckets", layout: 3, counts: make([]uint64, Layout(3).Len()+1), wantErr: true},
		{name: "too many values", layout: 3, counts: []uint64{MaxCount, 1}, wantErr: true},
	}
	for _, tt := range tests {
		h, err := FromCounts(tt.layout, tt.counts, tt.sum)
		if (err != nil) != tt.wantErr {
			t.Errorf("%s: error %v, want one: %v", tt.name, err, tt.wantErr)
			continue
		}
		if h.Count() != tt.wantCount || h.Sum() != tt.wantSum || h.Min() != tt.wantMin || h.Max() != tt.wantMax {
			t.Errorf("%s: got %d values, sum %d, %d to %d", tt.name, h.Count(), h.Sum(), h.Min(), h.Max())
		}
		if err := h.Check(); err != nil {
			t.Errorf("%s: check: %v", tt.name, err)
		}
	}
}
