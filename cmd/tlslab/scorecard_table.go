package main

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
)

// tellCards prints the cards. A defect is a missed objective: that a server makes none.
func (s streams) tellCards(cards []scorecard.Card) (int, error) {
	code := exitDone
	for i, card := range cards {
		if i > 0 {
			fmt.Fprintln(s.out)
		}
		if err := writeCard(s.out, card); err != nil {
			return 0, err
		}
		if card.Defective() {
			code = exitMissed
		}
	}
	return code, nil
}

func writeCard(out io.Writer, card scorecard.Card) error {
	fmt.Fprintf(out, "%s\n\n", card.Target)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "injection\tadopted after\tfailed\tback\tdropped\tstale\tdefects")
	for _, t := range card.Trials {
		if t.Skipped != "" {
			fmt.Fprintf(w, "%s\tskipped: %s\n", t.Injection, t.Skipped)
			continue
		}
		failed := uint64(0)
		for _, n := range t.Failed {
			failed += n
		}
		fmt.Fprintf(w, "%s\t%s\t%d of %d\t%d\t%d of %d\t%s\t%s\n", t.Injection, adoption(t), failed, t.Handshakes, t.Regressed,
			t.Dropped, t.Held, inDigits(t.Stale), strings.Join(t.Defects, "; "))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	writeSoak(out, "rotations", card.Soak)
	writeSoak(out, "rotations by command", card.Command)
	writeCrashes(out, card.Crash)
	writeKills(out, card.Kills)
	writeMemory(out, card.Memory)
	return nil
}

// adoption is the longest time that a wanted generation took, or that one never came.
func adoption(t scorecard.Trial) string {
	longest := time.Duration(-1)
	for _, m := range t.Moves {
		switch {
		case m.Want != rotation.Adopt:
		case !m.Adopted:
			return "never"
		default:
			longest = max(longest, m.After)
		}
	}
	if longest < 0 {
		return "-"
	}
	return inDigits(longest)
}

// inDigits is a duration of at most a few digits.
func inDigits(d time.Duration) string {
	switch {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= 10*time.Millisecond:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Microsecond).String()
}

func writeSoak(out io.Writer, what string, s *scorecard.Soak) {
	if s == nil {
		return
	}
	fmt.Fprintf(out, "\n%s: %d, adopted %d", what, s.Rotations, s.Adopted)
	if len(s.After) > 0 {
		fmt.Fprintf(out, " (p50 %s, p99 %s, longest %s)", inDigits(s.After[0]), inDigits(s.After[2]), inDigits(s.After[4]))
	}
	fmt.Fprintf(out, "; handshakes: %d, failed %d, back %d; dropped %d of %d", s.Handshakes, s.Failed, s.Regressed, s.Dropped, s.Held)
	leaks := "none"
	if len(s.Leaks) > 0 {
		leaks = strings.Join(s.Leaks, ", ")
	}
	fmt.Fprintf(out, "; leaks: %s\n", leaks)
	if s.Died != "" {
		fmt.Fprintf(out, "  the server died: %s\n", s.Died)
	}
}

// writeCrashes prints each defect once, with the cells that have it.
func writeCrashes(out io.Writer, cells []scorecard.Crash) {
	if len(cells) == 0 {
		return
	}
	bad := map[string][]string{}
	defective := 0
	for _, c := range cells {
		if len(c.Defects) > 0 {
			defective++
		}
		for _, d := range c.Defects {
			bad[d] = append(bad[d], c.Point+"/"+c.How+"/"+c.Files)
		}
	}
	fmt.Fprintf(out, "\ncrashes: %d, of which %d show a defect\n", len(cells), defective)
	for _, d := range slices.Sorted(maps.Keys(bad)) {
		fmt.Fprintf(out, "  %s: %s\n", d, strings.Join(bad[d], " "))
	}
}

func writeKills(out io.Writer, k *scorecard.Kills) {
	if k == nil {
		return
	}
	fmt.Fprintf(out, "\nkills: %d, back %d, mute %d; handshakes: %d, failed %d", k.Kills, k.Regressed, k.Mute, k.Handshakes, k.Failed)
	if len(k.Down) > 0 {
		fmt.Fprintf(out, "; down p50 %s, longest %s", inDigits(k.Down[0]), inDigits(k.Down[4]))
	}
	fmt.Fprintln(out)
}

func writeMemory(out io.Writer, m *scorecard.Memory) {
	if m == nil {
		return
	}
	fmt.Fprintf(out, "\nmemory: %d of %d retired keys left in %d MiB", m.Found, m.Retired, m.Scanned>>20)
	for _, form := range slices.Sorted(maps.Keys(m.Copies)) {
		fmt.Fprintf(out, ", %s %d", form, m.Copies[form])
	}
	if m.Erased {
		fmt.Fprint(out, " (built with runtimesecret)")
	}
	fmt.Fprintln(out)
}
