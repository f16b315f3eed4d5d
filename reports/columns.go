package reports

import (
	"slices"
	"strings"
	"unicode/utf8"
)

const (
	tableIndent = 2
	columnGap   = 2  // between columns; 1 where nothing else helps
	leastColumn = 12 // a column of text is not narrower, nor narrower than words that no-break spaces join
	longestWord = 20 // and, where there is room, not narrower than its longest word, up to this
)

// table writes rows under columns, aligned.
func (p *printer) table(t Table) {
	p.head(t)
	p.rows(t, t.Rows)
}

// head writes the titles of a table's columns, if they have any.
func (p *printer) head(t Table) {
	head := Row{}
	for _, c := range t.Columns {
		head.Cells = append(head.Cells, Cell{Text: c.Title, Tone: Muted})
	}
	if t.headed() {
		p.rows(t, []Row{head})
	}
}

func (t Table) headed() bool {
	return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Title != "" })
}

// rows writes rows as wide as the columns of a table, which need not hold them.
func (p *printer) rows(t Table, rows []Row) {
	widths := fit(t, p.width)
	gap := columnGap
	if total(widths) > p.width {
		gap = 1
	}
	for _, row := range rows {
		p.row(t.Columns, widths, gap, row)
	}
}

// natural is how wide each column is where nothing but a heading of several words is wrapped.
func natural(t Table) []int {
	widths := make([]int, len(t.Columns))
	for i, c := range t.Columns {
		for _, word := range strings.Fields(c.Title) {
			widths[i] = max(widths[i], utf8.RuneCountInString(word))
		}
		for _, r := range t.Rows {
			widths[i] = max(widths[i], utf8.RuneCountInString(cellText(r.Cells[i])))
		}
	}
	return widths
}

func total(widths []int) int {
	sum := tableIndent - columnGap
	for _, w := range widths {
		sum += w + columnGap
	}
	return sum
}

// fit narrows the widest columns of text until the table fits or nothing can give: first between words, then
// within them.
func fit(t Table, width int) []int {
	widths := natural(t)
	words, joined := make([]int, len(widths)), make([]int, len(widths))
	for i := range widths {
		joined[i] = max(leastColumn, longest(t, i, "\u00a0"))
		words[i] = max(joined[i], min(longest(t, i, ""), longestWord))
	}
	squeeze(t, widths, words, width)
	squeeze(t, widths, joined, width)
	return widths
}

// squeeze takes from the widest column of text that is above its least width.
func squeeze(t Table, widths, least []int, width int) {
	for total(widths) > width {
		widest := -1
		for i, w := range widths {
			if !t.Columns[i].Numeric && w > least[i] && (widest < 0 || w > widths[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			return
		}
		widths[widest]--
	}
}

// longest is the length of the longest word in a column that contains some text.
func longest(t Table, column int, some string) int {
	n := 0
	for _, r := range t.Rows {
		for _, word := range strings.FieldsFunc(cellText(r.Cells[column]), breaks) {
			if strings.Contains(word, some) {
				n = max(n, utf8.RuneCountInString(word))
			}
		}
	}
	return n
}

func cellText(c Cell) string {
	switch {
	case c.Mark != "":
		return c.Text + " (" + c.Note + " " + string(c.Mark) + ")"
	case c.Note != "":
		return c.Text + " (" + c.Note + ")"
	}
	return c.Text
}

// row writes one row, on as many lines as its longest cell needs.
func (p *printer) row(cols []Column, widths []int, gap int, r Row) {
	lines := make([][]string, len(cols))
	height := 0
	for i := range cols {
		lines[i] = wrap(cellText(r.Cells[i]), widths[i])
		height = max(height, len(lines[i]))
	}
	for n := range height {
		out := strings.Repeat(" ", tableIndent-gap)
		for i, c := range cols {
			text := ""
			if n < len(lines[i]) {
				text = lines[i][n]
			}
			blank := strings.Repeat(" ", max(0, widths[i]-utf8.RuneCountInString(text)))
			text = p.tone(text, r.Cells[i].Tone)
			if c.Numeric {
				text, blank = blank, text
			}
			out += strings.Repeat(" ", gap) + text + blank
		}
		p.line(out)
	}
}
