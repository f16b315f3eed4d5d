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
	Skipped int    // trials that cannot be made here
	Awaited int    // moves that a good server adopts
	Never   int    // of those, moves that were never adopted
	Wrong   int    // moves that a good server does not adopt, and that were
	After   Delays // of the moves that were rightly adopted, from the last step to the first full handshake

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

// Outcome is what the moves of one trial came to.
type Outcome struct {
	Awaited int    // moves that a good server adopts
	Never   int    // of those, moves that were never adopted
	Wrong   int    // moves that a good server does not adopt, and that were
	After   Delays // of the moves that were rightly adopted
	Failed  uint64 // handshakes
}

// Crashes counts the cells of a matrix of crashes.
type Crashes struct {
	Cells     int
	Defects   int // cells with a defect
	Regressed int // cells that serve an older generation afterwards than before
	Silent    int // cells that serve nothing afterwards
}

// OutcomeOf is what the moves of a trial came to. A move that puts no new generation in place is not adopted wrongly.
func OutcomeOf(t scorecard.Trial) (o Outcome) {
	newest := uint64(1) // that lay there before
	for _, m := range t.Moves {
		switch {
		case m.Want == rotation.Adopt && m.Adopted:
			o.After = append(o.After, m.After)
		case m.Want == rotation.Adopt:
			o.Never++
		case m.Want == rotation.Keep && m.Adopted && m.Generation > newest:
			o.Wrong++
		}
		newest = max(newest, m.Generation)
	}
	for _, n := range t.Failed {
		o.Failed += n
	}
	o.Awaited = len(o.After) + o.Never
	slices.Sort(o.After)
	return o
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
	o := OutcomeOf(t)
	switch {
	case t.Skipped != "":
		s.Skipped++
	case len(t.Defects) == 0:
		s.Passed++
	}
	if t.Died != "" {
		s.Died++
	}
	s.Awaited, s.Never, s.Wrong, s.After = s.Awaited+o.Awaited, s.Never+o.Never, s.Wrong+o.Wrong, append(s.After, o.After...)
	s.Handshakes, s.Failed, s.Regressed = s.Handshakes+t.Handshakes, s.Failed+o.Failed, s.Regressed+t.Regressed
	s.Stale, s.Mixed = s.Stale+t.Stale, max(s.Mixed, t.Mixed)
	s.Held, s.Dropped = s.Held+t.Held, s.Dropped+t.Dropped
}

// Tried is how many injections were made.
func (s Scored) Tried() int { return len(s.Trials) - s.Skipped }

// Defects is in how many places the target did what a good server would not: trials, cells of the matrix of crashes,
// soaks, kills.
func (s Scored) Defects() int {
	n := s.Tried() - s.Passed + s.Crashes.Defects
	for _, soak := range []*scorecard.Soak{s.Soak, s.Command} {
		if soak != nil && Spoilt(*soak) {
			n++
		}
	}
	if s.Kills != nil && s.Kills.Regressed+s.Kills.Mute > 0 {
		n++
	}
	return n
}

// Spoilt says whether something went wrong in a soak, or did not stay flat.
func Spoilt(s scorecard.Soak) bool {
	return s.Failed+s.Regressed > 0 || s.Dropped > 0 || s.Adopted < s.Rotations || s.Died != "" || len(s.Leaks) > 0
}

// told is a card in one sentence.
func (s Scored) told() string {
	text := fmt.Sprintf("scorecard of %s: %d of %d injections without a defect", s.Target, s.Passed, s.Tried())
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
