package metric

import (
	"fmt"
	"math"
)

// node is a number, a term, or two nodes and what is done with them.
type node struct {
	at       int // where it begins in the text, in bytes
	quantity quantity

	text    string // of a number, with its unit
	number  float64
	percent bool

	term *Term

	operator    string
	left, right *node
}

func (n *node) String() string {
	switch {
	case n.term != nil:
		return n.term.String()
	case n.operator != "":
		return n.left.String() + " " + n.operator + " " + n.right.String()
	}
	return n.text
}

func (n *node) terms(before []Term) []Term {
	switch {
	case n.term != nil:
		return append(before, *n.term)
	case n.operator != "":
		return n.right.terms(n.left.terms(before))
	}
	return before
}

func (n *node) plainNumber() bool { return n.text != "" && n.quantity == plain && !n.percent }

// never says that n is a share and limit a number that no share reaches: whoever wrote it meant something else.
func (n *node) never(limit *node) bool {
	return n.term != nil && n.term.Aggregate == "rate" && limit.text != "" && limit.number > 1
}

// Eval compares what look says that the terms are, in seconds, bytes, per second or as plain numbers, shares from 0
// to 1. It fails where look does, with the term in the error, and where the result is no number.
func (c Comparison) Eval(look func(Term) (float64, error)) (Reading, error) {
	l, err := c.left.eval(look)
	if err != nil {
		return Reading{}, err
	}
	r, err := c.right.eval(look)
	if err != nil {
		return Reading{}, err
	}
	return Reading{l, r, c}, nil
}

func (n *node) eval(look func(Term) (float64, error)) (v float64, err error) {
	switch {
	case n.term != nil:
		v, err = look(*n.term)
	case n.operator != "":
		return n.combine(look)
	default:
		v = n.number
	}
	if err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		err = fmt.Errorf("%v is no number", v)
	}
	if err != nil {
		return 0, fmt.Errorf("%s: %w", n, err)
	}
	return v, nil
}

func (n *node) combine(look func(Term) (float64, error)) (float64, error) {
	l, err := n.left.eval(look)
	if err != nil {
		return 0, err
	}
	r, err := n.right.eval(look)
	if err != nil {
		return 0, err
	}
	v := map[string]float64{"+": l + r, "-": l - r, "*": l * r, "/": l / r}[n.operator]
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%s: %g %s %g is no number", n, l, n.operator, r)
	}
	return v, nil
}

// Reading is both sides of a comparison as they were measured.
type Reading struct {
	Left, Right float64 // in seconds, bytes, per second or plain
	of          Comparison
}

// Holds says whether the comparison is true.
func (r Reading) Holds() bool {
	if strict := r.of.relation == "<" || r.of.relation == ">" || r.of.relation == "!="; strict {
		return r.Slack() > 0
	}
	return r.Slack() >= 0
}

// Slack is how far the sides are from breaking the comparison, in their unit; of several readings of a comparison the
// one with the least is the worst.
func (r Reading) Slack() float64 {
	switch r.of.relation {
	case "<", "<=":
		return r.Right - r.Left
	case ">", ">=":
		return r.Left - r.Right
	case "!=":
		return math.Abs(r.Left - r.Right)
	}
	return -math.Abs(r.Left - r.Right)
}

// String is both sides and how they compare: "5.12ms < 6ms", "7.2ms, not < 6ms". It has as many digits as tell the two
// apart.
func (r Reading) String() string {
	digits := 4
	for r.Left != r.Right && digits < 17 && r.write(r.Left, digits) == r.write(r.Right, digits) {
		digits++
	}
	relation := " " + r.of.relation + " "
	if !r.Holds() {
		relation = ", not" + relation
	}
	return r.write(r.Left, digits) + relation + r.write(r.Right, digits)
}

func (r Reading) write(v float64, digits int) string {
	if r.of.left.percent || r.of.right.percent {
		return decimal(100*v, digits) + "%"
	}
	return r.of.left.quantity.write(v, digits)
}
