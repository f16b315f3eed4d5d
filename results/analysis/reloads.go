package analysis

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
)

// Reloading is what became of the rotations during the blocks of one variant in one cell. It rests on all measured
// blocks, those that a guard refuses too: handshakes that fail are what a rotation may bring about.
type Reloading struct {
	Cell      string
	Variant   string
	Strategy  string // of the variant; empty: it has none
	Blocks    int
	Failing   int           // blocks in which handshakes failed
	Length    time.Duration // of all blocks together
	Rotations int           // that are to be adopted
	Fates     map[Fate]int
	Kept      int    // changes of the files that a good server refuses, and that were
	Wrong     int    // such changes that were adopted
	After     Delays // from the last step of a rotation to the first full handshake that showed it
	Published Delays // from the last step of a rotation to its publication, by the server's own book
	Took      Delays // of the reloads that published something, from their begin

	Stale     time.Duration // for which an older generation was served than the newest in the files
	Mixed     time.Duration // for which full handshakes showed two generations
	Longest   time.Duration // of the windows that are mixed
	Regressed int           // generations after which an older one was shown for longer than any handshake takes

	Began    uint64            // handshakes
	Failed   uint64            // of them, those that failed or were not confirmed
	LockWait float64           // seconds of the server's goroutines for each completed handshake; below zero: none was completed
	Reloads  map[string]uint64 // by result and reason
	Stuck    map[string]uint64 // blocks by why their newest reload did not succeed, or why the files were followed no more
	Timeline *Timeline         // of the first undisturbed block, or else of the first; nil: none has one
}

// Timeline is one block as time went by. Instants are since the begin of its load.
type Timeline struct {
	Block     int
	Valid     bool
	Length    time.Duration
	Slots     []loadgen.Slot
	Rotations []results.Rotation
	Published []server.Published
}

// Fate is what became of a rotation.
type Fate string

const (
	Adopted    Fate = "adopted"    // handshakes were served with it
	Superseded Fate = "superseded" // a newer one was adopted in its place
	Never      Fate = "never"      // neither it nor a newer one, although there was time
	Open       Fate = "open"       // neither, but the block ended soon after it
)

// enough is how long after a rotation a block must go on to say that it was never adopted.
const enough = 5 * time.Second

// reloadsOf is one entry for each variant of a cell that follows files or whose files changed.
func reloadsOf(m results.Manifest, blocks []judged) []Reloading {
	var all []Reloading
	for _, cell := range m.Cells {
		for _, variant := range cell.Variants {
			of, strategy := blocksOf(blocks, cell.Name, variant), strategyOf(m, variant)
			if strategy != "" || slices.ContainsFunc(of, rotates) {
				all = append(all, reloadingOf(cell.Name, variant, strategy, of))
			}
		}
	}
	return all
}

func rotates(j judged) bool { return len(j.raw.Rotations) > 0 || j.raw.Server.Reload != nil }

func strategyOf(m results.Manifest, variant string) string {
	v := variantOf(m, variant)
	if v.Reload == nil {
		return ""
	}
	return v.Reload.Strategy
}

func reloadingOf(cell, variant, strategy string, blocks []judged) Reloading {
	r := Reloading{Cell: cell, Variant: variant, Strategy: strategy, Blocks: len(blocks), Fates: map[Fate]int{}, LockWait: -1}
	waited, completed := time.Duration(0), uint64(0)
	for _, j := range blocks {
		r.add(j.raw)
		waited += j.raw.Server.Runtime.MutexWait
		completed += j.raw.Server.Ledger.Completed
	}
	if completed > 0 {
		r.LockWait = waited.Seconds() / float64(completed)
	}
	slices.Sort(r.After)
	slices.Sort(r.Published)
	slices.Sort(r.Took)
	r.Timeline = timelineOf(blocks)
	return r
}

// add adds up what happened in a block.
func (r *Reloading) add(b *results.Block) {
	client := b.Client.Ledger
	failed := client.Failed + client.Unconfirmed
	if failed > 0 {
		r.Failing++
	}
	r.Began, r.Failed, r.Length = r.Began+client.Began, r.Failed+failed, r.Length+b.Client.Wall
	if book := b.Server.Reload; book != nil {
		r.read(book)
	}
	h := chronicle(b)
	for _, rotation := range b.Rotations {
		r.follow(h, rotation)
	}
	r.Stale += h.stale(b.Rotations)
	mixed := mixedWindows(b)
	r.Mixed += mixed.total
	r.Longest = max(r.Longest, mixed.longest)
	r.Regressed += mixed.regressed
}

// read adds up a block's book.
func (r *Reloading) read(book *server.Reload) {
	addCounts(&r.Reloads, book.Reloads)
	for _, p := range book.Published {
		r.Took = append(r.Took, p.Took)
	}
	if book.Failing != "" {
		addCounts(&r.Stuck, map[string]uint64{book.Failing: 1})
	}
}

// follow adds up what became of one rotation.
func (r *Reloading) follow(h chronicled, of results.Rotation) {
	switch of.Want {
	case rotation.Any:
	case rotation.Keep:
		if len(h.all().since(of)) > 0 {
			r.Wrong++
		} else {
			r.Kept++
		}
	default:
		r.Rotations++
		r.Fates[h.fate(of)]++
		r.After = append(r.After, h.shown.since(of)...)
		r.Published = append(r.Published, h.published.since(of)...)
	}
}

// timely says that enough rotations were adopted to tell the usual time.
func timely(r Reloading) bool {
	_, ok := r.After.Quantile(0.5)
	return ok
}

// adoptions tells the usual time of each variant that adopted enough.
func adoptions(all []Reloading) string {
	var parts []string
	for _, r := range all {
		if usual, ok := r.After.Quantile(0.5); ok {
			parts = append(parts, fmt.Sprintf("%v by %s", usual.Round(time.Millisecond), r.Variant))
		}
	}
	return "rotations were adopted after " + strings.Join(parts, ", ") + " (p50)"
}

// timelineOf is that of the first block that is valid and quiet; where none is, of the first.
func timelineOf(blocks []judged) *Timeline {
	drawn := slices.DeleteFunc(slices.Clone(blocks), func(j judged) bool { return len(j.raw.Client.Timeline) == 0 })
	if len(drawn) == 0 {
		return nil
	}
	at := slices.IndexFunc(drawn, func(j judged) bool { return j.Valid && len(j.alarms(quiet)) == 0 })
	j := drawn[max(at, 0)]
	t := &Timeline{Block: j.Index, Valid: j.Valid, Length: j.raw.Client.Wall, Slots: j.raw.Client.Timeline}
	began := j.raw.Client.Began
	for _, r := range j.raw.Rotations {
		r.Began, r.At = r.Began-began, r.At-began
		t.Rotations = append(t.Rotations, r)
	}
	if book := j.raw.Server.Reload; book != nil {
		for _, p := range book.Published {
			p.At -= began
			t.Published = append(t.Published, p)
		}
	}
	return t
}
