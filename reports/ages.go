package reports

import (
	"fmt"
	"math"
	"strings"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/results/analysis"
)

// The frame of the chart of ages, in pixels.
const (
	agesLeft, agesRight = 220, 1060
	agesTop, agesRow    = 40, 26
)

// ageKinds is how a peer came to be believed: by its certificate just now, by that of an earlier handshake, by one that
// was shown when the connection began.
var ageKinds = []string{"full", "resumed", "live"}

// believed is how old the identities were that the server of an arm believed, at most, in seconds.
type believed struct {
	experiment string
	arm        experiment.Arm
	ages       [3]*float64 // by ageKinds; nil: not measured
}

func (b believed) String() string { return b.experiment + ", " + b.arm.Name }

// ageItems tells how old the identities were that servers believed.
func ageItems(a *analysis.Analysis) []Item {
	all := believedIn(a)
	if len(all) == 0 {
		return nil
	}
	t := ageTable(all)
	return []Item{
		{Page: true, Text: "A certificate says who a peer was when it was issued. A full handshake shows it anew, a resumed one stands for the " +
			"handshake that its ticket is from, and a live connection for the one that it began with: so old, at most, was what the server believed."},
		{Page: true, Chart: ageChart(all, *t)}, {Terminal: true, Table: t},
	}
}

func believedIn(a *analysis.Analysis) (all []believed) {
	for _, r := range a.Experiments {
		for _, arm := range r.Arms {
			b, found := believed{experiment: r.Name, arm: arm}, false
			for i, kind := range ageKinds {
				if m, ok := arm.Measure("age_" + kind + "_max"); ok && m.Unit == "s" {
					b.ages[i], found = &m.Value, true
				}
			}
			if found {
				all = append(all, b)
			}
		}
	}
	return all
}

func ageTable(all []believed) *Table {
	t := &Table{Caption: "Age of the identity that the server believes, at most", Columns: numeric(columns("experiment, arm", "full", "resumed", "live"), 1)}
	for _, b := range all {
		row := []Cell{{Text: b.String(), Note: string(b.arm.Role)}}
		for _, age := range b.ages {
			row = append(row, Cell{Text: value(age, "s")})
		}
		t.Rows = append(t.Rows, Row{Cells: row})
	}
	return t
}

// ageChart draws a row for each arm with a mark for each age on a logarithmic axis.
func ageChart(all []believed, backing Table) *Chart {
	height := agesTop + agesRow*len(all) + 2*labelBelow
	c := &Chart{}
	c.Title, c.Caption = "Age of the identity that the server believes", "the highest that was seen, on a logarithmic axis; □ full, △ resumed, ◇ live"
	c.Drawing = Drawing{ID: "ages", Title: c.Title, Desc: ageDesc(all), Width: chartWidth, Height: height}
	c.Table = backing
	d, x := &c.Drawing, ageAxis(all)
	bottom := float64(height - 2*labelBelow)
	for _, t := range decadeTicks(x.lo, x.hi) {
		d.line("grid", x.at(t), agesTop-14, x.at(t), bottom)
		d.text("tick middle", x.at(t), bottom+labelBelow, axisSeconds(t))
	}
	for i, b := range all {
		y := float64(agesTop + agesRow*i)
		d.text("tick end", agesLeft-2*labelBeside, y+4, shortened(b.String()))
		for kind, age := range b.ages {
			if age != nil {
				at, _ := x.clamped(max(*age, x.lo))
				d.mark(fmt.Sprintf("mark s%d", kind), kind, point{at, y})
			}
		}
	}
	for kind, name := range ageKinds {
		at := point{agesLeft + float64(90*kind), 12}
		d.mark(fmt.Sprintf("mark s%d", kind), kind, at)
		d.text("tick", at.x+12, at.y+4, name)
	}
	return c
}

// shortened fits a name left of the chart.
func shortened(name string) string {
	if r := []rune(name); len(r) > 34 {
		return string(r[:33]) + "…"
	}
	return name
}

// ageAxis spans the ages, at least a decade. An age of zero stands at its begin.
func ageAxis(all []believed) scale {
	lo, hi := math.Inf(1), 0.0
	for _, b := range all {
		for _, age := range b.ages {
			if age != nil && *age > 0 {
				lo, hi = min(lo, *age), max(hi, *age)
			}
		}
	}
	if hi == 0 {
		lo, hi = 0.1, 1
	}
	return scale{min(lo/1.5, hi/10), hi * 1.5, agesLeft, agesRight}
}

func ageDesc(all []believed) string {
	var said []string
	for _, b := range all {
		var ages []string
		for kind, age := range b.ages {
			if age != nil {
				ages = append(ages, ageKinds[kind]+" "+seconds(*age))
			}
		}
		said = append(said, b.String()+": "+strings.Join(ages, ", "))
	}
	return strings.Join(said, "; ") + "."
}
