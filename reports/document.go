package reports

import (
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// Document is an analysis told in sections.
type Document struct {
	Title    string // the scenario's name
	Sections []Section

	analysis *analysis.Analysis
}

// Part makes a section of an analysis, or says that the analysis has no data for it.
type Part func(*analysis.Analysis) (Section, bool)

// New tells an analysis by the given parts, in their order. The analysis must not change afterwards.
func New(a *analysis.Analysis, parts ...Part) *Document {
	d := &Document{Title: a.Manifest.Scenario.Name, analysis: a}
	for _, part := range parts {
		if s, ok := part(a); ok {
			d.Sections = append(d.Sections, s)
		}
	}
	return d
}

// Standard lists the parts of a whole report, in reading order: what was found, why to believe it, how to repeat it.
func Standard() []Part {
	return []Part{
		Alarm, Verdict, Claims, Effects, Gates, Objectives, Identity, Gateway, Reloads, Costs, Counted, Time, Syscalls, CPU, Paths, Signer, Ablation,
		Operations, Tail, Doubts, Latency, NullControl, Ledgers, Guards, Audit, Absent, Environment, Blocks, Reproduce,
	}
}

// Section is one heading and what stands under it.
type Section struct {
	ID    string // of the anchor; unique within a document
	Title string
	Short string // the title in the page's list of sections; empty: Title
	Items []Item
}

// Item is one thing in a section: exactly one field besides Page, Terminal and Fold is set.
type Item struct {
	Page     bool   // too long for a terminal: in the HTML page only
	Terminal bool   // short for what the page tells at length: in text and Markdown only
	Fold     string // the page shows the item when this line is opened; empty: at once

	Opening *Opening
	Heading string
	Text    string
	Doubt   string
	List    []string
	Remarks []Remark
	Table   *Table
	Forest  *Forest
	Bars    *Bars
	Cards   []Card
	Plots   *Plots
	Chart   *Chart
	Code    *Code
}

// Opening is the first screen: the verdict and whether to trust it.
type Opening struct {
	Facts    []string // what was measured, when, the seed
	Exit     int
	Outcome  string // the exit code in words
	Tone     Tone
	Sentence string
	Counts   []Count
	Findings []string
	Trust    []string
}

// Count is how many effects have a verdict.
type Count struct {
	Verdict effect.Verdict
	N       int
}

// Table is rows under columns. The first column names the row. Columns without any title have no head.
type Table struct {
	Caption string
	Columns []Column
	Rows    []Row
}

// Column heads a column.
type Column struct {
	Title   string
	Numeric bool // aligned right
}

// Row is one line of a table.
type Row struct {
	Cells []Cell
	Tone  Tone
}

// Cell is one value of a table, with its unit.
type Cell struct {
	Text string
	Note string // a doubt or a comparison that belongs to the value
	Tone Tone
	Mark effect.Verdict // drawn before the text; empty: none
	Link string         // id on the page that the note refers to; empty: none
	Key  int            // number of a segment of [Bars], drawn before the text; 0: none
}

// Tone is how a value is to be taken. It is never the only carrier of that: words say the same.
type Tone string

const (
	Plain Tone = ""
	Good  Tone = "good"
	Bad   Tone = "bad"
	Doubt Tone = "doubt"
	Muted Tone = "muted"
)

// Code is text to be shown as it is.
type Code struct {
	Caption string
	Text    string
	Anchors []int // lines that the page refers to, from 1
}

// Lines is the text, line by line, with the ids of those that the page refers to.
func (c Code) Lines() []CodeLine {
	var all []CodeLine
	for i, text := range linesOf(c.Text) {
		line := CodeLine{Text: text}
		if slices.Contains(c.Anchors, i+1) {
			line.ID = fmt.Sprintf("line-%d", i+1)
		}
		all = append(all, line)
	}
	return all
}

// CodeLine is a line of code with its end, if it has one.
type CodeLine struct{ ID, Text string }

func linesOf(text string) []string { return slices.Collect(strings.Lines(text)) }

// Plots are figures to be read side by side, with one legend.
type Plots struct {
	Legend  []Head
	Figures []Figure
}

// Figure is a drawing and the table that backs it.
type Figure struct {
	Title   string
	Caption string
	Drawing Drawing
	Table   Table
}

// Chart is one wide drawing, whose areas are numbered, and the table that backs it.
type Chart struct {
	Figure
	Legend []Cell
}

// toneOf says how a verdict is to be taken.
func toneOf(v effect.Verdict) Tone {
	switch v {
	case effect.Better:
		return Good
	case effect.Worse:
		return Bad
	case effect.Same:
		return Muted
	}
	return Doubt
}

// verdicts lists all verdicts in the order in which reports show them.
func verdicts() []effect.Verdict {
	return []effect.Verdict{effect.Worse, effect.Better, effect.Same, effect.Inconclusive, effect.Invalid}
}

// symbol is the shape of a verdict, the same in text and drawings.
func symbol(v effect.Verdict) string {
	switch v {
	case effect.Better:
		return "●"
	case effect.Worse:
		return "◆"
	case effect.Same:
		return "■"
	case effect.Inconclusive:
		return "○"
	}
	return "✕"
}

// cells makes plain cells of texts.
func cells(texts ...string) []Cell {
	row := make([]Cell, len(texts))
	for i, t := range texts {
		row[i].Text = t
	}
	return row
}

// columns makes columns of titles, aligned left.
func columns(titles ...string) []Column {
	cols := make([]Column, len(titles))
	for i, t := range titles {
		cols[i].Title = t
	}
	return cols
}

// numeric aligns the columns from one on right.
func numeric(cols []Column, from int) []Column {
	for i := range cols[from:] {
		cols[from+i].Numeric = true
	}
	return cols
}
