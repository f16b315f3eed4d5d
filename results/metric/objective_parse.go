package metric

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

// SyntaxError is the first mistake in an objective.
type SyntaxError struct {
	Column  int // from 1, in characters
	Message string
	Hint    string // what to do about it; may be empty
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("column %d: %s", e.Column, e.Message) }

// longest bounds an objective, in bytes.
const longest = 1000

// ParseObjective reads an objective; the package's documentation has the grammar. The error is a [*SyntaxError].
func ParseObjective(text string) (*Expression, error) {
	if len(text) > longest {
		return nil, &SyntaxError{1, fmt.Sprintf("an objective has at most %d characters", longest), "write several"}
	}
	p := &parser{text: text}
	p.take()
	e := p.expression()
	if p.err != nil {
		return nil, p.err
	}
	return e, nil
}

type kind int

const (
	end kind = iota
	word
	number
	symbol
)

// token is a piece of the text and where it begins, in bytes.
type token struct {
	kind kind
	text string
	at   int
}

func (t token) String() string {
	if t.kind == end {
		return "the end"
	}
	return fmt.Sprintf("%q", t.text)
}

func (t token) is(text string) bool { return t.kind != end && t.text == text }

// Words, numbers with their unit, and symbols, in the order of their kinds.
var tokens = regexp.MustCompile(`^(?:([A-Za-z_][A-Za-z0-9_.]*)|([0-9]+(?:\.[0-9]+)?(?:/s\b|[A-Za-zµμ%]*))|([<>=!]=|=~|&&|(?s:.)))`)

const (
	space   = " \t\r\n"
	bareEnd = space + `,}"'` // what text without quotes ends at
)

// parser reads an objective from left to right, one token ahead. After its first mistake it sees the end.
type parser struct {
	text string
	next token
	at   int // behind next
	err  *SyntaxError
}

// take yields the next token and steps over it.
func (p *parser) take() token {
	taken := p.next
	p.skipSpace()
	p.next = token{at: p.at}
	if found := tokens.FindStringSubmatch(p.text[p.at:]); found != nil {
		for k := word; k <= symbol; k++ {
			if found[k] != "" {
				p.next.kind, p.next.text = k, found[k]
			}
		}
	}
	p.at += len(p.next.text)
	return taken
}

func (p *parser) skipSpace() {
	p.at += len(p.text[p.at:]) - len(strings.TrimLeft(p.text[p.at:], space))
}

// fail notes a mistake at a place, unless there was one before.
func (p *parser) fail(at int, hint, format string, args ...any) {
	if p.err == nil {
		p.err = &SyntaxError{1 + utf8.RuneCountInString(p.text[:at]), fmt.Sprintf(format, args...), hint}
	}
	p.at = len(p.text)
	p.take()
}

func (p *parser) expect(text string) {
	if !p.next.is(text) {
		p.fail(p.next.at, "", "want %q, not %s", text, p.next)
		return
	}
	p.take()
}

func (p *parser) expression() *Expression {
	e := &Expression{[]Comparison{p.comparison()}}
	for p.next.is("and") {
		p.take()
		e.Comparisons = append(e.Comparisons, p.comparison())
	}
	if p.next.kind != end {
		p.fail(p.next.at, `comparisons are joined by "and"; another objective is another line`, `want "and" or the end, not %s`, p.next)
	}
	return e
}

var relations = []string{"<", "<=", ">", ">=", "==", "!="}

func (p *parser) comparison() Comparison {
	left := p.sum()
	if p.next.kind == end || !slices.Contains(relations, p.next.text) {
		hint := ""
		if p.next.is("=") {
			hint = `write "=="`
		}
		p.fail(p.next.at, hint, "want a comparison such as <, not %s", p.next)
	}
	c := Comparison{left: left, relation: p.take().text, right: p.sum()}
	if p.err == nil {
		p.check(c)
	}
	return c
}

// check proves that a comparison can be true or false.
func (p *parser) check(c Comparison) {
	selectors := map[string]bool{}
	for _, t := range c.Terms() {
		selectors[t.Selector()] = true
	}
	switch l, r := c.left, c.right; {
	case len(selectors) == 0:
		p.fail(l.at, "compare a metric with a limit", "%s measures nothing", c)
	case len(selectors) > 2:
		p.fail(l.at, "write several", "a comparison relates two selections at most, not %d", len(selectors))
	case l.quantity != r.quantity:
		p.unlike(l, r)
	case l.never(r):
		p.fail(r.at, `"0.1%" is one in a thousand`, "%s is a share from 0%% to 100%%, %s is none", l, r)
	case r.never(l):
		p.fail(l.at, `"0.1%" is one in a thousand`, "%s is a share from 0%% to 100%%, %s is none", r, l)
	}
}

// unlike is the mistake of quantities that cannot be compared, added or subtracted.
func (p *parser) unlike(l, r *node) {
	hint := ""
	switch {
	case r.plainNumber():
		hint = l.quantity.suggest(r.text)
	case l.plainNumber():
		hint = r.quantity.suggest(l.text)
	}
	p.fail(r.at, hint, "%s is %s, %s is %s", l, l.quantity, r, r.quantity)
}

// suggest is the hint for a number that lacks the unit of a quantity.
func (q quantity) suggest(number string) string {
	name := map[quantity]string{span: "ms", size: "B", perSecond: "/s"}[q]
	if name == "" {
		return ""
	}
	return fmt.Sprintf("write %q", number+name)
}

func (p *parser) sum() *node     { return p.chain("+-", p.product) }
func (p *parser) product() *node { return p.chain("*/", p.operand) }

// chain reads operands between operators that bind alike, from the left.
func (p *parser) chain(operators string, operand func() *node) *node {
	n := operand()
	for p.next.kind == symbol && strings.Contains(operators, p.next.text) {
		n = p.join(n, p.take().text, operand())
	}
	return n
}

func (p *parser) join(l *node, operator string, r *node) *node {
	n := &node{at: l.at, operator: operator, left: l, right: r, quantity: l.quantity}
	switch {
	case p.err != nil:
	case operator == "*":
		n.quantity = l.quantity.times(r.quantity)
	case operator == "/":
		n.quantity = l.quantity.over(r.quantity)
		if r.text != "" && r.number == 0 {
			p.fail(r.at, "", "nothing is divided by 0")
		}
	case l.quantity != r.quantity:
		p.unlike(l, r)
	}
	return n
}

func (p *parser) operand() *node {
	switch p.next.kind {
	case number:
		return p.number()
	case word:
		return p.term()
	}
	p.fail(p.next.at, "", "want a number or a metric, not %s", p.next)
	return &node{}
}

func (p *parser) number() *node {
	t := p.take()
	behind := strings.LastIndexAny(t.text, "0123456789") + 1
	digits, name := t.text[:behind], t.text[behind:]
	u, known := unitNamed(name)
	if !known {
		p.fail(t.at+behind, "units are ns, us, ms, s, B, KiB, MiB, % and /s", "unknown unit %q", name)
		return &node{}
	}
	if _, apart := unitNamed(p.next.text); apart && name == "" && p.next.kind != end {
		p.fail(p.next.at, fmt.Sprintf("write %q", digits+p.next.text), "a unit follows its number without a space")
	}
	v, err := u.read(digits)
	if err != nil {
		p.fail(t.at, "", "%s is out of range", digits)
	}
	return &node{at: t.at, text: t.text, number: v, quantity: u.quantity, percent: u.name == "%"}
}
