package scenarios

import (
	"fmt"
	"math"
	"net/netip"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
)

// value decodes one scalar by its text: most values of a scenario carry a unit or are names.
func value[T any](d *decoder, into *T, read func(string) (T, error)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		text, ok := d.scalar(n)
		if !ok {
			return
		}
		v, err := read(text)
		if err != nil {
			d.mistake(n, err)
			return
		}
		*into = v
	}
}

// typed is value for scalars whose YAML type matters: text must not be a number, a number must not be quoted. A
// variable takes the type of its value.
func typed[T any](d *decoder, into *T, want string, tags []string, read func(string) (T, error)) func(*yaml.Node) {
	decode := value(d, into, read)
	return func(n *yaml.Node) {
		if n.Kind == yaml.ScalarNode && !slices.Contains(tags, n.ShortTag()) && !strings.Contains(n.Value, "${") {
			d.add(at(n), typeHint(n, want), "want %s, not %s", want, describe(n))
			return
		}
		decode(n)
	}
}

func typeHint(n *yaml.Node, want string) string {
	if want == wantText {
		return fmt.Sprintf("quote it: %q", clip(n.Value))
	}
	if n.Style&(yaml.SingleQuotedStyle|yaml.DoubleQuotedStyle) != 0 {
		return "leave the quotes away"
	}
	return ""
}

// many decodes a list of scalars, or one, without repetitions.
func many[T comparable](d *decoder, into *[]T, what string, read func(string) (T, error)) func(*yaml.Node) {
	return members(d, into, what, func(v *T) func(*yaml.Node) { return value(d, v, read) })
}

// members is many with a decoder for each member.
func members[T comparable](d *decoder, into *[]T, what string, member func(*T) func(*yaml.Node)) func(*yaml.Node) {
	return func(n *yaml.Node) {
		var all []T
		d.each(n, what, func(m *yaml.Node) {
			before := len(d.found)
			var v T
			member(&v)(m)
			switch {
			case len(d.found) > before:
			case slices.Contains(all, v):
				d.add(at(m), "", "%s is listed twice in %s", describe(m), what)
			default:
				all = append(all, v)
			}
		})
		*into = all
	}
}

func (d *decoder) scalar(n *yaml.Node) (string, bool) {
	if n.Kind != yaml.ScalarNode || n.ShortTag() == "!!null" {
		d.add(at(n), "", "want one value, not %s", describe(n))
		return "", false
	}
	return d.expand(n)
}

func (d *decoder) mistake(n *yaml.Node, err error) {
	hint := ""
	if m, ok := err.(*mistake); ok {
		hint = m.hint
	}
	d.add(at(n), hint, "%s", err.Error())
}

const wantText = "text"

func (d *decoder) text(into *string) func(*yaml.Node) {
	return typed(d, into, wantText, []string{"!!str", "!!timestamp"}, func(s string) (string, error) { return s, nil })
}

func (d *decoder) boolean(into *bool) func(*yaml.Node) {
	return typed(d, into, "true or false", []string{"!!bool"}, readBool)
}

func (d *decoder) whole(into *int, least, most int) func(*yaml.Node) {
	return typed(d, into, "a whole number", []string{"!!int"}, func(s string) (int, error) {
		return readInt(s, least, most)
	})
}

func readBool(s string) (bool, error) {
	switch s {
	case "true", "True", "TRUE":
		return true, nil
	case "false", "False", "FALSE":
		return false, nil
	}
	return false, wrong("", "want true or false, not %q", clip(s))
}

func readInt(s string, least, most int) (int, error) {
	v, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		return 0, wrong("", "want a whole number, not %q", clip(s))
	}
	if v < int64(least) || v > int64(most) {
		return 0, wrong("", "%d is out of range: want %d to %d", v, least, most)
	}
	return int(v), nil
}

func readSeed(s string) (uint64, error) {
	v, err := strconv.ParseUint(s, 0, 64)
	if err != nil {
		return 0, wrong("", "want a whole number from 0 to %d, not %q", uint64(math.MaxUint64), clip(s))
	}
	return v, nil
}

// oneOf reads a word out of a short list.
func oneOf[T ~string](what string, allowed ...T) func(string) (T, error) {
	words := make([]string, len(allowed))
	for i, a := range allowed {
		words[i] = string(a)
	}
	return func(s string) (T, error) {
		if !slices.Contains(words, s) {
			return "", wrong(didYouMean(s, words), "unknown %s %q", what, clip(s))
		}
		return T(s), nil
	}
}

// unless is read, but for the word that stands for the default, which is the empty one.
func unless(word string, read func(string) (string, error)) func(string) (string, error) {
	return func(s string) (string, error) {
		v, err := read(s)
		if v == word {
			v = ""
		}
		return v, err
	}
}

// named reads a name of the handshake vocabulary.
func named[T any, P interface {
	*T
	UnmarshalText([]byte) error
}](what string, names []string) func(string) (T, error) {
	return func(s string) (v T, err error) {
		if !slices.Contains(names, s) {
			return v, wrong(didYouMean(s, names), "unknown %s %q", what, clip(s))
		}
		return v, P(&v).UnmarshalText([]byte(s))
	}
}

