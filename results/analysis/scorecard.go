package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/results"
)

// Scored is the card of one target and what its trials come to.
type Scored struct {
	scorecard.Card
	Passed  int    // trials without a defect
	Awaited int    // moves that a good server adopts
	Never   int    // of those, moves that were never adopted
	After   Delays // of the others, from the last step to the first full handshake

	Handshakes uint64
	Failed     uint64
	Regressed  uint64
	Stale      time.Duration // sum of the trials
	Mixed      time.Duration // longest of the trials
	Held       int
	Dropped    int
	Died       int     // trials in which the server ended by itself
	Crashes    Crashes // of the matrix
}

// Crashes counts the cells of a matrix of crashes.
type Crashes struct {
	Cells     int
	Defects   int // cells with a defect
	Regressed int // cells that serve an older generation afterwards than before
	Silent    int // cells that serve nothing afterwards
}

// ScorecardOf sums up each card of a bundle; nil, where there is none, gives nil.
func ScorecardOf(s *results.Scorecard) []Scored {
	if s == nil {
		return nil
	}
	var all []Scored
	for _, c := range s.Cards {
		all = append(all, scoredOf(c))
	}
	return all
}

func scoredOf(c scorecard.Card) Scored {
	s := Scored{Card: c}
	for _, t := range c.Trials {
		s.addTrial(t)
	}
	for _, cell := range c.Crash {
		s.Crashes.add(cell)
	}
	slices.Sort(s.After)
	return s
}

func (c *Crashes) add(cell scorecard.Crash) {
	c.Cells++
	if len(cell.Defects) > 0 {
		c.Defects++
	}
	switch {
	case cell.After == 0:
		c.Silent++
	case cell.After < cell.Before:
		c.Regressed++
	}
}

func (s *Scored) addTrial(t scorecard.Trial) {
	if len(t.Defects) == 0 {
		s.Passed++
	}
	if t.Died != "" {
		s.Died++
	}
	for _, n := range t.Failed {
		s.Failed += n
	}
	s.Handshakes, s.Regressed, s.Stale, s.Mixed = s.Handshakes+t.Handshakes, s.Regressed+t.Regressed, s.Stale+t.Stale, max(s.Mixed, t.Mixed)
	s.Held, s.Dropped = s.Held+t.Held, s.Dropped+t.Dropped
	for _, m := range t.Moves {
		if m.Want != rotation.Adopt {
			continue
		}
		s.Awaited++
		if m.Adopted {
			s.After = append(s.After, m.After)
		} else {
			s.Never++
		}
	}
}

// Defects is in how many places the target did what a good server would not: trials, the soak, cells of the matrix.
func (s Scored) Defects() int {
	n := len(s.Trials) - s.Passed + s.Crashes.Defects
	if s.Soak != nil && spoilt(*s.Soak) {
		n++
	}
	return n
}

// spoilt: something went wrong in a soak, or did not stay flat.
func spoilt(s scorecard.Soak) bool {
	return s.Failed+s.Regressed > 0 || s.Dropped > 0 || s.Adopted < s.Rotations || len(s.Leaks) > 0
}

// told is a card in one sentence.
func (s Scored) told() string {
	text := fmt.Sprintf("scorecard of %s: %d of %d injections without a defect", s.Target, s.Passed, len(s.Trials))
	if c := s.Crashes; c.Cells > 0 {
		text += fmt.Sprintf(", %d of %d crashes", c.Cells-c.Defects, c.Cells)
	}
	if s.Soak != nil {
		text += fmt.Sprintf(", %d of %d rotations in a row adopted", s.Soak.Adopted, s.Soak.Rotations)
	}
	return text
}

// flawless says which of the cards have no defect.
func flawless(all []Scored) string {
	var names []string
	for _, s := range all {
		if s.Defects() == 0 {
			names = append(names, s.Target)
		}
	}
	text := fmt.Sprintf("scorecard: %d of %d strategies without a defect", len(names), len(all))
	if len(names) > 0 {
		text += ": " + strings.Join(names, ", ")
	}
	return text
}
