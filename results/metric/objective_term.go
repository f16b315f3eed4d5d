package metric

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

func (p *parser) term() *node {
	first := p.next
	t := Term{}
	name := p.take()
	bracketed := p.next.is("(")
	if bracketed {
		p.aggregate(&t, name)
		p.expect("(")
		name = p.take()
	}
	t.Metric = name.text
	p.resolve(&t, name)
	t.Labels = p.selector()
	if bracketed {
		p.expect(")")
	}
	return &node{at: first.at, term: &t, quantity: t.quantity()}
}

var quantiles = map[string]float64{"min": 0, "med": 0.5, "max": 1}

func (p *parser) aggregate(t *Term, name token) {
	if known := aggregates(); !slices.Contains(known, name.text) {
		hint := didYouMean(name.text, known)
		if rest := strings.TrimPrefix(name.text, "p"); isNumber(rest) {
			hint = fmt.Sprintf(`write "p(%s)"`, rest)
		}
		p.fail(name.at, hint, "unknown aggregate %q: there are p(N), %s", name.text, strings.Join(known[1:], ", "))
		return
	}
	t.Aggregate, t.Quantile = name.text, quantiles[name.text]
	if t.Aggregate == "p" {
		p.percentile(t)
	}
}

func isNumber(s string) bool {
	_, err := strconv.ParseFloat(s, 64)
	return err == nil
}

func (p *parser) percentile(t *Term) {
	p.expect("(")
	n := p.take()
	percent, _ := unitNamed("%")
	q, err := percent.read(n.text)
	if n.kind != number || err != nil || q <= 0 || q >= 1 {
		p.fail(n.at, "write max for the largest, min for the smallest", "want a percentile between 0 and 100, not %s", n)
		return
	}
	t.percentile, t.Quantile = n.text, q
	p.expect(")")
}

// resolve checks that there is such a name, and that it is read by such an aggregate.
func (p *parser) resolve(t *Term, name token) {
	for _, c := range classes() {
		switch {
		case !slices.Contains(c.names, name.text):
			continue
		case !slices.Contains(c.aggregates, t.Aggregate):
			p.fail(name.at, fmt.Sprintf("write %q", fmt.Sprintf(c.example, name.text)), "%s is %s", name.text, c.what)
		}
		return
	}
	p.fail(name.at, didYouMean(name.text, names()), "unknown metric %s", name)
}

// quantity is what a term is a number of.
func (t Term) quantity() quantity {
	switch t.Aggregate {
	case "rate", "count":
		return plain
	case "":
		m, _ := ByName(t.Metric)
		return quantities[m.Unit]
	}
	return span
}

func (p *parser) selector() []Label {
	if !p.next.is("{") {
		return nil
	}
	p.take()
	var all []Label
	for !p.next.is("}") && p.next.kind != end {
		all = append(all, p.label())
		if !p.next.is("}") {
			p.expect(",")
		}
	}
	p.expect("}")
	return all
}

func (p *parser) label() Label {
	name := p.take()
	if all := Dimensions(); !slices.Contains(all, name.text) {
		hint := didYouMean(name.text, all)
		if hint == "" {
			hint = "labels are " + strings.Join(all, ", ")
		}
		p.fail(name.at, hint, "unknown label %s", name)
	}
	relation := p.next
	if !slices.Contains([]string{"=", "!=", "=~"}, relation.text) {
		p.fail(relation.at, "", `want =, != or =~ after %q, not %s`, name.text, relation)
	}
	text := p.bare()
	l := Label{Dimension: name.text, Relation: relation.text, Text: text.text}
	if p.err == nil {
		p.checkLabel(&l, text)
	}
	return l
}

// bare reads the text behind the next token: what it holds need not be words or numbers.
func (p *parser) bare() token {
	p.skipSpace()
	at, rest := p.at, p.text[p.at:]
	length, quotes := strings.IndexAny(rest, bareEnd), 0
	if length < 0 {
		length = len(rest)
	}
	if length == 0 && rest != "" && strings.Contains(`"'`, rest[:1]) {
		rest, quotes = rest[1:], 2
		if length = strings.IndexByte(rest, p.text[at]); length < 0 {
			p.fail(at, "", "this quote has no end")
			return token{}
		}
	}
	if length == 0 {
		p.fail(at, "", "want the text that a label compares with")
		return token{}
	}
	p.at += length + quotes
	p.take()
	return token{word, rest[:length], at}
}

func (p *parser) checkLabel(l *Label, text token) {
	if l.Relation == "=~" {
		var err error
		if l.pattern, err = regexp.Compile("^(?:" + l.Text + ")$"); err != nil {
			p.fail(text.at, "the syntax is that of Go's regexp package", "%s is no regular expression", text)
		}
		return
	}
	if all := values(l.Dimension); all != nil && !slices.Contains(all, l.Text) {
		hint := didYouMean(l.Text, all)
		if hint == "" {
			hint = "there are " + strings.Join(all, ", ")
		}
		p.fail(text.at, hint, "unknown %s %s", l.Dimension, text)
	}
}
