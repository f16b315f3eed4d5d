package hist

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// wire is a histogram as JSON: what the buckets only approximate, and the buckets.
type wire struct {
	Count   uint64 `json:"count"`
	Min     int64  `json:"min_ns"`
	Max     int64  `json:"max_ns"`
	Sum     uint64 `json:"sum_ns"`
	Bits    Layout `json:"bits"`
	Encoded string `json:"encoded,omitempty"` // EncodeV2; absent if empty
}

// MarshalJSON writes {"count","min_ns","max_ns","sum_ns","bits","encoded"}, from which UnmarshalJSON restores h
// exactly. encoded is [Histogram.EncodeV2].
func (h Histogram) MarshalJSON() ([]byte, error) {
	w := wire{Count: h.count, Min: h.min, Max: h.max, Sum: h.sum, Bits: h.layout}
	if h.count > 0 {
		w.Encoded = string(h.EncodeV2())
	}
	return json.Marshal(w)
}

// UnmarshalJSON reads what MarshalJSON writes, and fails where its parts contradict each other.
func (h *Histogram) UnmarshalJSON(text []byte) error {
	var w wire
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&w); err != nil {
		return err
	}
	read, err := w.histogram()
	if err != nil {
		return err
	}
	*h = read
	return nil
}

func (w *wire) histogram() (Histogram, error) {
	h, err := w.buckets()
	if err != nil {
		return Histogram{}, err
	}
	if h.count != w.Count {
		return Histogram{}, fmt.Errorf("histogram: count is %d, its buckets hold %d", w.Count, h.count)
	}
	if h.count > 0 && (h.layout.Index(w.Min) != h.first() || h.layout.Index(w.Max) != h.layout.Index(h.max)) {
		return Histogram{}, fmt.Errorf("histogram: extremes %d and %d are not in the outermost buckets", w.Min, w.Max)
	}
	h.min, h.max, h.sum = w.Min, w.Max, w.Sum
	return h, h.Check()
}

func (w *wire) buckets() (Histogram, error) {
	if w.Encoded == "" && w.Bits == 0 {
		return Histogram{}, nil
	}
	if w.Encoded == "" {
		return New(w.Bits)
	}
	fine, err := DecodeV2([]byte(w.Encoded))
	if err != nil {
		return Histogram{}, err
	}
	return fine.Coarsen(w.Bits)
}
