package reports

import (
	"time"

	"github.com/tlslab/tlslab/handshake/rotation"
	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// ReloadData is what became of the rotations during the blocks of a variant in a cell, those too that guards refuse.
type ReloadData struct {
	Cell          string        `json:"cell"`
	Variant       string        `json:"variant"`
	Strategy      string        `json:"strategy,omitempty"`
	Blocks        int           `json:"blocks"`
	FailingBlocks int           `json:"failing_blocks"` // in which handshakes failed
	Length        float64       `json:"length_seconds"` // of all blocks
	Rotations     int           `json:"rotations"`
	Adopted       int           `json:"adopted"`
	Superseded    int           `json:"superseded"` // a newer one was adopted in its place
	Never         int           `json:"never"`
	Open          int           `json:"open"`            // the block ended soon after it
	Kept          int           `json:"kept"`            // changes of the files that a good server refuses
	Wrong         int           `json:"wrongly_adopted"` // such changes that were adopted
	After         DelayData     `json:"adopted_after"`
	Published     DelayData     `json:"published_after"`
	Took          DelayData     `json:"reload_took"`
	Stale         float64       `json:"stale_window_seconds"`
	Mixed         float64       `json:"mixed_window_seconds"`
	LongestMixed  float64       `json:"longest_mixed_window_seconds"`
	Regressed     int           `json:"regressed"`
	Handshakes    uint64        `json:"handshakes"`
	Failed        uint64        `json:"failed"`
	LockWait      *float64      `json:"lock_wait_seconds_per_handshake"`
	Reloads       CountsByName  `json:"reloads"`      // by result and reason
	Stuck         CountsByName  `json:"blocks_stuck"` // by why their newest reload did not succeed
	Timeline      *TimelineData `json:"timeline"`
}

// CountsByName is an object that is never null.
type CountsByName map[string]uint64

// DelayData is a distribution of delays; a quantile that the sample does not support is null.
type DelayData struct {
	Count int      `json:"count"`
	P50   *float64 `json:"p50_seconds"`
	P90   *float64 `json:"p90_seconds"`
	P99   *float64 `json:"p99_seconds"`
	P999  *float64 `json:"p99_9_seconds"`
	Max   *float64 `json:"max_seconds"`
}

// TimelineData is one block; instants are since the begin of its load.
type TimelineData struct {
	Block     int               `json:"block"`
	Valid     bool              `json:"valid"`
	Length    float64           `json:"length_seconds"`
	Slots     []SlotData        `json:"slots"`
	Rotations []RotationData    `json:"rotations"`
	Published []PublicationData `json:"published"`
}

// SlotData is a stretch of a timeline; the response times are null where no handshake was confirmed, the generations
// where no full one was.
type SlotData struct {
	At        float64  `json:"at_seconds"`
	Length    float64  `json:"length_seconds"`
	Confirmed uint64   `json:"confirmed"`
	Failed    uint64   `json:"failed"`
	Median    *float64 `json:"response_p50_seconds"`
	Worst     *float64 `json:"response_max_seconds"`
	Oldest    *uint64  `json:"oldest"`
	Newest    *uint64  `json:"newest"`
}

// RotationData is a rotation of a timeline.
type RotationData struct {
	Generation uint64          `json:"generation"`
	By         rotation.Method `json:"by"`
	Began      float64         `json:"began_seconds"`
	At         float64         `json:"at_seconds"` // its last step
}

// PublicationData is an identity that became what handshakes are served with.
type PublicationData struct {
	Generation uint64  `json:"generation"`
	At         float64 `json:"at_seconds"`
	Took       float64 `json:"took_seconds"`
}

// CardData is what one target of the scorecard went through, and what its trials come to.
type CardData struct {
	Target     string      `json:"target"`
	Defects    int         `json:"defects"`
	Passed     int         `json:"passed"`
	Tried      int         `json:"tried"`
	Skipped    int         `json:"skipped"`
	Awaited    int         `json:"awaited"` // moves that a good server adopts
	Never      int         `json:"never"`   // of those
	Wrong      int         `json:"wrongly_adopted"`
	After      DelayData   `json:"adopted_after"`
	Handshakes uint64      `json:"handshakes"`
	Failed     uint64      `json:"failed"`
	Regressed  uint64      `json:"regressed"`
	Stale      float64     `json:"stale_window_seconds"`
	Mixed      float64     `json:"longest_mixed_window_seconds"`
	Held       int         `json:"held"`
	Dropped    int         `json:"dropped"`
	Died       int         `json:"died"`
	Trials     []TrialData `json:"trials"`
	Soak       *SoakData   `json:"soak"`
	Commanded  *SoakData   `json:"commanded"`
	Crashes    []CrashData `json:"crashes"`
	Kills      *KillsData  `json:"kills"`
	Memory     *MemoryData `json:"memory"`
}

// TrialData is one injection.
type TrialData struct {
	Injection  string       `json:"injection"`
	Skipped    string       `json:"skipped,omitempty"` // why it cannot be made here
	Moves      []MoveData   `json:"moves"`
	Handshakes uint64       `json:"handshakes"`
	Failed     CountsByName `json:"failed"` // by reason
	Regressed  uint64       `json:"regressed"`
	Mixed      float64      `json:"mixed_window_seconds"`
	Stale      float64      `json:"stale_window_seconds"`
	Held       int          `json:"held"`
	Dropped    int          `json:"dropped"`
	Died       string       `json:"died,omitempty"`
	Defects    []string     `json:"defects"`
}

// MoveData is one part of an injection.
type MoveData struct {
	Name       string               `json:"name"`
	Generation uint64               `json:"generation"`
	Want       rotation.Expectation `json:"want"`
	Adopted    bool                 `json:"adopted"`
	After      *float64             `json:"adopted_after_seconds"`   // null: it was not
	Published  *float64             `json:"published_after_seconds"` // null: by no book
	Patience   float64              `json:"patience_seconds"`
	Refused    string               `json:"refused,omitempty"`
	Failed     uint64               `json:"failed"`
	Regressed  uint64               `json:"regressed"`
}

func reloadData(r analysis.Reloading) ReloadData {
	d := ReloadData{
		Cell: r.Cell, Variant: r.Variant, Strategy: r.Strategy, Blocks: r.Blocks, FailingBlocks: r.Failing, Length: r.Length.Seconds(),
		Rotations: r.Rotations, Adopted: r.Fates[analysis.Adopted], Superseded: r.Fates[analysis.Superseded], Never: r.Fates[analysis.Never], Open: r.Fates[analysis.Open], Kept: r.Kept, Wrong: r.Wrong,
		After: delayData(r.After), Published: delayData(r.Published), Took: delayData(r.Took),
		Stale: r.Stale.Seconds(), Mixed: r.Mixed.Seconds(), LongestMixed: r.Longest.Seconds(), Regressed: r.Regressed,
		Handshakes: r.Began, Failed: r.Failed, Reloads: byName(r.Reloads), Stuck: byName(r.Stuck), Timeline: timelineData(r.Timeline),
	}
	if r.LockWait >= 0 {
		d.LockWait = finite(r.LockWait)
	}
	return d
}

func byName(counts map[string]uint64) CountsByName {
	if counts == nil {
		return CountsByName{}
	}
	return counts
}

func delayData(d analysis.Delays) DelayData {
	at := func(q float64) *float64 {
		v, ok := d.Quantile(q)
		return secondsIf(ok, v)
	}
	return DelayData{len(d), at(0.5), at(0.9), at(0.99), at(0.999), at(1)}
}

// secondsIf is null where there is no such time.
func secondsIf(ok bool, d time.Duration) *float64 {
	if !ok {
		return nil
	}
	return finite(d.Seconds())
}

func timelineData(t *analysis.Timeline) *TimelineData {
	if t == nil {
		return nil
	}
	return &TimelineData{
		Block: t.Block, Valid: t.Valid, Length: t.Length.Seconds(), Slots: each(t.Slots, slotData),
		Rotations: each(t.Rotations, func(r results.Rotation) RotationData {
			return RotationData{r.Generation, r.By, r.Began.Seconds(), r.At.Seconds()}
		}),
		Published: each(t.Published, func(p server.Published) PublicationData {
			return PublicationData{p.Generation, p.At.Seconds(), p.Took.Seconds()}
		}),
	}
}

func slotData(s loadgen.Slot) SlotData {
	d := SlotData{
		At: s.At.Seconds(), Length: s.Length.Seconds(), Confirmed: s.Confirmed, Failed: s.Failed,
		Median: secondsIf(s.Confirmed > 0, s.Median), Worst: secondsIf(s.Confirmed > 0, s.Worst),
	}
	if s.Newest > 0 {
		d.Oldest, d.Newest = &s.Oldest, &s.Newest
	}
	return d
}

func cardData(s analysis.Scored) CardData {
	return CardData{
		Target: s.Target, Defects: s.Defects(), Passed: s.Passed, Tried: s.Tried(), Skipped: s.Skipped, Awaited: s.Awaited, Never: s.Never, Wrong: s.Wrong,
		After: delayData(s.After), Handshakes: s.Handshakes, Failed: s.Failed, Regressed: s.Regressed, Stale: s.Stale.Seconds(), Mixed: s.Mixed.Seconds(),
		Held: s.Held, Dropped: s.Dropped, Died: s.Died, Trials: each(s.Trials, trialData),
		Soak: soakData(s.Soak), Commanded: soakData(s.Command), Crashes: each(s.Crash, crashData), Kills: killsData(s.Kills), Memory: memoryData(s.Memory),
	}
}

func trialData(t scorecard.Trial) TrialData {
	return TrialData{
		Injection: t.Injection, Skipped: t.Skipped, Moves: each(t.Moves, moveData), Handshakes: t.Handshakes, Failed: byName(t.Failed), Regressed: t.Regressed,
		Mixed: t.Mixed.Seconds(), Stale: t.Stale.Seconds(), Held: t.Held, Dropped: t.Dropped, Died: t.Died, Defects: filled(t.Defects),
	}
}

func moveData(m scorecard.Moved) MoveData {
	return MoveData{
		Name: m.Name, Generation: m.Generation, Want: m.Want, Adopted: m.Adopted, After: secondsIf(m.Adopted, m.After),
		Published: secondsIf(m.Published >= 0, m.Published), Patience: m.Patience.Seconds(), Refused: m.Refused, Failed: m.Failed, Regressed: m.Regressed,
	}
}
