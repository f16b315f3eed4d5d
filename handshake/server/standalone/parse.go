package standalone

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/reload"
)

// command is what a line of the admin socket asks for; its answer has no newline at its end.
type command func(*server) (string, error)

// commands are those that are always the same words.
var commands = map[string]command{
	"RELOAD TLS":          (*server).reload,
	"PROXYSQL RELOAD TLS": (*server).reload,
	"SHOW TLS":            (*server).show,
	"METRICS":             (*server).metrics,
	"STATS":               (*server).stats,
	"PUBLISHED":           (*server).published,
}

// shown is how much of an unknown command is repeated to whoever sent it, in bytes.
const shown = 64

func parse(line string) (command, error) {
	words := strings.Fields(line)
	if do, ok := commands[strings.Join(words, " ")]; ok {
		return do, nil
	}
	if len(words) > 1 && words[0] == "CRASH" {
		c, err := parseCrash(words[1:])
		if err != nil {
			return nil, err
		}
		return c.obey, nil
	}
	return nil, fmt.Errorf("unknown command %q", line[:min(len(line), shown)])
}

// parseCrash reads AT POINT BY HOW, or BY HOW alone.
func parseCrash(words []string) (c crash, err error) {
	if len(words) > 2 && words[0] == "AT" {
		c.at, words = reload.Point(words[1]), words[2:]
		if !slices.Contains(points, c.at) {
			return crash{}, fmt.Errorf("unknown point %.*q", shown, c.at)
		}
	}
	if len(words) != 2 || words[0] != "BY" {
		return crash{}, errors.New("a crash is CRASH [AT POINT] BY HOW")
	}
	if c.by = words[1]; ways[c.by] == nil {
		return crash{}, fmt.Errorf("unknown way to crash %.*q", shown, c.by)
	}
	return c, nil
}
