package results

import (
	"maps"
	"regexp"
	"slices"

	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/handshake/server"
)

// absolute is an absolute path, behind whatever a message puts before one.
var absolute = regexp.MustCompile(`(^|[\s"'(=:,])/(?:[^\s"'():,/]+/)*([^\s"'():,/]+)`)

// local is a message without the directories that only this machine has: it goes on naming the file.
func local(message string) string { return absolute.ReplaceAllString(message, "$1$2") }

// pathless is a scorecard whose messages, which are those of servers and of the system, name no directory.
func pathless(s Scorecard) Scorecard {
	s.Cards = slices.Clone(s.Cards)
	for i := range s.Cards {
		c := &s.Cards[i]
		c.Trials, c.Crash = slices.Clone(c.Trials), slices.Clone(c.Crash)
		for j := range c.Trials {
			pathlessTrial(&c.Trials[j])
		}
		for j := range c.Crash {
			c.Crash[j].Why, c.Crash[j].Defects = local(c.Crash[j].Why), localAll(c.Crash[j].Defects)
		}
		c.Soak, c.Command = pathlessSoak(c.Soak), pathlessSoak(c.Command)
	}
	return s
}

// pathlessExperiments are experiments whose notes name no directory.
func pathlessExperiments(e Experiments) Experiments {
	e.Results = slices.Clone(e.Results)
	for i := range e.Results {
		r := &e.Results[i]
		r.Skipped, r.Arms = local(r.Skipped), slices.Clone(r.Arms)
		for j := range r.Arms {
			r.Arms[j].Skipped, r.Arms[j].Notes = local(r.Arms[j].Skipped), localAll(r.Arms[j].Notes)
		}
	}
	return e
}

func pathlessTrial(t *scorecard.Trial) {
	t.Died, t.Skipped, t.Defects = local(t.Died), local(t.Skipped), localAll(t.Defects)
	t.Failed, t.Moves = localKeys(t.Failed), slices.Clone(t.Moves)
	for i := range t.Moves {
		t.Moves[i].Refused = local(t.Moves[i].Refused)
	}
}

func pathlessSoak(s *scorecard.Soak) *scorecard.Soak {
	if s == nil {
		return nil
	}
	told := *s
	told.Died, told.Leaks = local(s.Died), localAll(s.Leaks)
	return &told
}

// pathlessReload is a book whose reasons name no directory.
func pathlessReload(r *server.Reload) *server.Reload {
	if r == nil {
		return nil
	}
	told := *r
	told.Reloads, told.Failing = localKeys(r.Reloads), local(r.Failing)
	return &told
}

func localAll(messages []string) []string {
	messages = slices.Clone(messages)
	for i := range messages {
		messages[i] = local(messages[i])
	}
	return messages
}

// localKeys adds up what has the same name on every machine.
func localKeys(counts map[string]uint64) map[string]uint64 {
	named := maps.Clone(counts)
	clear(named)
	for message, n := range counts {
		named[local(message)] += n
	}
	return named
}
