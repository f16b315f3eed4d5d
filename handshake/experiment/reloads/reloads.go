// Package reloads asks what becomes of certificate files that change under a server: one arm for each strategy of
// package reload, each of them in a server process of its own that package scorecard watches through handshakes.
package reloads

import (
	"context"
	"fmt"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/handshake/scorecard"
)

// atOnce is how many trials go on side by side: nearly all of their time is waiting.
const atOnce = 4

// All are the experiments of the package.
func All() []experiment.Experiment {
	return []experiment.Experiment{{
		Name:  "reload",
		Title: "how long a new certificate file takes to be served",
		Doc: "A server of its own for each strategy and each way to change its files; clients make a full handshake " +
			"every few milliseconds. Two rotations by rename, two in place, two while a hard link remains, one whose " +
			"files look an hour older, and one to a leaf that has ended. Servers that reload by command are killed " +
			"between the two files of a rotation.",
		Takes: 45 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return run(ctx, b, reload.Names(), injections())
		},
	}}
}

// run makes an arm of each strategy.
func run(ctx context.Context, b experiment.Bench, strategies, injections []string) ([]experiment.Arm, error) {
	bin, err := b.Server(ctx, "plain")
	if err != nil {
		return nil, err
	}
	var targets []scorecard.Target
	for _, name := range strategies {
		targets = append(targets, scorecard.Standalone(bin, name, reload.Settings{Strategy: name}))
	}
	cards, err := scorecard.Run(ctx, targets, scorecard.Options{
		Injections: injections, AtOnce: atOnce, Dir: b.Dir, Seed: b.Seed,
		Progress: func(p scorecard.Progress) {
			b.Speak(fmt.Sprintf("reload: %d of %d: %s: %s", p.Done+1, p.Of, p.Target, p.Doing))
		},
	})
	if err != nil {
		return nil, err
	}
	var arms []experiment.Arm
	for i, card := range cards {
		arm := experiment.Arm{Name: card.Target, Role: role(card.Target), Doc: doc(card.Target)}
		arm.Measures, arm.Notes = measures(card)
		if targets[i].Supervised != nil {
			b.Speak("reload: " + card.Target + ": killed between two files")
			if err := addCrash(ctx, &arm, b.Dir, bin); err != nil {
				return nil, fmt.Errorf("%s: %w", card.Target, err)
			}
		}
		arms = append(arms, arm)
	}
	return arms, nil
}

// role of a strategy's arm.
func role(strategy string) experiment.Role {
	switch strategy {
	case reload.Static:
		return experiment.Control
	case reload.Reference:
		return experiment.Reference
	case reload.CommandCommitted:
		return ""
	}
	return experiment.Published
}

func doc(strategy string) string {
	return map[string]string{
		reload.Static:           "the files are read once",
		reload.NotifyDescribed:  "fsnotify on both files, 500 ms of debounce, a hash, and the last good pair, as the design describes itself",
		reload.NotifyShipped:    "the same as its code does it: sleeps, checks that a file rests, and a watch that can die",
		reload.PollDescribed:    "os.Stat at an interval sets a flag and the next handshake reloads, as the design describes itself",
		reload.PollShipped:      "os.Stat in each handshake under a lock, as its code does it",
		reload.CommandBoot:      "reloads when it is told to; after a crash it serves what its parent read at boot",
		reload.CommandUnchecked: "reloads when it is told to; after a crash its parent reads the files again and ignores the error",
		reload.CommandCommitted: "reloads when it is told to, and commits a generation to its state before it serves it",
		reload.Reference:        "events are hints, files are read at rest, believed if they serve, committed, then served",
	}[strategy]
}
