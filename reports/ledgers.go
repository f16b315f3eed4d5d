package reports

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results/analysis"
)

// Ledgers sets what the client counted beside what the server counted, and says whether they are equal.
func Ledgers(a *analysis.Analysis) (Section, bool) {
	s := Section{ID: "ledgers", Title: "Ledgers"}
	if len(a.Series) == 0 {
		return s, false
	}
	s.Items = append(s.Items, Item{Text: ledgerSentence(a.Series)})
	if differ := disagreements(a.Series); len(differ) > 0 {
		s.Items = append(s.Items, Item{List: differ})
	}
	s.Items = append(s.Items, Item{Page: true, Table: ledgerTable(a.Series)})
	if reasons := reasonTable(a.Series); len(reasons.Rows) > 0 {
		s.Items = append(s.Items, Item{Table: reasons})
	}
	s.Items = append(s.Items, Item{Page: true, Fold: "What was negotiated, by both ledgers", Table: shapeTable(a.Series)})
	return s, true
}

func ledgerSentence(series []analysis.Series) string {
	var client handshake.ClientLedger
	equal := 0
	for _, s := range series {
		client.Confirmed += s.Client.Confirmed
		client.Unconfirmed += s.Client.Unconfirmed
		client.Failed += s.Client.Failed
		client.Mismatched += s.Client.Mismatched
		if handshake.Reconcile(s.Client, s.Server) == nil {
			equal++
		}
	}
	agree := fmt.Sprintf("in %d of %d series", equal, len(series))
	if equal == len(series) {
		agree = "to the last handshake in " + all(equal, "series")
	}
	return fmt.Sprintf("Client and server ledgers are equal %s: %s confirmed, %s unconfirmed, %s failed, %s of another "+
		"shape than asked.", agree, count(client.Confirmed), count(client.Unconfirmed), count(client.Failed),
		count(client.Mismatched))
}

// disagreements are the differences of all series, a line for each series that has some.
func disagreements(series []analysis.Series) []string {
	var lines []string
	for _, s := range series {
		if d := handshake.Reconcile(s.Client, s.Server); d != nil {
			lines = append(lines, s.Variant+", "+s.Cell+": "+strings.Join(d, "; "))
		}
	}
	return lines
}

func ledgerTable(series []analysis.Series) *Table {
	t := &Table{Caption: "Handshakes counted by each side, all blocks"}
	t.Columns = numeric(columns("cell", "variant",
		"client began", "connected", "confirmed", "unconfirmed", "failed", "resumed",
		"server accepted", "completed", "rejected", "resumed", "ledgers"), 2)
	t.Columns[len(t.Columns)-1].Numeric = false
	for _, s := range series {
		c, v := s.Client, s.Server
		row := append(cells(s.Cell, s.Variant),
			tally(c.Began), tally(c.Connected), tally(c.Confirmed), doubtful(c.Unconfirmed), doubtful(c.Failed),
			tally(c.Shape.Resumed), tally(v.Accepted), tally(v.Completed), doubtful(v.Rejected), tally(v.Shape.Resumed))
		t.Rows = append(t.Rows, Row{Cells: append(row, agreement(c, v))})
	}
	return t
}

func tally(n uint64) Cell { return Cell{Text: count(n)} }

// doubtful is a count that should be zero.
func doubtful(n uint64) Cell {
	if n == 0 {
		return Cell{Text: "0", Tone: Muted}
	}
	return Cell{Text: count(n), Tone: Bad}
}

func agreement(c handshake.ClientLedger, s handshake.ServerLedger) Cell {
	if handshake.Reconcile(c, s) == nil {
		return Cell{Text: "equal", Tone: Good}
	}
	return Cell{Text: "not equal", Tone: Bad}
}

// reasonTable lists why handshakes failed or were rejected.
func reasonTable(series []analysis.Series) *Table {
	t := &Table{Caption: "Why handshakes failed", Columns: columns("cell", "variant", "side", "reason", "handshakes")}
	t.Columns[4].Numeric = true
	add := func(s analysis.Series, side string, reasons map[string]uint64) {
		for _, r := range slices.Sorted(maps.Keys(reasons)) {
			t.Rows = append(t.Rows, Row{Cells: cells(s.Cell, s.Variant, side, r, count(reasons[r]))})
		}
	}
	for _, s := range series {
		add(s, "client", s.Client.Errors)
		add(s, "server", s.Server.Reasons)
	}
	return t
}

func shapeTable(series []analysis.Series) *Table {
	t := &Table{
		Caption: "Negotiated, by the client's ledger and the server's",
		Columns: columns("cell", "variant", "side", "group", "suite", "signature", "alpn", "mutual", "retried"),
	}
	add := func(s analysis.Series, side string, shape handshake.Shape) {
		t.Rows = append(t.Rows, Row{Cells: cells(s.Cell, s.Variant, side, tallies(shape.Groups), tallies(shape.Suites),
			tallies(shape.Signatures), tallies(shape.ALPN), count(shape.Mutual), count(shape.Retried))})
	}
	for _, s := range series {
		add(s, "client", s.Client.Shape)
		add(s, "server", s.Server.Shape)
	}
	return t
}

// tallies writes counts by name: "P-384 12,000".
func tallies(counts map[string]uint64) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, name+" "+count(counts[name]))
	}
	return strings.Join(all, ", ")
}
