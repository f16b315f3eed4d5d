package reports

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/scorecard"
	"github.com/tlslab/tlslab/results/analysis"
)

// strategiesAtOnce is how many strategies a terminal has side by side.
const strategiesAtOnce = 4

// injectionItems is the scorecard: injections under each other, strategies side by side.
func injectionItems(all []analysis.Scored) []Item {
	injections := injectionsOf(all)
	if len(injections) == 0 {
		return nil
	}
	items := []Item{{Page: true, Table: injectionTable(all, injections, false)}}
	spoilt, well, skipped := parted(all, injections)
	for some := range slices.Chunk(all, strategiesAtOnce) {
		if t := injectionTable(some, spoilt, true); len(t.Rows) > 0 {
			items = append(items, Item{Terminal: true, Table: t})
		}
	}
	if len(well) > 0 {
		items = append(items, Item{Terminal: true, Text: "Without a defect in any strategy: " + strings.Join(well, ", ") + "."})
	}
	if len(skipped) > 0 {
		items = append(items, Item{Text: "Not made here: " + strings.Join(skipped, ", ") + "."})
	}
	for _, s := range all {
		if t := defectTable(s); len(t.Rows) > 0 {
			items = append(items, Item{Page: true, Fold: "Defects of " + s.Target, Table: t})
		}
	}
	return items
}

// injectionsOf lists the injections in the order of the first card that has them.
func injectionsOf(all []analysis.Scored) []string {
	var found []string
	for _, s := range all {
		for _, t := range s.Trials {
			if !slices.Contains(found, t.Injection) {
				found = append(found, t.Injection)
			}
		}
	}
	return found
}

// parted tells the injections that show a defect of some strategy from those that show none, and from those that
// could not be made for any, with the reason.
func parted(all []analysis.Scored, injections []string) (spoilt, well, skipped []string) {
	for _, name := range injections {
		why, made, bad := "", false, false
		for _, s := range all {
			if t := trialOf(s, name); t != nil {
				why, made, bad = cmp.Or(why, t.Skipped), made || t.Skipped == "", bad || len(t.Defects) > 0
			}
		}
		switch {
		case bad:
			spoilt = append(spoilt, name)
		case made:
			well = append(well, name)
		default:
			skipped = append(skipped, name+" ("+why+")")
		}
	}
	return spoilt, well, skipped
}

func trialOf(s analysis.Scored, injection string) *scorecard.Trial {
	at := slices.IndexFunc(s.Trials, func(t scorecard.Trial) bool { return t.Injection == injection })
	if at < 0 {
		return nil
	}
	return &s.Trials[at]
}

func injectionTable(all []analysis.Scored, injections []string, briefly bool) *Table {
	t := &Table{Caption: "The scorecard: ● as a good server does, ◆ with a defect; a time is that of the slowest generation to be adopted", Columns: columns("injection")}
	for _, s := range all {
		t.Columns = append(t.Columns, Column{Title: titled(s.Target, briefly)})
	}
	for _, name := range injections {
		row := cells(name)
		for _, s := range all {
			row = append(row, trialCell(trialOf(s, name)))
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}

// titled lets a terminal break a name at its dashes.
func titled(name string, briefly bool) string {
	if briefly {
		return strings.ReplaceAll(name, "-", "- ")
	}
	return name
}

// trialCell is what became of one injection: the worst of it as the word, the rest beside it.
func trialCell(t *scorecard.Trial) Cell {
	switch {
	case t == nil:
		return Cell{Text: "not tried", Tone: Muted}
	case t.Skipped != "":
		return Cell{Text: "skipped", Tone: Muted}
	}
	words := trialWords(*t)
	c := Cell{Text: "●\u00a0" + words[0], Note: strings.Join(words[1:], ", "), Tone: Good}
	if len(t.Defects) > 0 {
		c.Text, c.Tone = "◆\u00a0"+words[0], Bad
	}
	return c
}

func trialWords(t scorecard.Trial) []string {
	o := analysis.OutcomeOf(t)
	var words []string
	say := func(is bool, word string) {
		if is {
			words = append(words, word)
		}
	}
	say(t.Died != "", "died")
	say(o.Never > 0, "never")
	say(o.Wrong > 0, "adopted!")
	if len(words) == 0 && len(o.After) > 0 {
		words = append(words, after(o.After[len(o.After)-1]))
	}
	say(o.Awaited == 0 && len(words) == 0, "kept")
	say(o.Failed > 0, count(o.Failed)+"\u00a0failed")
	say(t.Regressed > 0, count(t.Regressed)+"\u00a0regressed")
	say(t.Dropped > 0, fmt.Sprintf("%d\u00a0dropped", t.Dropped))
	return words
}

func defectTable(s analysis.Scored) *Table {
	t := &Table{Caption: "What " + s.Target + " did that a good server would not", Columns: columns("injection", "defects")}
	for _, trial := range s.Trials {
		if len(trial.Defects) > 0 {
			t.Rows = append(t.Rows, Row{Cells: cells(trial.Injection, strings.Join(trial.Defects, "; "))})
		}
	}
	return t
}
