package metric

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// quantity is what a value is a number of, as powers of seconds and bytes. Handshakes, allocations, instructions and
// shares are plain numbers.
type quantity struct{ seconds, bytes int }

var (
	plain     = quantity{}
	span      = quantity{seconds: 1}
	size      = quantity{bytes: 1}
	perSecond = quantity{seconds: -1}
)

func (q quantity) times(o quantity) quantity {
	return quantity{q.seconds + o.seconds, q.bytes + o.bytes}
}

func (q quantity) over(o quantity) quantity {
	return quantity{q.seconds - o.seconds, q.bytes - o.bytes}
}

func (q quantity) String() string {
	switch q {
	case plain:
		return "a plain number"
	case span:
		return "a time"
	case size:
		return "a size"
	case perSecond:
		return "per second"
	}
	return fmt.Sprintf("in s^%d B^%d", q.seconds, q.bytes)
}

// quantities is what each Unit of a [Metric] is.
var quantities = map[string]quantity{
	"s": span, "s/handshake": span, "B/handshake": size, "handshake/s": perSecond,
	"allocs/handshake": plain, "instructions/handshake": plain, "calls/handshake": plain, "share": plain,
}

// unit is how a number is written: that many of a quantity, as a power of ten, so that decimals stay exact, times a
// power of two.
type unit struct {
	name     string
	quantity quantity
	ten      int
	two      int
}

// Of each quantity the smallest unit first, but for plain numbers.
var units = []unit{
	{"", plain, 0, 0}, {"%", plain, -2, 0},
	{"ns", span, -9, 0}, {"us", span, -6, 0}, {"ms", span, -3, 0}, {"s", span, 0, 0},
	{"B", size, 0, 0}, {"KiB", size, 0, 10}, {"MiB", size, 0, 20},
	{"/s", perSecond, 0, 0},
}

func unitNamed(name string) (unit, bool) {
	if name == "µs" || name == "μs" { // the micro sign and the letter mu
		name = "us"
	}
	for _, u := range units {
		if u.name == name {
			return u, true
		}
	}
	return unit{}, false
}

// read is the value of a number without exponent.
func (u unit) read(number string) (float64, error) {
	v, err := strconv.ParseFloat(number+"e"+strconv.Itoa(u.ten), 64)
	return math.Ldexp(v, u.two), err
}

func (u unit) scale() float64 { return math.Ldexp(math.Pow10(u.ten), u.two) }

// write is a value in the largest unit that leaves it at 1 or more.
func (q quantity) write(v float64, digits int) string {
	var best *unit
	for i := range units {
		u := &units[i]
		if u.quantity == q && u.name != "%" && (best == nil || math.Abs(v) >= u.scale()) {
			best = u
		}
	}
	switch {
	case best == nil:
		return decimal(v, digits) + strings.TrimPrefix(q.String(), "in")
	case v == 0 && q == span:
		return "0s"
	}
	return decimal(v/best.scale(), digits) + best.name
}

// decimal has so many significant digits, and all before the decimal point.
func decimal(v float64, digits int) string {
	if a := math.Abs(v); a < 1e15 {
		digits = max(digits, len(strconv.FormatInt(int64(a), 10)))
	}
	return strconv.FormatFloat(v, 'g', digits, 64)
}
