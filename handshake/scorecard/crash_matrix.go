package scorecard

import (
	"context"
	"slices"
)

// crashPoint is where a rotation is when the server dies.
type crashPoint struct {
	name   string
	last   string // step of the writer that is taken last; empty: none is
	reload string // point of the reload at which the server dies; empty: it is not told to reload
}

// The axes of the matrix.
var (
	crashPoints = []crashPoint{
		{name: "before-write"},
		{name: "after-cert", last: "rename tls.crt"},
		{name: "after-key", last: "rename tls.key"},
		{name: "after-authorities", last: "rename ca.crt"},
		{name: "after-rename", last: everything},
		{name: "during-reload", last: everything, reload: "validated"},
		{name: "before-journal", last: everything, reload: "published"},
	}
	crashWays  = []string{"kill", "abort", "exit", "panic"}
	crashFiles = []string{"good", "torn", "missing", "expired"}
)

// everything is the last step of a writer, whatever its name.
const everything = "everything"

// matrix are the cells for a target. A server without a supervisor is killed, and started again by the scorecard.
func (r *runner) matrix(target int, t Target, card *Card) (jobs []job) {
	points, ways := crashPoints, crashWays
	if t.Supervised == nil {
		points, ways = slices.DeleteFunc(slices.Clone(points), func(p crashPoint) bool { return p.reload != "" }), ways[:1]
	}
	for _, point := range points {
		for _, how := range ways {
			for _, files := range crashFiles {
				n := len(card.Crash)
				card.Crash = append(card.Crash, Crash{Point: point.name, How: how, Files: files})
				jobs = append(jobs, job{target: target, name: "crash " + point.name + " " + how + " " + files, do: func(ctx context.Context) (err error) {
					card.Crash[n], err = r.crash(ctx, t, point, card.Crash[n])
					return err
				}})
			}
		}
	}
	return jobs
}
