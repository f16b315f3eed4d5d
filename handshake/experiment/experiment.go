// Package experiment is what one question put to real servers and clients is made of, and what it came to: an
// [Experiment] has arms, each another setting of the same thing, and each [Arm] has measures. Nothing here judges: a
// claim of a scenario names an arm's measure and says what it should be.
//
// # Why experiments are not blocks
//
// A block asks what handshakes cost, of fresh processes, in groups whose ratio has an interval. Whether a withdrawn
// identity is still accepted, or how long a client takes to come back after an outage, is no cost: it is asked once for
// each arm, of servers in the lab's own process, beside the blocks.
package experiment

import (
	"context"
	"time"
)

// Experiment is one question, ready to be asked.
type Experiment struct {
	Name  string        // push
	Title string        // for people: from a pushed identity to the first handshake with it
	Doc   string        // what is done, in two or three sentences
	Takes time.Duration // about
	Run   func(context.Context, Bench) ([]Arm, error)
}

// Bench is what an experiment is carried out on.
type Bench struct {
	Dir    string                                                         // an empty directory for files and sockets, with a short path, removed afterwards
	Seed   uint64                                                         // of everything that is drawn
	Agent  string                                                         // Workload API of an external agent, as unix:///path; empty: the lab's own
	Server func(ctx context.Context, app string) (path string, err error) // builds the server of an app, or finds that it is built
	Speak  func(line string)                                              // progress for people; never nil
}

// Role is why an arm is there.
type Role string

const (
	Control   Role = "control"   // shows that the experiment sees what it looks for
	Published Role = "published" // as the design was published, or as its library does by default
	Reference Role = "reference" // as the lab would do it
)

// Arm is one setting of what the experiment is about.
type Arm struct {
	Name     string    `json:"name"`
	Role     Role      `json:"role,omitempty"` // empty: one of a sweep
	Doc      string    `json:"doc,omitempty"`  // the setting, in a sentence
	Measures []Measure `json:"measures,omitempty"`
	Notes    []string  `json:"notes,omitempty"`   // what was noticed, such as the error that a client saw
	Skipped  string    `json:"skipped,omitempty"` // why the arm cannot be run here; then it has no measures
}

// Measure is one number of an arm.
type Measure struct {
	Name  string   `json:"name"` // push_p99
	Unit  string   `json:"unit"` // s, B, or what is counted: handshakes, rpcs, goroutines; share: of 1
	Value float64  `json:"value"`
	Low   *float64 `json:"low,omitempty"`  // 95 % interval; nil: none
	High  *float64 `json:"high,omitempty"` // both or neither
	Of    uint64   `json:"of,omitempty"`   // how many the number rests on, or is counted out of
}

// Result is what an experiment came to, as a bundle keeps it.
type Result struct {
	Name    string        `json:"name"`
	Title   string        `json:"title"`
	Doc     string        `json:"doc"`
	Took    time.Duration `json:"took_ns"`
	Arms    []Arm         `json:"arms"`
	Skipped string        `json:"skipped,omitempty"` // why the experiment cannot be made here
}

// Arm finds an arm by name.
func (r *Result) Arm(name string) (Arm, bool) {
	for _, a := range r.Arms {
		if a.Name == name {
			return a, true
		}
	}
	return Arm{}, false
}

// Measure finds a measure by name.
func (a *Arm) Measure(name string) (Measure, bool) {
	for _, m := range a.Measures {
		if m.Name == name {
			return m, true
		}
	}
	return Measure{}, false
}
