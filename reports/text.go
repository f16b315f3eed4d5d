package reports

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Options say how text is written. The zero value is 100 columns without colour codes.
type Options struct {
	Width int  // in columns; zero: 100; less than 60 counts as 60
	Color bool // ANSI colours
}

// WriteText writes the document for a terminal. A table that is too wide has its
// texts wrapped.
func (d *Document) WriteText(w io.Writer, o Options) error {
	p := &printer{out: bufio.NewWriter(w), width: max(cmp.Or(o.Width, 100), 60), color: o.Color}
	for _, s := range d.Sections {
		p.section(s)
	}
	if err := p.out.Flush(); err != nil {
		return fmt.Errorf("write text: %w", err)
	}
	return nil
}

// printer writes to a buffer that keeps the first error.
type printer struct {
	out     *bufio.Writer
	width   int
	color   bool
	started bool
	inline  bool // the last section began behind its title
}

func (p *printer) section(s Section) {
	items := slices.DeleteFunc(slices.Clone(s.Items), func(i Item) bool { return !onTerminal(i) })
	if len(items) == 0 {
		return
	}
	text := items[0].Text
	if text != "" {
		p.runIn(s.Title, text)
		items = items[1:]
	} else if items[0].Opening == nil {
		p.gap()
		p.line(p.paint(s.Title, "1"))
	}
	for _, item := range items {
		p.item(item)
	}
	p.inline = text != "" && len(items) == 0
}

// runIn writes a text behind its title. Such sections follow each other without empty lines.
func (p *printer) runIn(title, text string) {
	if !p.inline {
		p.gap()
	}
	for i, l := range wrap(title+": "+text, p.width-2) {
		if i == 0 {
			l = p.paint(title+":", "1") + strings.TrimPrefix(l, title+":")
		} else {
			l = "  " + l
		}
		p.line(l)
	}
}

// onTerminal says whether an item has anything for a terminal.
func onTerminal(i Item) bool {
	switch {
	case i.Page, i.Forest != nil, i.Plots != nil, i.Bars != nil, i.Chart != nil:
		return false
	case i.Remarks != nil:
		return len(brief(i.Remarks)) > 0
	}
	return true
}

// brief is the remarks on effects that a terminal shows.
func brief(remarks []Remark) []Remark {
	return slices.DeleteFunc(slices.Clone(remarks), func(r Remark) bool { return r.Page })
}

// gap is an empty line between sections.
func (p *printer) gap() {
	if p.started {
		p.line("")
	}
}

func (p *printer) line(s string) {
	p.started = true
	p.out.WriteString(inert(strings.TrimRight(s, " ")) + "\n")
}

// inert spoils what a CI job would take for commands to itself: lines that begin with "::", and "##[" anywhere. Names
// are those of strangers.
func inert(line string) string {
	if text := strings.TrimLeft(line, " "); strings.HasPrefix(text, "::") {
		line = line[:len(line)-len(text)] + "?" + text[1:]
	}
	return strings.ReplaceAll(line, "##[", "#?[")
}

func (p *printer) item(i Item) {
	switch {
	case i.Opening != nil:
		p.opening(i.Opening)
	case i.Heading != "":
		p.paragraph("", i.Heading)
	case i.Text != "":
		p.paragraph("  ", i.Text)
	case i.Doubt != "":
		p.paragraph("  ! ", i.Doubt)
	case i.Table != nil:
		p.paragraph("  ", i.Table.Caption)
		p.table(*i.Table)
	case i.Code != nil:
		p.line("  " + clean(i.Code.Text))
	}
	p.cards(i.Cards)
	for _, t := range i.List {
		p.paragraph("  - ", t)
	}
	for _, r := range brief(i.Remarks) {
		p.paragraph(fmt.Sprintf("  [%d] ", r.Number), r.Text)
	}
}

// cards writes a table for each card, under one head where they have the same columns.
func (p *printer) cards(cards []Card) {
	var all Table
	for i, c := range cards {
		t := c.Table()
		if i == 0 || !slices.Equal(t.Columns, all.Columns) {
			all = alike(cards[i:])
			p.head(all)
		}
		p.paragraph("  ", t.Caption)
		p.rows(all, t.Rows)
		if c.Doubt != "" {
			p.paragraph("  ! ", c.Doubt)
		}
	}
}

// alike joins the tables of the first cards, as far as they have the same columns.
func alike(cards []Card) Table {
	all := cards[0].Table()
	for _, c := range cards[1:] {
		t := c.Table()
		if !slices.Equal(t.Columns, all.Columns) {
			break
		}
		all.Rows = append(all.Rows, t.Rows...)
	}
	return all
}

func (p *printer) opening(o *Opening) {
	for _, l := range wrap(o.Sentence, p.width) {
		p.line(p.paint(l, "1"))
	}
	var counts []string
	for _, c := range o.Counts {
		if c.N > 0 {
			counts = append(counts, fmt.Sprintf("%d %s", c.N, c.Verdict))
		}
	}
	for i, l := range wrap(o.Outcome+"; effects: "+orNone(strings.Join(counts, ", ")), p.width) {
		if i == 0 {
			l = p.tone(o.Outcome, o.Tone) + strings.TrimPrefix(l, o.Outcome)
		}
		p.line(l)
	}
	if len(o.Facts) > 0 {
		p.paragraph("", strings.Join(o.Facts, ", "))
	}
	for _, f := range o.Findings[:min(len(o.Findings), findingsAtOnce)] {
		p.paragraph("  - ", f)
	}
	if more := len(o.Findings) - findingsAtOnce; more > 0 {
		p.paragraph("  - ", plural(more, "more finding"))
	}
	for _, t := range o.Trust {
		p.paragraph("  ! ", t)
	}
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// paragraph writes wrapped text, its first line after a lead that the others are indented by.
func (p *printer) paragraph(lead, text string) {
	for i, l := range wrap(text, p.width-utf8.RuneCountInString(lead)) {
		if i == 1 {
			lead = strings.Repeat(" ", utf8.RuneCountInString(lead))
		}
		p.line(lead + l)
	}
}

func (p *printer) tone(s string, t Tone) string {
	codes := map[Tone]string{Good: "32", Bad: "31", Doubt: "33", Muted: "2"}
	return p.paint(s, codes[t])
}

func (p *printer) paint(s, code string) string {
	if !p.color || code == "" || s == "" {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func references(notes []int) string {
	text := ""
	for _, n := range notes {
		text += fmt.Sprintf(" [%d]", n)
	}
	return text
}

// clean makes text harmless for a terminal: no control codes, no invisible direction marks.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsPrint(r):
			return r
		case unicode.IsSpace(r):
			return ' '
		}
		return '?'
	}, s)
}

// wrap cuts text into lines of at most width runes: between words where it can, else behind a slash or a dash. A
// no-break space stays within its line.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.FieldsFunc(text, breaks) {
		word = clean(word)
		if line != "" && utf8.RuneCountInString(line+" "+word) <= width {
			line += " " + word
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		for utf8.RuneCountInString(word) > width {
			head, tail := cut(word, width)
			lines, word = append(lines, head), tail
		}
		line = word
	}
	if line != "" || len(lines) == 0 {
		lines = append(lines, line)
	}
	return lines
}

// breaks says where lines may be broken.
func breaks(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }

// cut splits a word that is longer than width.
func cut(word string, width int) (head, tail string) {
	runes := []rune(word)
	head = string(runes[:width])
	if at := strings.LastIndexAny(head, "/-_"); at >= len(head)/2 {
		head = head[:at+1]
	}
	return head, word[len(head):]
}
