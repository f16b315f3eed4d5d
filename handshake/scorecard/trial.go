// Package scorecard puts a certificate reloader through a catalogue of injections: it starts a server with paths to
// certificates, changes the files under it, and watches what its handshakes show. Nothing about the server is
// believed: what counts is the serial number of the leaf that a handshake verified.
//
//	Target -> Trial (one fresh process, one injection) -> Card (all trials of one target)
package scorecard

import (
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
)

// Card is all that one target was put through.
type Card struct {
	Target  string  `json:"target"` // name: that of a variant, or what the user calls it
	Trials  []Trial `json:"trials"`
	Soak    *Soak   `json:"soak,omitempty"`      // where it finds out by itself; of a user's server with a command, where that tells it
	Command *Soak   `json:"commanded,omitempty"` // where it is told to reload after each rotation
	Crash   []Crash `json:"crash,omitempty"`
	Kills   *Kills  `json:"kills,omitempty"`
	Memory  *Memory `json:"memory,omitempty"`
}

// Defective: the target did something that a good server would not have done. Retired keys that are left in memory are
// no defect: a program erases them only where its language lets it.
func (c Card) Defective() bool {
	return slices.ContainsFunc(c.Trials, func(t Trial) bool { return len(t.Defects) > 0 }) ||
		slices.ContainsFunc(c.Crash, func(c Crash) bool { return len(c.Defects) > 0 }) ||
		c.Soak.defective() || c.Command.defective() ||
		c.Kills != nil && c.Kills.Regressed+c.Kills.Mute > 0
}

func (s *Soak) defective() bool {
	return s != nil && (s.Adopted < s.Rotations || s.Failed+s.Regressed > 0 || s.Dropped > 0 || len(s.Leaks) > 0 || s.Died != "")
}

// Trial is one injection into one fresh process.
type Trial struct {
	Injection  string            `json:"injection"`
	Moves      []Moved           `json:"moves"`
	Handshakes uint64            `json:"handshakes"`         // that were begun
	Failed     map[string]uint64 `json:"failed,omitempty"`   // by reason
	Regressed  uint64            `json:"regressed"`          // handshakes that showed an older generation than one before, after it was over
	Mixed      time.Duration     `json:"mixed_ns"`           // longest time for which two generations were served at once
	Stale      time.Duration     `json:"stale_ns"`           // for which a generation was to be adopted and was not
	Held       int               `json:"held"`               // connections open from the beginning
	Dropped    int               `json:"dropped"`            // of those, gone at the end
	Died       string            `json:"died,omitempty"`     // how the server ended by itself; empty: it did not
	Late       time.Duration     `json:"late_ns"`            // most by which a handshake began later than it was due: by this machine's doing, not the server's
	Skipped    string            `json:"skipped,omitempty"`  // why the injection cannot be made here; empty: it was
	Defects    []string          `json:"defects,omitempty"`  // what a good server would not have done; none: passed
	Timeline   []Point           `json:"timeline,omitempty"` // a few hundred at most
}

// Moved is a move and what became of it.
type Moved struct {
	Name       string               `json:"name"`
	Generation uint64               `json:"generation"`
	Want       rotation.Expectation `json:"want"`
	At         time.Duration        `json:"at_ns"`               // when its last step had been taken, since the beginning of the trial
	Adopted    bool                 `json:"adopted"`             // a full handshake showed its generation
	After      time.Duration        `json:"after_ns,omitempty"`  // from its last step to the end of that handshake
	Patience   time.Duration        `json:"patience_ns"`         // how long that was waited for
	Published  time.Duration        `json:"published_ns"`        // from its last step to when the server's own book says so; -1: it keeps none
	Refused    string               `json:"refused,omitempty"`   // what the server answered to the command to reload
	Failed     uint64               `json:"failed,omitempty"`    // handshakes from its first step on until the next move
	Regressed  uint64               `json:"regressed,omitempty"` // see Trial
	LastOld    time.Duration        `json:"last_old_ns"`         // last full handshake that showed the one before, from its last step; 0: none after it
}

// Point is one handshake of a timeline.
type Point struct {
	At         time.Duration `json:"at_ns"`
	Generation uint64        `json:"generation,omitempty"` // zero: it failed
	Took       time.Duration `json:"took_ns"`
}

// Soak is many rotations in a row.
type Soak struct {
	Rotations  int             `json:"rotations"`
	Adopted    int             `json:"adopted"`
	After      []time.Duration `json:"after_ns"`     // from the last step to the first handshake, sorted: p50, p90, p99, p99.9, largest
	Published  []time.Duration `json:"published_ns"` // the same by the server's own book; empty: it keeps none
	Handshakes uint64          `json:"handshakes"`
	Failed     uint64          `json:"failed"`
	Regressed  uint64          `json:"regressed"`
	Held       int             `json:"held"`
	Dropped    int             `json:"dropped"`
	Before     Resources       `json:"before"`
	Finally    Resources       `json:"finally"`
	Died       string          `json:"died,omitempty"`  // how the server ended by itself; empty: it did not
	Leaks      []string        `json:"leaks,omitempty"` // what did not stay flat
}

// Resources is what a process holds; -1: unknown.
type Resources struct {
	Descriptors int64 `json:"descriptors"`
	Watches     int64 `json:"watches"` // of inotify
	Resident    int64 `json:"resident_bytes"`
	Goroutines  int64 `json:"goroutines"`
	HeapObjects int64 `json:"heap_objects"` // after two collections
	HeapLive    int64 `json:"heap_live_bytes"`
}

// Crash is one cell of the crash matrix: a server that dies at a point of a rotation, and what it serves when it has
// been started again over files in some state.
type Crash struct {
	Point    string        `json:"point"`
	How      string        `json:"how"`     // kill, abort, exit, panic
	Files    string        `json:"files"`   // good, torn, missing, expired
	Before   uint64        `json:"before"`  // newest generation that it served before
	Allowed  []uint64      `json:"allowed"` // generations that a good server may serve afterwards
	After    uint64        `json:"after"`   // generation that it serves afterwards; zero: none
	Down     time.Duration `json:"down_ns"` // from its end to the next handshake
	Failed   uint64        `json:"failed"`  // handshakes that were refused, reset or timed out
	Restarts int           `json:"restarts"`
	Why      string        `json:"why,omitempty"` // it does not serve
	Defects  []string      `json:"defects,omitempty"`
}

// Kills is a server that is killed again and again while its files are rotated.
type Kills struct {
	Kills      int             `json:"kills"`
	Regressed  int             `json:"regressed"` // restarts that served an older generation than was served before
	Mute       int             `json:"mute"`      // restarts that served nothing
	Handshakes uint64          `json:"handshakes"`
	Failed     uint64          `json:"failed"`  // handshakes, nearly all while it was down
	Down       []time.Duration `json:"down_ns"` // from its end to the next handshake, sorted: p50, p90, p99, p99.9, largest
}

// Memory is how much of retired keys is left in a process.
type Memory struct {
	Rotations int            `json:"rotations"`
	Retired   int            `json:"retired"` // keys that were served and are no longer
	Found     int            `json:"found"`   // of those, keys of which a copy is in memory still
	Copies    map[string]int `json:"copies"`  // by form: scalar, little-endian scalar, DER, PEM
	Scanned   int64          `json:"scanned_bytes"`
	Erased    bool           `json:"erased"` // it was built with GOEXPERIMENT=runtimesecret
}
