package scenarios

import (
	"math"
	"strconv"
	"strings"

	"github.com/tlslab/tlslab/results"
)

// quantity is what the bound of a claim is a number of.
type quantity string

const (
	numbers quantity = "a plain number"
	times   quantity = "a time"
	shares  quantity = "a share"
	sizes   quantity = "a size"
	rates   quantity = "a rate"
)

// quantityOf is what a metric's unit is a number of.
func quantityOf(unit string) quantity {
	switch unit {
	case "s", "s/handshake":
		return times
	case "share":
		return shares
	case "B/handshake":
		return sizes
	case "handshake/s":
		return rates
	}
	return numbers
}

// unit is how a number may be written. A factor is a quotient of whole numbers, so that 10 ms is the float64 nearest
// to a hundredth.
type unit struct {
	name     string
	quantity quantity
	factor   float64
	divisor  float64
}

func units() []unit {
	return []unit{
		{"", numbers, 1, 1},
		{"ns", times, 1, 1e9}, {"us", times, 1, 1e6}, {"µs", times, 1, 1e6}, {"ms", times, 1, 1e3}, {"s", times, 1, 1},
		{"%", shares, 1, 100},
		{"B", sizes, 1, 1}, {"KiB", sizes, 1 << 10, 1}, {"MiB", sizes, 1 << 20, 1},
		{"/s", rates, 1, 1},
	}
}

// example is a condition on a quantity, for hints.
func (q quantity) example() string {
	switch q {
	case times:
		return "<= 10 ms"
	case shares:
		return "<= 31 %"
	case sizes:
		return "<= 2 KiB"
	case rates:
		return ">= 400/s"
	}
	return "== 0"
}

// bound is a condition on one number.
type bound struct {
	operator results.Operator
	value    float64
}

// readBound reads a condition on a quantity: an operator, a number and the quantity's unit.
func readBound(text string, q quantity) (bound, error) {
	operator, rest := cutOperator(strings.TrimSpace(text))
	if operator == "" {
		return bound{}, wrong("write "+strconv.Quote(q.example()), "%q does not begin with <, <=, ==, >= or >", clip(text))
	}
	end := strings.IndexFunc(rest, func(r rune) bool { return !strings.ContainsRune("0123456789.", r) })
	if end < 0 {
		end = len(rest)
	}
	v, err := strconv.ParseFloat(rest[:end], 64)
	if err != nil || math.IsInf(v, 0) {
		return bound{}, wrong("write "+strconv.Quote(q.example()), "%q has no number after the %s", clip(text), operator)
	}
	name := strings.TrimSpace(rest[end:])
	for _, u := range units() {
		if u.name == name && u.quantity == q {
			return bound{operator, v * u.factor / u.divisor}, nil
		}
	}
	return bound{}, wrongUnit(text, name, q)
}

func wrongUnit(text, name string, q quantity) error {
	hint := "write " + strconv.Quote(q.example())
	for _, u := range units() {
		switch {
		case u.name == name && name == "":
			return wrong(hint, "%q has no unit, and what is measured is %s", clip(text), q)
		case u.name == name:
			return wrong(hint, "%q is %s, and what is measured is %s", clip(text), u.quantity, q)
		}
	}
	return wrong("units are ns, us, ms, s, %, B, KiB, MiB and /s", "unknown unit %q in %q", clip(name), clip(text))
}

// cutOperator takes the operator off the begin of a condition.
func cutOperator(text string) (results.Operator, string) {
	for _, o := range []results.Operator{results.AtMost, results.AtLeast, results.Equals, results.Less, results.More} { // <= before <
		if rest, ok := strings.CutPrefix(text, string(o)); ok {
			return o, strings.TrimSpace(rest)
		}
	}
	return "", text
}
