package scenarios

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one mistake in a scenario file.
type Problem struct {
	File    string
	Line    int // from 1
	Column  int // from 1, in characters
	Message string
	Hint    string // what to do about it; may be empty
}

// String is file:line:column: message, without the hint.
func (p Problem) String() string {
	return fmt.Sprintf("%s:%d:%d: %s", p.File, p.Line, p.Column, p.Message)
}

// Errors is every mistake found in a file, in the order in which they stand there. It has at least one member.
type Errors []Problem

// Error is all problems, one a line, without their hints.
func (e *Errors) Error() string {
	lines := make([]string, len(*e))
	for i, p := range *e {
		lines[i] = p.String()
	}
	return strings.Join(lines, "\n")
}

// mostProblems bounds what one broken file can print.
const mostProblems = 50

// problems collects mistakes while a file is read.
type problems struct {
	file  string
	found []Problem
}

// position is a place in the file.
type position struct{ line, column int }

func (p *problems) add(at position, hint, format string, args ...any) {
	p.found = append(p.found, Problem{
		File: p.file, Line: max(at.line, 1), Column: max(at.column, 1), Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// err is nil, or all problems in the order of the file, each once: an alias repeats what its anchor got wrong.
func (p *problems) err() error {
	if len(p.found) == 0 {
		return nil
	}
	slices.SortStableFunc(p.found, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	var all Errors
	seen := map[Problem]bool{}
	for _, one := range p.found {
		if !seen[one] {
			all = append(all, one)
		}
		seen[one] = true
	}
	if more := len(all) - mostProblems; more > 0 {
		all = all[:mostProblems]
		last := all[mostProblems-1]
		all = append(all, Problem{p.file, last.Line, last.Column, fmt.Sprintf("and %d more problems", more), ""})
	}
	return &all
}

// mistake is what is wrong with a value, with advice: what the readers of single values return.
type mistake struct{ message, hint string }

func (m *mistake) Error() string { return m.message }

func wrong(hint, format string, args ...any) error {
	return &mistake{fmt.Sprintf(format, args...), hint}
}

// didYouMean is the hint for a word that is not among those allowed.
func didYouMean(word string, allowed []string) string {
	if near := nearest(word, allowed); near != "" {
		return fmt.Sprintf("did you mean %q?", near)
	}
	return "allowed here: " + strings.Join(allowed, ", ")
}

// nearest is the allowed word with the smallest edit distance to word, or "" if none is near enough to be a slip:
// one edit in three characters, three at most.
func nearest(word string, allowed []string) string {
	const longest = 64 // no word of ours is longer, and the distance costs the product of both lengths
	if len(word) < 3 || len(word) > longest {
		return ""
	}
	best, least := "", min(max(1, len(word)/3), 3)+1
	for _, a := range allowed {
		if d := distance(strings.ToLower(word), strings.ToLower(a)); d < least {
			best, least = a, d
		}
	}
	return best
}

// distance is Levenshtein's with neighbours that may change places: how many characters to insert, delete, replace
// or swap.
func distance(a, b string) int {
	var before, above []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before, above, row = above, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range len(b) {
			row[j+1] = min(above[j+1]+1, row[j]+1, above[j]+differs(a[i], b[j]))
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}

func differs(a, b byte) int {
	if a == b {
		return 0
	}
	return 1
}

// synonym is the hint for a key that other tools use for what a key of ours says.
func synonym(key string) string {
	switch strings.ToLower(key) {
	case "curve", "curves", "groups", "kx", "key_exchange", "keyexchange", "kem":
		return `the key exchange is set with "group"`
	case "cipher", "ciphers", "ciphersuite", "cipher_suite", "cipher_suites":
		return `the AEAD and hash are set with "suite"`
	case "duration", "time", "seconds":
		return `how long it lasts is set with "length"`
	case "rps", "qps", "rate_per_second", "hz":
		return `handshakes per second are set with "rate", in load.arrival or in a phase`
	case "cert", "certificate_type", "key", "keytype", "key_type", "sigalg", "scheme", "sig":
		return `the leaf's key follows from "signature"`
	case "mtls", "client_auth", "clientauth":
		return `client certificates are set with "mutual"`
	case "concurrency", "connections", "clients", "threads", "vus", "users":
		return `how many handshakes may run at once is set with "workers"`
	case "requests", "iterations", "count":
		return `a number of handshakes is set with "handshakes"`
	case "resumption", "session", "sessions":
		return `full or resumed is set with "kind"`
	case "<<":
		return `a variant takes over another one with "extends"`
	case "apiversion":
		return `the format is set with "version: 1"`
	case "threshold", "thresholds":
		return `limits on a comparison are "gates", absolute ones are "objectives"`
	case "null", "aa":
		return `the baseline against itself is set with "null_control"`
	}
	return ""
}
