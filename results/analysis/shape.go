package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results"
)

// shape: every handshake that was begun was confirmed, and was the one that was asked for, by both ledgers.
func shape(s subject) (State, string) {
	c, v := s.Client.Ledger, s.Server.Ledger
	wrong := failures(c, v)
	if c.Confirmed == 0 {
		wrong = append(wrong, "no handshake was confirmed")
	}
	if c.Mismatched > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %d handshakes were others than asked", c.Mismatched, c.Confirmed))
	}
	asked := s.asked()
	wrong = append(wrong, unasked(asked, "client", c.Shape, c.Confirmed)...)
	wrong = append(wrong, unasked(asked, "server", v.Shape, v.Completed)...)
	if len(wrong) > 0 {
		return Violated, strings.Join(wrong, "; ")
	}
	return Passed, fmt.Sprintf("%d of %d as asked: %s", c.Confirmed, c.Began, asked)
}

// askedOf is what is asked of a variant in a cell: where its clients offer protocols of their own, with the one that
// its server chooses. A server without protocols of its own has the cell's.
func askedOf(cell *results.Cell, v results.Variant) handshake.Spec {
	server := v.ALPN
	if server == nil && cell.Spec.ALPN != "" {
		server = []string{cell.Spec.ALPN}
	}
	return cell.Spec.Of(server, v.Offer)
}

// failures says how many handshakes failed, and why as far as each side knows.
func failures(c handshake.ClientLedger, v handshake.ServerLedger) []string {
	var wrong []string
	if n := c.Failed + c.Unconfirmed; n > 0 {
		wrong = append(wrong, fmt.Sprintf("%d of %d handshakes failed or were not confirmed%s", n, c.Began, reasons(c.Errors)))
	}
	if v.Rejected > 0 {
		wrong = append(wrong, fmt.Sprintf("the server rejected %d%s", v.Rejected, reasons(v.Reasons)))
	}
	return wrong
}

// reasons names the most frequent three.
func reasons(counts map[string]uint64) string {
	names := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), strings.Compare(a, b))
	})
	var parts []string
	for _, name := range names[:min(3, len(names))] {
		parts = append(parts, fmt.Sprintf("%d x %s", counts[name], name))
	}
	if len(names) > 3 {
		parts = append(parts, fmt.Sprintf("%d other reasons", len(names)-3))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// unasked lists the properties in which some of n handshakes differ from the spec. Early data comes with resumption
// only; a live connection began with a full handshake.
func unasked(spec handshake.Spec, side string, got handshake.Shape, n uint64) []string {
	var wrong []string
	expect := func(what string, got, want uint64) {
		if got != want {
			wrong = append(wrong, fmt.Sprintf("%s: %s in %d of %d, asked %d", side, what, got, n, want))
		}
	}
	all := func(yes bool) uint64 {
		if yes {
			return n
		}
		return 0
	}
	expect("resumed", got.Resumed, all(spec.Kind == handshake.Resumed || spec.Kind == handshake.Early))
	expect("early", got.Early, all(spec.Kind == handshake.Early))
	expect("mutual", got.Mutual, all(spec.Mutual))
	expect("retried", got.Retried, 0)
	if spec.Group != 0 {
		expect("group "+spec.Group.String(), got.Groups[spec.Group.String()], n)
	}
	if spec.Signature != 0 {
		expect("signature "+spec.Signature.String(), got.Signatures[spec.Signature.String()], n)
	}
	if spec.Suite != 0 {
		expect("suite "+spec.Suite.String(), got.Suites[spec.Suite.String()], n)
	}
	alpn := cmp.Or(spec.ALPN, "none")
	expect("alpn "+alpn, got.ALPN[alpn], n)
	return wrong
}

// refusals lists in what the handshakes of two variants differ, so that the ratio of their costs would compare
// different work. A side without handshakes differs in nothing, and protocols that were asked to differ may.
func refusals(baseline, candidate oneSide) []string {
	if baseline.Client.Confirmed == 0 || candidate.Client.Confirmed == 0 {
		return nil
	}
	b, c := baseline.Client.Shape, candidate.Client.Shape
	var found []string
	for _, p := range []struct {
		what                string
		baseline, candidate map[string]uint64
	}{
		{"suites", b.Suites, c.Suites},
		{"groups", b.Groups, c.Groups},
		{"signature schemes", b.Signatures, c.Signatures},
		{protocols, b.ALPN, c.ALPN},
	} {
		meant := p.what == protocols && baseline.protocol() != candidate.protocol()
		if x, y := names(p.baseline), names(p.candidate); x != y && !meant {
			found = append(found, fmt.Sprintf("refused: the variants negotiated different %s: %s against %s", p.what, x, y))
		}
	}
	return found
}

const protocols = "application protocols"

// protocol is the one that was asked of the blocks of a side; empty: none.
func (s oneSide) protocol() string {
	if len(s.blocks) == 0 {
		return ""
	}
	return s.blocks[0].asked.ALPN
}

func names(counts map[string]uint64) string {
	return strings.Join(slices.Sorted(maps.Keys(counts)), " and ")
}
