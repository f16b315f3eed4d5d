package reports

import (
	"math"
	"strconv"
	"strings"
)

// Drawing is a chart as a list of shapes, in pixels from the top left corner. Colours come from the page's style
// sheet by class, so that a chart follows light, dark and print.
type Drawing struct {
	ID            string
	Title         string // what it shows, in a line
	Desc          string // what is to be seen in it, for those who cannot
	Width, Height int
	Shapes        []Shape
}

// Shape is one SVG element: line, rect, path or text. Coordinates are written out, with one decimal.
type Shape struct {
	Kind         string
	Class        string
	X, Y, X2, Y2 string // of a rect, X2 and Y2 are width and height
	Path         string
	Text         string
}

func (d *Drawing) line(class string, x, y, x2, y2 float64) {
	d.Shapes = append(d.Shapes, Shape{Kind: "line", Class: class, X: px(x), Y: px(y), X2: px(x2), Y2: px(y2)})
}

func (d *Drawing) text(class string, x, y float64, text string) {
	d.Shapes = append(d.Shapes, Shape{Kind: "text", Class: class, X: px(x), Y: px(y), Text: text})
}

func (d *Drawing) path(class string, points []point) {
	if len(points) < 2 {
		return
	}
	var b strings.Builder
	for i, p := range points {
		b.WriteString(map[bool]string{true: "M", false: " "}[i == 0])
		b.WriteString(px(p.x) + " " + px(p.y))
	}
	d.Shapes = append(d.Shapes, Shape{Kind: "path", Class: class, Path: b.String()})
}

// mark draws the shape that stands for series i, so that colour is not needed to tell series apart.
func (d *Drawing) mark(class string, series int, at point) {
	outlines := [][]point{
		{{-4, -4}, {4, -4}, {4, 4}, {-4, 4}},
		{{0, -5}, {5, 4}, {-5, 4}},
		{{0, -5.5}, {5.5, 0}, {0, 5.5}, {-5.5, 0}},
		{{0, 5}, {5, -4}, {-5, -4}},
		{{-1.5, -5}, {1.5, -5}, {1.5, 5}, {-1.5, 5}},
		{{-5, -1.5}, {5, -1.5}, {5, 1.5}, {-5, 1.5}},
	}
	var moved []point
	for _, p := range outlines[series%len(outlines)] {
		moved = append(moved, point{at.x + p.x, at.y + p.y})
	}
	d.path(class, append(moved, moved[0]))
}

type point struct{ x, y float64 }

// px writes a coordinate with one decimal: fine enough to see, coarse enough for two reports to be compared.
func px(v float64) string {
	if s := strconv.FormatFloat(v, 'f', 1, 64); s != "-0.0" {
		return s
	}
	return "0.0"
}

// scale maps the logarithm of values from lo to hi onto a stretch of the drawing.
type scale struct{ lo, hi, from, to float64 }

func (s scale) at(v float64) float64 {
	share := (math.Log(v) - math.Log(s.lo)) / (math.Log(s.hi) - math.Log(s.lo))
	return s.from + (s.to-s.from)*share
}

// clamped is at, held within the stretch; beyond says that it had to be held.
func (s scale) clamped(v float64) (at float64, beyond bool) {
	held := min(max(v, s.lo), s.hi)
	return s.at(held), held != v
}

// decadeTicks lists 1, 2 and 5 times the powers of ten from lo to hi; only the powers where there would be too many.
func decadeTicks(lo, hi float64) []float64 {
	steps := []float64{1, 2, 5}
	if hi/lo > 2000 {
		steps = steps[:1]
	}
	var ticks []float64
	for e := math.Floor(math.Log10(lo)); e <= math.Ceil(math.Log10(hi)); e++ {
		for _, s := range steps {
			if t := s * math.Pow(10, e); t >= lo*0.999 && t <= hi*1.001 {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}
