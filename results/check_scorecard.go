package results

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
)

// soakQuantiles is how many numbers tell a soak's times: p50, p90, p99, p99.9, the largest.
const soakQuantiles = 5

// checkScorecard holds cards against the manifest: each is of a variant with a reload strategy, the only one of it,
// and agrees with itself.
func (m *Manifest) checkScorecard(s Scorecard) error {
	seen := map[string]bool{}
	for _, c := range s.Cards {
		switch {
		case seen[c.Target]:
			return fmt.Errorf("target %q has two cards", c.Target)
		case c.Target == m.Null || !m.reloads(c.Target):
			return fmt.Errorf("target %q is no variant with a reload strategy", c.Target)
		}
		seen[c.Target] = true
		if err := checkCard(c); err != nil {
			return fmt.Errorf("target %q: %w", c.Target, err)
		}
	}
	return nil
}

func (m *Manifest) reloads(name string) bool {
	return slices.ContainsFunc(m.Variants, func(v Variant) bool { return v.Name == name && v.Reload != nil })
}

func checkCard(c scorecard.Card) error {
	return cmp.Or(checkTrials(c.Trials), checkSoak(c.Soak), checkSoak(c.Command), checkCrashes(c.Crash), checkKills(c.Kills), checkMemory(c.Memory))
}

func checkTrials(trials []scorecard.Trial) error {
	seen := map[string]bool{}
	for _, t := range trials {
		if t.Injection == "" || seen[t.Injection] {
			return fmt.Errorf("injection %q: name empty or used twice", t.Injection)
		}
		seen[t.Injection] = true
		if err := checkTrial(t); err != nil {
			return fmt.Errorf("injection %q: %w", t.Injection, err)
		}
	}
	return nil
}

func checkTrial(t scorecard.Trial) error {
	failed := uint64(0)
	for _, n := range t.Failed {
		failed += n
	}
	switch {
	case failed > t.Handshakes:
		return fmt.Errorf("%d of %d handshakes failed", failed, t.Handshakes)
	case t.Dropped < 0 || t.Dropped > t.Held:
		return fmt.Errorf("%d of %d held connections were dropped", t.Dropped, t.Held)
	case t.Mixed < 0 || t.Stale < 0:
		return errors.New("a window is shorter than nothing")
	case !slices.IsSortedFunc(t.Timeline, func(x, y scorecard.Point) int { return cmp.Compare(x.At, y.At) }):
		return errors.New("its timeline is not in order")
	}
	return checkMoves(t.Moves)
}

// checkMoves: generations grow from move to move, but that one generation may take several moves.
func checkMoves(moves []scorecard.Moved) error {
	before := uint64(0)
	for _, m := range moves {
		switch {
		case m.Generation < before:
			return fmt.Errorf("move %q: generation %d after %d", m.Name, m.Generation, before)
		case !slices.Contains([]rotation.Expectation{rotation.Adopt, rotation.Keep, rotation.Any}, m.Want):
			return fmt.Errorf("move %q: wants %q", m.Name, m.Want)
		case m.After < 0 || m.After > 0 && !m.Adopted:
			return fmt.Errorf("move %q: adopted %t, after %v", m.Name, m.Adopted, m.After)
		case m.Patience < 0 || m.Published < -1 || m.LastOld < 0:
			return fmt.Errorf("move %q: a time is below zero", m.Name)
		}
		before = m.Generation
	}
	return nil
}

func checkSoak(s *scorecard.Soak) error {
	switch {
	case s == nil:
		return nil
	case s.Adopted < 0 || s.Adopted > s.Rotations:
		return fmt.Errorf("soak: %d of %d rotations adopted", s.Adopted, s.Rotations)
	case s.Failed > s.Handshakes:
		return fmt.Errorf("soak: %d of %d handshakes failed", s.Failed, s.Handshakes)
	case s.Dropped < 0 || s.Dropped > s.Held:
		return fmt.Errorf("soak: %d of %d held connections were dropped", s.Dropped, s.Held)
	case wrongQuantiles(s.After), wrongQuantiles(s.Published):
		return fmt.Errorf("soak: quantiles %v, %v: must be %d in order, or none", s.After, s.Published, soakQuantiles)
	}
	return nil
}

func wrongQuantiles(q []time.Duration) bool {
	return len(q) != 0 && len(q) != soakQuantiles || !slices.IsSorted(q)
}

// checkCrashes: every cell is there once, and each point with each state of the files.
func checkCrashes(cells []scorecard.Crash) error {
	type place struct{ point, how, files string }
	seen, pairs := map[place]bool{}, map[[2]string]bool{}
	points, states := map[string]bool{}, map[string]bool{}
	for _, c := range cells {
		p := place{c.Point, c.How, c.Files}
		if seen[p] {
			return fmt.Errorf("crash at %q by %s with %s files is there twice", c.Point, c.How, c.Files)
		}
		seen[p], pairs[[2]string{c.Point, c.Files}] = true, true
		points[c.Point], states[c.Files] = true, true
	}
	if want := len(points) * len(states); len(pairs) != want {
		return fmt.Errorf("the matrix of crashes has %d of %d cells", len(pairs), want)
	}
	return nil
}

func checkKills(k *scorecard.Kills) error {
	switch {
	case k == nil:
		return nil
	case k.Regressed < 0 || k.Mute < 0 || k.Regressed+k.Mute > k.Kills:
		return fmt.Errorf("kills: %d regressed and %d mute of %d", k.Regressed, k.Mute, k.Kills)
	case k.Failed > k.Handshakes || wrongQuantiles(k.Down):
		return fmt.Errorf("kills: %d of %d handshakes failed, down for %v", k.Failed, k.Handshakes, k.Down)
	}
	return nil
}

func checkMemory(m *scorecard.Memory) error {
	if m != nil && (m.Found < 0 || m.Found > m.Retired) {
		return fmt.Errorf("memory: %d of %d retired keys found", m.Found, m.Retired)
	}
	return nil
}
