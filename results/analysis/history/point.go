package history

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
)

// Schema is the version of a line. Another number is another format.
const Schema = 1

// Point is one run.
type Point struct {
	Schema   int       `json:"schema"`
	When     time.Time `json:"when"` // its last block ended
	Scenario string    `json:"scenario"`
	Commit   string    `json:"commit,omitempty"` // that was measured, as whoever added the run says
	Seed     uint64    `json:"seed"`
	Host     Host      `json:"host"`
	Exit     int       `json:"exit"`               // exit code of its verdict: 3 is an invalid run
	Verdict  string    `json:"verdict"`            // in a sentence
	Baseline string    `json:"baseline,omitempty"` // of all effects

	Values  Values  `json:"values"`
	Effects Effects `json:"effects,omitempty"`
}

// Values are by cell, variant and metric, in the units of package metric.
type Values map[string]map[string]map[string]float64

// Effects are by cell, candidate and metric.
type Effects map[string]map[string]map[string]Effect

// Effect is candidate/baseline with its interval.
type Effect struct {
	Ratio  float64 `json:"ratio"`
	Lo     float64 `json:"lo"`
	Hi     float64 `json:"hi"`
	Margin float64 `json:"margin,omitempty"` // ratios this close to 1 are the same to us
	Gated  bool    `json:"gated,omitempty"`
}

// Host is a class of machines: numbers of different classes are not compared.
type Host struct {
	CPU    string `json:"cpu_model"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

// exitInvalid is the exit code of a run whose measurements cannot be believed.
const exitInvalid = 3

// Valid says whether anything may be concluded from the run.
func (p Point) Valid() bool { return p.Exit != exitInvalid }

func (p Point) check() error {
	switch {
	case p.Schema != Schema:
		return fmt.Errorf("schema %d; this tlslab reads schema %d", p.Schema, Schema)
	case p.When.UTC().Year() < 1970 || p.When.UTC().Year() > 9999:
		return fmt.Errorf("%v is no time of a run", p.When)
	case p.Scenario == "":
		return errors.New("no scenario")
	case len(p.Commit) > 100 || strings.ContainsFunc(p.Commit, func(r rune) bool { return r <= ' ' || r > '~' }):
		return fmt.Errorf("%q is no name of a commit", p.Commit)
	case p.Baseline == "" && len(p.Effects) > 0:
		return errors.New("effects without a baseline")
	case p.Exit < 0 || p.Exit > 255:
		return fmt.Errorf("%d is no exit code", p.Exit)
	}
	for cell, candidates := range p.Effects {
		for candidate, metrics := range candidates {
			for metric, e := range metrics {
				if !e.sound() {
					return fmt.Errorf("%s of %s in %s: %v [%v, %v] with margin %v is no ratio", metric, candidate, cell, e.Ratio, e.Lo, e.Hi, e.Margin)
				}
			}
		}
	}
	return nil
}

func (e Effect) sound() bool {
	return e.Lo > 0 && e.Lo <= e.Ratio && e.Ratio <= e.Hi && !math.IsInf(e.Hi, 0) && e.Margin >= 0
}