// mostLength bounds every length: no handshake benchmark needs a day.
const mostLength = 24 * time.Hour

// readLength reads a length of time, which must have a unit.
func readLength(s string) (time.Duration, error) {
	if _, err := strconv.ParseFloat(s, 64); err == nil && s != "0" {
		return 0, wrong(fmt.Sprintf("write %q or %q", s+"s", s+"ms"), "length %q has no unit", clip(s))
	}
	v, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, wrong(`units are ns, us, ms, s, m and h: "1.5s"`, "want a length such as 5s, not %q", clip(s))
	case v < 0 || v > mostLength:
		return 0, wrong("", "length %s is out of range: want 0s to 24h", clip(s))
	}
	return v, nil
}

// readSpan is readLength for what must last.
func readSpan(s string) (time.Duration, error) {
	v, err := readLength(s)
	if err == nil && v == 0 {
		return 0, wrong("", "length %s is out of range: want more than 0s", s)
	}
	return v, err
}

// readRate reads handshakes per second.
func readRate(s string) (float64, error) {
	number, unit, _ := strings.Cut(s, "/")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch {
	case err == nil && unit == "":
		return 0, wrong(fmt.Sprintf("write %q", number+"/s"), "rate %q has no unit", clip(s))
	case err != nil || strings.TrimSpace(unit) != "s":
		return 0, wrong("rates are handshakes per second", `want a rate such as 400/s, not %q`, clip(s))
	case !(v >= 0.1 && v <= 1e6):
		return 0, wrong("", "rate %s is out of range: want 0.1/s to 1000000/s", clip(s))
	}
	return v, nil
}

// readShare reads a percentage as a share: "2%" is 0.02.
func readShare(s string) (float64, error) {
	number, percent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	switch {
	case err != nil:
		return 0, wrong("", "want a percentage such as 2%%, not %q", clip(s))
	case !percent:
		return 0, wrong(fmt.Sprintf("write %q", s+"%"), "percentage %q has no unit", clip(s))
	case !(v >= 0 && v <= 1000):
		return 0, wrong("", "percentage %s is out of range: want 0%% to 1000%%", clip(s))
	}
	return v / 100, nil
}

// below reads a limit written as "< value".
func below[T any](read func(string) (T, error)) func(string) (T, error) {
	return func(s string) (T, error) {
		limit, ok := strings.CutPrefix(strings.TrimSpace(s), "<")
		if !ok {
			var zero T
			return zero, wrong(fmt.Sprintf("write %q", "< "+s), "a guard is an upper limit: %q does not begin with <", clip(s))
		}
		return read(strings.TrimSpace(limit))
	}
}

// readLateness reads a limit on the 99th percentile: "p(99) < 1ms".
func readLateness(s string) (time.Duration, error) {
	limit, ok := strings.CutPrefix(strings.TrimSpace(s), "p(99)")
	if !ok {
		return 0, wrong(`write "p(99) < 1ms"`, "lateness is limited at its 99th percentile: %q does not begin with p(99)", clip(s))
	}
	return below(readSpan)(limit)
}

var nameShape = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// readName reads what becomes part of file names and of report addresses.
func readName(s string) (string, error) {
	if !nameShape.MatchString(s) {
		return "", wrong("up to 64 letters, digits, dots, hyphens and underscores, the first a letter or digit", "%q is no name", clip(s))
	}
	return s, nil
}

// readCPUs reads a set of CPU numbers: "0", "0-3,6".
func readCPUs(s string) ([]int, error) {
	const last = 4095
	var cpus []int
	for part := range strings.SplitSeq(s, ",") {
		from, to, isRange := strings.Cut(strings.TrimSpace(part), "-")
		if !isRange {
			to = from
		}
		a, errA := strconv.Atoi(from)
		b, errB := strconv.Atoi(to)
		if errA != nil || errB != nil || a < 0 || b < a || b > last {
			return nil, wrong(`CPUs are numbers and ranges: "0-3,6"`, "%q is no set of CPUs", clip(s))
		}
		for cpu := a; cpu <= b; cpu++ {
			cpus = append(cpus, cpu)
		}
	}
	slices.Sort(cpus)
	return slices.Compact(cpus), nil
}

// readListen reads the address to listen on. Only loopback is allowed: a benchmark server trusts whoever connects,
// and a network between the two sides would be measured with them.
func readListen(s string) (string, error) {
	address, err := netip.ParseAddrPort(s)
	switch {
	case err != nil:
		return "", wrong(`write "127.0.0.1:8443", or "127.0.0.1:0" for a free port`, "%q is no address and port", clip(s))
	case !address.Addr().IsLoopback():
		return "", wrong("listen on 127.0.0.1 or [::1]", "%s is not a loopback address: servers are driven on this machine only, "+
			"and their certificates are throw-away", clip(s))
	}
	return s, nil
}
