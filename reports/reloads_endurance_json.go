package reports

import (
	"time"

	"github.com/tlslab/tlslab/handshake/scorecard"
)

// SoakData is many rotations in a row.
type SoakData struct {
	Rotations  int          `json:"rotations"`
	Adopted    int          `json:"adopted"`
	After      DelayData    `json:"adopted_after"`
	Published  DelayData    `json:"published_after"`
	Handshakes uint64       `json:"handshakes"`
	Failed     uint64       `json:"failed"`
	Regressed  uint64       `json:"regressed"`
	Held       int          `json:"held"`
	Dropped    int          `json:"dropped"`
	Died       string       `json:"died,omitempty"`
	Before     ResourceData `json:"before"`
	Finally    ResourceData `json:"finally"`
	Leaks      []string     `json:"leaks"`
}

// ResourceData is what a process holds, null where it is not known.
type ResourceData struct {
	Descriptors *int64 `json:"descriptors"`
	Watches     *int64 `json:"watches"`
	Goroutines  *int64 `json:"goroutines"`
	HeapObjects *int64 `json:"heap_objects"`
	HeapLive    *int64 `json:"heap_live_bytes"`
	Resident    *int64 `json:"resident_bytes"`
}

// CrashData is one cell of the matrix of crashes.
type CrashData struct {
	Point    string   `json:"point"`
	How      string   `json:"how"`
	Files    string   `json:"files"`
	Before   uint64   `json:"before"`
	Allowed  []uint64 `json:"allowed"`
	After    *uint64  `json:"after"` // null: it serves nothing
	Down     float64  `json:"down_seconds"`
	Failed   uint64   `json:"failed"`
	Restarts int      `json:"restarts"`
	Why      string   `json:"why,omitempty"`
	Defects  []string `json:"defects"`
}

// KillsData is a server that is killed again and again.
type KillsData struct {
	Kills      int       `json:"kills"`
	Regressed  int       `json:"regressed"`
	Mute       int       `json:"serve_nothing"`
	Handshakes uint64    `json:"handshakes"`
	Failed     uint64    `json:"failed"`
	Down       DelayData `json:"down"`
}

// MemoryData is how much of retired keys is left in a process.
type MemoryData struct {
	Rotations int            `json:"rotations"`
	Retired   int            `json:"retired"`
	Found     int            `json:"found"`
	Copies    map[string]int `json:"copies"` // by form
	Scanned   int64          `json:"scanned_bytes"`
	Erased    bool           `json:"erased"`
}

func soakData(s *scorecard.Soak) *SoakData {
	if s == nil {
		return nil
	}
	return &SoakData{
		Rotations: s.Rotations, Adopted: s.Adopted, After: quantilesData(s.After, s.Adopted), Published: quantilesData(s.Published, s.Adopted),
		Handshakes: s.Handshakes, Failed: s.Failed, Regressed: s.Regressed, Held: s.Held, Dropped: s.Dropped, Died: s.Died,
		Before: resourceData(s.Before), Finally: resourceData(s.Finally), Leaks: filled(s.Leaks),
	}
}

// quantilesData is the quantiles of n delays that were kept without the delays themselves.
func quantilesData(all []time.Duration, n int) DelayData {
	at := func(i int) *float64 {
		if !kept(all, i, n) {
			return nil
		}
		return secondsIf(true, all[i])
	}
	return DelayData{n, at(0), at(1), at(2), at(3), at(4)}
}

func resourceData(r scorecard.Resources) ResourceData {
	known := func(n int64) *int64 {
		if n < 0 {
			return nil
		}
		return &n
	}
	return ResourceData{known(r.Descriptors), known(r.Watches), known(r.Goroutines), known(r.HeapObjects), known(r.HeapLive), known(r.Resident)}
}

func crashData(c scorecard.Crash) CrashData {
	d := CrashData{
		Point: c.Point, How: c.How, Files: c.Files, Before: c.Before, Allowed: filled(c.Allowed), Down: c.Down.Seconds(), Failed: c.Failed,
		Restarts: c.Restarts, Why: c.Why, Defects: filled(c.Defects),
	}
	if c.After > 0 {
		d.After = &c.After
	}
	return d
}

func killsData(k *scorecard.Kills) *KillsData {
	if k == nil {
		return nil
	}
	return &KillsData{k.Kills, k.Regressed, k.Mute, k.Handshakes, k.Failed, quantilesData(k.Down, k.Kills-k.Mute)}
}

func memoryData(m *scorecard.Memory) *MemoryData {
	if m == nil {
		return nil
	}
	d := MemoryData(*m)
	if d.Copies == nil {
		d.Copies = map[string]int{}
	}
	return &d
}
