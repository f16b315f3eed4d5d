package reports

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/tlslab/tlslab/results/analysis/effect"
	"github.com/tlslab/tlslab/results/metric"
)

// noValue stands where a number would: it was not measured, or its sample is too small. It is never 0.
const noValue = "no value"

// quantity writes a value of one of the units of package metric for people: 0.00141 s/handshake is "1.41 ms".
// The denominator "/handshake" is left to the title; a rate keeps its "/s".
func quantity(v float64, unit string) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return noValue
	}
	of, per, _ := strings.Cut(unit, "/")
	switch {
	case per == "s":
		return digitsGrouped(v) + "/s"
	case of == "s":
		return seconds(v)
	case of == "B":
		return figure(v) + " B"
	case of == "share":
		return percent(v)
	case of == "ratio":
		return times(v, 2)
	case of == "allocs", of == "instructions", of == "calls":
		return figure(v)
	}
	return strings.TrimSpace(figure(v) + " " + unit)
}

// value is quantity for a value that may be missing.
func value(v *float64, unit string) string {
	if v == nil {
		return noValue
	}
	return quantity(*v, unit)
}

// valueIn reads a metric from the values of a series or a block.
func valueIn(values map[string]float64, name string) string {
	v, ok := values[name]
	if !ok {
		return noValue
	}
	m, _ := metric.ByName(name)
	return quantity(v, m.Unit)
}

// seconds writes a duration with three significant digits and the unit that keeps it between 1 and 1000.
func seconds(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1, "s"}, {1e-3, "ms"}, {1e-6, "µs"}} {
		if math.Abs(v) >= u.size*0.9995 {
			return digits(v/u.size, 3) + " " + u.name
		}
	}
	return digits(v*1e9, 3) + " ns"
}

func nanoseconds(v int64) string { return seconds(float64(v) / 1e9) }

// figure writes a count: whole and grouped by thousands from 1000 up, with three significant digits, and at least
// one decimal unless it is whole, below.
func figure(v float64) string {
	if math.Abs(v) >= 999.5 {
		return thousands(strconv.FormatFloat(v, 'f', 0, 64))
	}
	if v == math.Trunc(v) {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	return strconv.FormatFloat(v, 'f', max(decimals(v, 3), 1), 64)
}

// count writes a whole number.
func count(n uint64) string { return thousands(strconv.FormatUint(n, 10)) }

func thousands(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return sign + s
}

// digits writes v with n significant digits, never in exponential form.
func digits(v float64, n int) string { return strconv.FormatFloat(v, 'f', decimals(v, n), 64) }

// decimals is how many decimals show so many significant digits of v once it is rounded to them: 9.996 is 10.0.
func decimals(v float64, significant int) int {
	if v == 0 {
		return 0
	}
	_, exponent, _ := strings.Cut(strconv.FormatFloat(v, 'e', significant-1, 64), "e")
	e, _ := strconv.Atoi(exponent) // written just before
	return max(significant-1-e, 0)
}

// percent writes a share: 0.025 is "2.5 %".
func percent(share float64) string {
	s := strconv.FormatFloat(100*share, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0") + " %"
}

// known says whether there is a ratio at all.
func known(r *effect.Ratio) bool { return r != nil && r.Point > 0 && !math.IsInf(r.Point, 0) }

// bounded says whether a ratio has an interval at all: too few groups leave everything from 0 to infinity open.
func bounded(r *effect.Ratio) bool {
	return known(r) && r.Lo > 0 && r.Hi >= r.Lo && !math.IsInf(r.Hi, 0)
}

// ratio writes a ratio with its interval: "2.31x [2.28, 2.35]". It has a third decimal where the interval is narrow,
// near 1, where margins are, sooner than elsewhere.
func ratio(r *effect.Ratio) string {
	if !known(r) {
		return "no ratio"
	}
	if !bounded(r) {
		return times(r.Point, 2) + " [no\u00a0interval]"
	}
	d := 2
	if width := r.Hi - r.Lo; width < 0.02 || r.Hi < 1.25 && width < 0.1 {
		d = 3
	}
	return times(r.Point, d) + "\u00a0[" + fixed(r.Lo, d) + ",\u00a0" + fixed(r.Hi, d) + "]"
}

// countedRatio writes the ratio of two counts, which has no interval: "1.0105x". It has four decimals near 1, where a
// fifth of a percent counts.
func countedRatio(v float64) string {
	if v > 0.8 && v < 1.25 {
		return times(v, 4)
	}
	return times(v, 2)
}

func times(v float64, decimals int) string { return fixed(v, decimals) + "x" }

// fixed writes a ratio with the given decimals, fewer from 10 up.
func fixed(v float64, decimals int) string {
	switch {
	case v >= 99.95:
		decimals = 0
	case v >= 9.995:
		decimals = 1
	}
	return strconv.FormatFloat(v, 'f', decimals, 64)
}

// plural writes a number of things: "1 block", "12 blocks".
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if strings.HasSuffix(thing, "s") {
		return count(uint64(n)) + " " + thing
	}
	return count(uint64(n)) + " " + thing + "s"
}

// all names every one of n things: "all 12 series", "both series", "the only series".
func all(n int, thing string) string {
	switch n {
	case 1:
		return "the only " + thing
	case 2:
		return "both " + strings.TrimPrefix(plural(n, thing), "2 ")
	}
	return "all " + plural(n, thing)
}

// key is the name of a metric in JSON, with its unit in words: server_cpu_seconds_per_handshake.
func key(m metric.Metric) string {
	of, per, ratio := strings.Cut(m.Unit, "/")
	switch of {
	case "s":
		of = "seconds"
	case "B":
		of = "bytes"
	}
	name := strings.ReplaceAll(m.Name, ".", "_")
	if !strings.Contains(name, of) {
		name += "_" + of
	}
	if per == "s" {
		per = "second"
	}
	if ratio {
		name += "_per_" + per
	}
	return name
}

// names collects each text once, in the order of appearance.
func names(texts ...string) []string {
	var once []string
	for _, t := range texts {
		if t != "" && !slices.Contains(once, t) {
			once = append(once, t)
		}
	}
	return once
}

// digitsGrouped writes v with three significant digits, grouped by thousands: 1,630.
func digitsGrouped(v float64) string {
	if v < 999.5 {
		return digits(v, 3)
	}
	unit := math.Pow(10, math.Floor(math.Log10(v))-2)
	return thousands(strconv.FormatFloat(math.Round(v/unit)*unit, 'f', 0, 64))
}
