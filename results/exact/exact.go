// Package exact is what a handshake costs as it is counted, not timed: instructions by package, allocations, bytes on
// the wire, system calls. Equal sources give equal counts, whatever else the machine does, so one run is enough and a
// change of a fifth of a percent is a change.
//
// Counts are comparable only where everything that decides which code runs is equal: see [Key]. They are monotone
// proxies of cost, never converted into time.
package exact

// Counts is what one handshake costs one variant in one cell.
type Counts struct {
	Cell     string             `json:"cell"`
	Variant  string             `json:"variant"`
	Key      Key                `json:"key"`
	Server   Side               `json:"server"`
	Client   Side               `json:"client"`
	Syscalls map[string]float64 `json:"syscalls,omitempty"` // of the server per handshake, by name; nil: nothing could count them
}

// Side is what one handshake costs one of its two ends.
type Side struct {
	Instructions map[string]float64 `json:"instructions,omitempty"` // in user mode per handshake, by import path; "" is code without a Go package
	Allocs       float64            `json:"allocs"`                 // objects per handshake
	AllocBytes   float64            `json:"alloc_bytes"`            // bytes per handshake
	Sent         float64            `json:"sent_bytes"`             // bytes that this side put on the wire per handshake
}

// Key is all that decides which code runs. Counts with different keys say nothing about each other.
type Key struct {
	Counter      string   `json:"counter"` // callgrind-3.19.0, perf_event
	Go           string   `json:"go"`      // runtime.Version of the counted program
	OS           string   `json:"os"`
	Arch         string   `json:"arch"`
	Level        string   `json:"level"` // GOAMD64 or GOARM64
	GOEXPERIMENT string   `json:"goexperiment,omitempty"`
	GOFIPS140    string   `json:"gofips140,omitempty"`
	GODEBUG      string   `json:"godebug,omitempty"`
	Tags         []string `json:"tags,omitempty"`
	PGO          string   `json:"pgo,omitempty"` // SHA-256 of the profile
	Features     []string `json:"features"`      // of the CPU as the counted program saw it: its dispatch class
	Seeded       bool     `json:"seeded"`        // randomness from testing/cryptotest
	Handshakes   [2]int   `json:"handshakes"`    // the counts are the slope between these two
}
