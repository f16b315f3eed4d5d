package inverse

import (
	"math"
	"slices"
	"testing"
)

type corner struct{ f, g float64 }

// A grid divides what a region extends to, up and down, in 2^8 to 2^9 cells.
const (
	gridBits = 8
	columns  = 2<<gridBits + 1
)

// cell returns the lines of the grid around v, and the size of the cell. Errors of floats are far below the sixteenth.
func cell(v, largest float64) (low, high int, size float64) {
	size = math.Ldexp(1, math.Ilogb(largest)-gridBits)
	return int(math.Floor(v/size - 1./16)), int(math.Ceil(v/size + 1./16)), size
}

// widen puts every corner into a cell of a grid that is fine for the region, and returns the region around the cells:
// larger, with few corners.
func widen(points []corner) []corner {
	var f, g float64
	for _, p := range points {
		f, g = max(f, math.Abs(p.f)), max(g, math.Abs(p.g))
	}
	var lows, highs [2*columns + 1]int // of -g and g, above any g where there is a point
	const above = 2 * columns
	var sizeF, sizeG float64
	for _, p := range points {
		var f0, f1, g0, g1 int
		f0, f1, sizeF = cell(p.f, f)
		g0, g1, sizeG = cell(p.g, g)
		for _, i := range [2]int{f0, f1} {
			highs[columns+i] = max(highs[columns+i], above+g1)
			lows[columns+i] = max(lows[columns+i], above-g0)
		}
	}
	var corners []corner
	for _, p := range chain(&highs) {
		corners = append(corners, corner{float64(p.f-columns) * sizeF, float64(p.g-above) * sizeG})
	}
	for _, p := range chain(&lows) {
		corners = append(corners, corner{float64(p.f-columns) * sizeF, -float64(p.g-above) * sizeG})
	}
	return corners
}

type line struct{ f, g int }

// chain returns the upper corners of what is not 0.
func chain(highs *[2*columns + 1]int) (c []line) {
	for i, high := range highs {
		if high == 0 {
			continue
		}
		for len(c) >= 2 {
			a, b := c[len(c)-2], c[len(c)-1]
			if (b.f-a.f)*(high-a.g) < (b.g-a.g)*(i-a.f) {
				break
			}
			c = c[:len(c)-1]
		}
		c = append(c, line{i, high})
	}
	return c
}

// step carries the regions, by 2δ, through one division step.
func step(regions map[int][]corner) map[int][]corner {
	next := map[int][]corner{}
	for delta, region := range regions {
		for _, p := range region {
			next[delta+2] = append(next[delta+2], corner{p.f, p.g / 2})
			if delta > 0 {
				next[2-delta] = append(next[2-delta], corner{p.g, (p.g - p.f) / 2})
			} else {
				next[2+delta] = append(next[2+delta], corner{p.f, (p.g + p.f) / 2})
			}
		}
	}
	return next
}

// enough is the number of division steps after which g = 0 for all 0 <= g < f < 2^bits: no region is left in which |g|
// can be above 2^-bits of the first f.
func enough(bits int) (steps int) {
	regions := map[int][]corner{1: {{0, 0}, {1, 0}, {1, 1}}}
	for ; len(regions) > 0; steps++ {
		regions = step(regions)
		for delta, region := range regions {
			if !slices.ContainsFunc(region, func(p corner) bool { return math.Abs(p.g) > math.Ldexp(1, -bits) }) {
				delete(regions, delta)
			} else if len(region) > 100 {
				regions[delta] = widen(region)
			}
		}
	}
	return steps
}

func TestEnoughSteps(t *testing.T) {
	for _, c := range []struct{ bits, most int }{
		{64, 150},
		{384, batches * 3 * blockSteps},
	} {
		if c.bits > 64 && testing.Short() {
			continue
		}
		got := enough(c.bits)
		t.Log(c.bits, got)
		if got > c.most {
			t.Errorf("%d bits: %d steps, want at most %d", c.bits, got, c.most)
		}
	}
}
