package scorecard

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/variant"
)

// Target is a server that is put through the catalogue. It stays in the foreground, serves one pair of files by TLS
// 1.3 to clients without certificates, and says nothing about itself unless it speaks the admin protocol.
//
// In all its texts words in braces stand for what a trial chooses: see [Placeholders].
type Target struct {
	Name    string
	Command []string // program and arguments
	Env     []string // NAME=VALUE, on top of this process's own
	Config  string   // of the file {config}; empty: there is none
	Reload  []string // is run after the last step of every move; nil: the server is not told

	Admin     bool // answers at {admin} as handshake/server/standalone does
	Commanded bool // reloads when it is told to over {admin}
	Watches   bool // looks at its files by itself, so that trials need not tell it
	Node      bool // serves a node link at {node} too, where both sides show certificates

	Supervised []string // the command under a supervisor that starts the server again, which crashes over {admin}; nil: it has none
}

// told: after every move the server is told to reload.
func (t Target) told() bool { return len(t.Reload) > 0 || t.Commanded && !t.Watches }

// Placeholders are the words in braces, with what they stand for.
func Placeholders() map[string]string {
	return map[string]string{
		"cert":    "path of the certificate chain, PEM",
		"key":     "path of the private key, PEM",
		"ca":      "path of the certificate authorities, PEM",
		"dir":     "directory in which the server may write",
		"address": "host and port to listen on",
		"host":    "host to listen on",
		"port":    "port to listen on",
		"node":    "host and port of the node link",
		"admin":   "path of the admin socket",
		"state":   "directory that outlives the server",
		"config":  "path of the rendered configuration",
		"pid":     "process id of the server, in a command to reload",
	}
}

var placeholder = regexp.MustCompile(`\{[a-z]+\}`)

// fill puts words in the places of their names. An unknown name is a mistake rather than text.
func fill(text string, words map[string]string) (string, error) {
	var unknown string
	out := placeholder.ReplaceAllStringFunc(text, func(name string) string {
		word, known := words[name[1:len(name)-1]]
		if !known {
			unknown = name
		}
		return word
	})
	if unknown != "" {
		names := slices.Sorted(maps.Keys(words))
		return "", &variant.Error{
			Err:  fmt.Errorf("unknown placeholder %s", unknown),
			Hint: "there are {" + strings.Join(names, "}, {") + "}",
		}
	}
	return out, nil
}

func fillAll(texts []string, words map[string]string) (out []string, err error) {
	for _, text := range texts {
		filled, err := fill(text, words)
		if err != nil {
			return nil, err
		}
		out = append(out, filled)
	}
	return out, nil
}
