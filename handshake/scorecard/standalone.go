package scorecard

import (
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/reload"
)

// Standalone is the lab's own server, bin, with a strategy: handshake/server/standalone. Files and state are the
// trial's, whatever the settings say.
func Standalone(bin, name string, s reload.Settings) Target {
	command := []string{
		bin, "reload", "--strategy", s.Strategy, "--cert", "{cert}", "--key", "{key}", "--authorities", "{ca}",
		"--listen", "{address}", "--node", "{node}", "--admin", "{admin}",
	}
	if keepsState(s.Strategy) {
		command = append(command, "--state", "{state}")
	}
	for _, option := range []struct {
		flag  string
		value interface{ String() string }
		set   bool
	}{
		{"--interval", s.Interval, s.Interval != 0},
		{"--debounce", s.Debounce, s.Debounce != 0},
		{"--slow-stat", s.SlowStat, s.SlowStat != 0},
	} {
		if option.set {
			command = append(command, option.flag, option.value.String())
		}
	}
	t := Target{
		Name: name, Command: command, Admin: true, Node: true,
		Commanded: commanded(s.Strategy), Watches: !strings.HasPrefix(s.Strategy, "command-"),
	}
	if t.Commanded {
		t.Supervised = append(slices.Clone(command), "--supervise")
	}
	return t
}

// keepsState: the strategy keeps the generations that it has committed.
func keepsState(strategy string) bool {
	return strategy == reload.CommandCommitted || strategy == reload.Reference
}

// commanded: the strategy is a [reload.Commanded].
func commanded(strategy string) bool {
	return strings.HasPrefix(strategy, "command-") || strategy == reload.Reference
}
