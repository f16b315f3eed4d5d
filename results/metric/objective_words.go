package metric

import (
	"fmt"
	"slices"

	"github.com/tlslab/tlslab/handshake"
)

// Times lists the distributions that objectives are about.
func Times() []string { return []string{"handshake", "service", "response", "lateness"} }

// Tallies lists the counts of the client's ledger that objectives are about.
func Tallies() []string {
	return []string{"began", "connected", "confirmed", "unconfirmed", "failed", "mismatched"}
}

// Dimensions lists what labels choose series by. All but variant are the cell's.
func Dimensions() []string {
	return []string{"kind", "group", "signature", "mutual", "alpn", "suite", "load", "cell", "variant"}
}

// class is names that are read alike.
type class struct {
	names      []string
	what       string
	aggregates []string // empty text: none
	example    string   // how a name is read
}

func classes() []class {
	return []class{
		{Times(), "a distribution", []string{"p", "med", "max", "min", "avg"}, "p(99)(%s)"},
		{Tallies(), "a tally of handshakes", []string{"rate", "count"}, "rate(%s)"},
		{metricNames(), "one number", []string{""}, "%s"},
	}
}

func metricNames() []string {
	var all []string
	for _, m := range slices.Concat(All(), Counted()) {
		all = append(all, m.Name)
	}
	return all
}

// aggregates lists every word that may stand before a parenthesis, and names what may stand in it.
func aggregates() (all []string) {
	for _, c := range classes() {
		all = append(all, c.aggregates...)
	}
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func names() (all []string) {
	for _, c := range classes() {
		all = append(all, c.names...)
	}
	return all
}

// values lists what a dimension can be; nil: anything.
func values(dimension string) []string {
	switch dimension {
	case "kind":
		return handshake.KindNames()
	case "group":
		return handshake.GroupNames()
	case "signature":
		return handshake.SignatureNames()
	case "suite":
		return append(handshake.SuiteNames(), "any")
	case "mutual":
		return []string{"true", "false"}
	}
	return nil
}

// didYouMean is a hint for a word that is none of the allowed ones; empty where none of them is near.
func didYouMean(word string, allowed []string) string {
	best, least := "", min(max(1, len(word)/3), 3)+1
	for _, a := range allowed {
		if d := distance(word, a); d < least {
			best, least = a, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", best)
}

// distance is Levenshtein's: how many characters to insert, delete or replace.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replaced := diagonal
			if a[i] != b[j] {
				replaced++
			}
			diagonal = row[j+1]
			row[j+1] = min(replaced, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
