package metric

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParseObjective(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"p(99)(response) < 6ms", "p(99)(response) < 6ms"},
		{"p(99.9)(handshake{})<=1.5s", "p(99.9)(handshake) <= 1.5s"},
		{" p( 99 ) ( response { kind = full ,load=objective, } ) < 6ms and rate(failed)==0 ",
			"p(99)(response{kind=full, load=objective}) < 6ms and rate(failed) == 0"},
		{"server_cpu{variant=std}<700µs", "server_cpu{variant=std} < 700µs"},
		{"server_cpu{variant=branch}/server_cpu{variant=std}<105%", "server_cpu{variant=branch} / server_cpu{variant=std} < 105%"},
		{"max(lateness)-med(lateness)*2 < 1ms + 5us", "max(lateness) - med(lateness) * 2 < 1ms + 5us"},
		{"handshake_rate >= 400/s", "handshake_rate >= 400/s"},
		{"1/service_p99 > 400/s", "1 / service_p99 > 400/s"},
		{"wire_bytes<4KiB", "wire_bytes < 4KiB"},
		{"instructions.crypto * 2 != counted.allocs", "instructions.crypto * 2 != counted.allocs"},
		{"count(failed) < 0.1% * count(began)", "count(failed) < 0.1% * count(began)"},
		{`avg(service{cell=full/X25519/ecdsa-p256/server-auth/alpn=h2}) < 1ms`, `avg(service{cell=full/X25519/ecdsa-p256/server-auth/alpn=h2}) < 1ms`},
		{`min(service{load="a b", variant!='x', group=~"P-.{3,4}", alpn=none}) > 0ns`,
			`min(service{load="a b", variant!=x, group=~"P-.{3,4}", alpn=none}) > 0ns`},
		{`server_cpu{variant=~'"'} < 1s`, `server_cpu{variant=~'"'} < 1s`},
	} {
		e, err := ParseObjective(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		if got := e.String(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
		if again, err := ParseObjective(e.String()); err != nil || again.String() != e.String() {
			t.Errorf("%s: read again: %v, %v", e, again, err)
		}
	}
}

func TestSyntaxErrors(t *testing.T) {
	for _, tt := range []struct {
		text    string
		column  int
		message string
		hint    string
	}{
		{"", 1, "want a number or a metric, not the end", ""},
		{"p(99)(response)", 16, "want a comparison such as <, not the end", ""},
		{"p(99)(response) < ", 19, "want a number or a metric, not the end", ""},
		{"p(99)(response) = 6ms", 17, `want a comparison such as <, not "="`, `write "=="`},
		{"p(99)(response) < 6 ms", 21, "a unit follows its number without a space", `write "6ms"`},
		{"0.1 % > rate(failed)", 5, "a unit follows its number without a space", `write "0.1%"`},
		{"1ms < p(99)(response) < 6ms", 23, `want "and" or the end, not "<"`, `comparisons are joined by "and"; another objective is another line`},
		{"rate(failed) == 0 && count(failed) == 0", 19, `want "and" or the end, not "&&"`, `comparisons are joined by "and"; another objective is another line`},
		{"p(99)(response) < -6ms", 19, `want a number or a metric, not "-"`, ""},
		{"p(99)(response) < 6m", 20, `unknown unit "m"`, "units are ns, us, ms, s, B, KiB, MiB, % and /s"},
		{"p(99)(response) < 1" + strings.Repeat("0", 400) + "s", 19, "1" + strings.Repeat("0", 400) + " is out of range", ""},
		{"p(99)(response) < 6", 19, "p(99)(response) is a time, 6 is a plain number", `write "6ms"`},
		{"p(99)(response) < 6KiB", 19, "p(99)(response) is a time, 6KiB is a size", ""},
		{"400 < handshake_rate", 7, "400 is a plain number, handshake_rate is per second", `write "400/s"`},
		{"server_cpu + wire_bytes < 6ms", 14, "server_cpu is a time, wire_bytes is a size", ""},
		{"server_cpu * wire_bytes < 6ms", 27, "server_cpu * wire_bytes is in s^1 B^1, 6ms is a time", ""},
		{"server_cpu / 0 < 6ms", 14, "nothing is divided by 0", ""},
		{"rate(failed) < 5", 16, "rate(failed) is a share from 0% to 100%, 5 is none", `"0.1%" is one in a thousand`},
		{"99 > rate(confirmed)", 1, "rate(confirmed) is a share from 0% to 100%, 99 is none", `"0.1%" is one in a thousand`},
		{"1 < 2", 1, "1 < 2 measures nothing", "compare a metric with a limit"},
		{"p(99)(respones) < 6ms", 7, `unknown metric "respones"`, `did you mean "response"?`},
		{"server_cup < 6ms", 1, `unknown metric "server_cup"`, `did you mean "server_cpu"?`},
		{"p(99)() < 6ms", 7, `unknown metric ")"`, ""},
		{"response < 6ms", 1, "response is a distribution", `write "p(99)(response)"`},
		{"rate(response) < 6ms", 6, "response is a distribution", `write "p(99)(response)"`},
		{"avg(failed) < 1", 5, "failed is a tally of handshakes", `write "rate(failed)"`},
		{"p(99)(server_cpu) < 6ms", 7, "server_cpu is one number", `write "server_cpu"`},
		{"mex(response) < 6ms", 1, `unknown aggregate "mex": there are p(N), med, max, min, avg, rate, count`, `did you mean "med"?`},
		{"p99(response) < 6ms", 1, `unknown aggregate "p99": there are p(N), med, max, min, avg, rate, count`, `write "p(99)"`},
		{"p(100)(response) < 6ms", 3, `want a percentile between 0 and 100, not "100"`, "write max for the largest, min for the smallest"},
		{"p(9s)(response) < 6ms", 3, `want a percentile between 0 and 100, not "9s"`, "write max for the largest, min for the smallest"},
		{"p(x)(response) < 6ms", 3, `want a percentile between 0 and 100, not "x"`, "write max for the largest, min for the smallest"},
		{"p(99)response < 6ms", 6, `want "(", not "response"`, ""},
		{"p(99)(response < 6ms", 16, `want ")", not "<"`, ""},
		{"max(response{kind=full) < 6ms", 19, `unknown kind "full)"`, `did you mean "full"?`},
		{"max(response{kind=full", 23, `want ",", not the end`, ""},
		{"max(response{knd=full}) < 6ms", 14, `unknown label "knd"`, `did you mean "kind"?`},
		{"max(response{curve=P-384}) < 6ms", 14, `unknown label "curve"`, "labels are kind, group, signature, mutual, alpn, suite, load, cell, variant"},
		{"max(response{kind==full}) < 6ms", 18, `want =, != or =~ after "kind", not "=="`, ""},
		{"max(response{kind=}) < 6ms", 19, "want the text that a label compares with", ""},
		{"max(response{kind='full}) < 6ms", 19, "this quote has no end", ""},
		{"max(response{kind=ful}) < 6ms", 19, `unknown kind "ful"`, `did you mean "full"?`},
		{"max(response{mutual!=yes}) < 6ms", 22, `unknown mutual "yes"`, "there are true, false"},
		{"max(response{group=P384}) < 6ms", 20, `unknown group "P384"`, `did you mean "P-384"?`},
		{"max(response{cell=~a(b}) < 6ms", 20, `"a(b" is no regular expression`, "the syntax is that of Go's regexp package"},
		{"max(response{cell=é kind=full}) < 6ms", 21, `want ",", not "kind"`, ""},
		{"server_cpu{variant=a} + server_cpu{variant=b} < server_cpu", 1, "a comparison relates two selections at most, not 3", "write several"},
		{strings.Repeat("1+", 500) + "1 < 2", 1, "an objective has at most 1000 characters", "write several"},
	} {
		_, err := ParseObjective(tt.text)
		var got *SyntaxError
		if !errors.As(err, &got) {
			t.Errorf("%s: got error %v", tt.text, err)
			continue
		}
		if want := (SyntaxError{tt.column, tt.message, tt.hint}); *got != want {
			t.Errorf("%s\ngot  %+v\nwant %+v", tt.text, *got, want)
		}
	}
}

func FuzzParseObjective(f *testing.F) {
	for _, text := range []string{
		"p(99)(response{kind=full, load=~\"o.*\"}) < 6ms and rate(failed) == 0",
		"server_cpu{variant='a b'} / server_cpu{variant!=std} - 1 <= 5%", "1/s < 400", "{}=~(", "p(99", "6\xffms",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e, err := ParseObjective(text)
		if err != nil {
			var s *SyntaxError
			if !errors.As(err, &s) || s.Column < 1 || s.Column > len(text)+1 || s.Message == "" {
				t.Fatalf("%q: %#v", text, err)
			}
			return
		}
		canonical := e.String()
		if len(canonical) > longest {
			return
		}
		again, err := ParseObjective(canonical)
		if err != nil || again.String() != canonical {
			t.Fatalf("%q is %q, read again: %v, %v", text, canonical, again, err)
		}
		for _, c := range e.Comparisons {
			r, err := c.Eval(func(Term) (float64, error) { return 1, nil })
			if err != nil {
				continue
			}
			want := map[string]bool{"<": r.Left < r.Right, "<=": r.Left <= r.Right, ">": r.Left > r.Right,
				">=": r.Left >= r.Right, "==": r.Left == r.Right, "!=": r.Left != r.Right}[c.relation]
			if r.Holds() != want {
				t.Fatalf("%q: %s", text, r)
			}
		}
	})
}

func TestEval(t *testing.T) {
	measured := map[string]float64{
		"p(99)(response)": 0.0071, "max(response)": 0.02, "avg(response)": 0, "rate(failed)": 0.0012, "count(failed)": 12345,
		"handshake_rate": 412.5, "wire_bytes": 3200, "server_cpu{variant=a}": 0.000702, "server_cpu{variant=b}": 0.00065,
		"server_allocs": 830, "instructions.crypto": 1234567.4,
	}
	look := func(t Term) (float64, error) {
		if v, ok := measured[t.String()]; ok {
			return v, nil
		}
		return 0, errors.New("not measured")
	}
	for _, tt := range []struct {
		text  string
		holds bool
		want  string // the reading, or the error
	}{
		{"p(99)(response) < 6ms", false, "7.1ms, not < 6ms"},
		{"p(99)(response) > 6ms", true, "7.1ms > 6ms"},
		{"p(99)(response) < 7.1ms", false, "7.1ms, not < 7.1ms"},
		{"p(99)(response) <= 7.1ms", true, "7.1ms <= 7.1ms"},
		{"p(99)(response) == 7100us", true, "7.1ms == 7.1ms"},
		{"p(99)(response) != 7.1ms", false, "7.1ms, not != 7.1ms"},
		{"p(99)(response) < 7.100001ms", true, "7.1ms < 7.100001ms"},
		{"p(99)(response) >= 0s", true, "7.1ms >= 0s"},
		{"rate(failed) < 0.1%", false, "0.12%, not < 0.1%"},
		{"rate(failed) == 0", false, "0.0012, not == 0"},
		{"count(failed) < 10000", false, "12345, not < 10000"},
		{"handshake_rate >= 400/s", true, "412.5/s >= 400/s"},
		{"wire_bytes < 3KiB", false, "3.125KiB, not < 3KiB"},
		{"wire_bytes < 2MiB", true, "3.125KiB < 2MiB"},
		{"server_cpu{variant=a} / server_cpu{variant=b} < 1.05", false, "1.08, not < 1.05"},
		{"server_cpu{variant=a} < server_cpu{variant=b} * 110%", true, "702us < 715us"},
		{"max(response) - p(99)(response) - 2.9ms < 10ms + 1ms", true, "10ms < 11ms"},
		{"p(99)(response) - max(response) < 0ms", true, "-12.9ms < 0s"},
		{"2 * server_allocs - 30 * 2 < 1600 / 2 * 2", false, "1600, not < 1600"},
		{"server_allocs * 4 / 2 / 2 == 830", true, "830 == 830"},
		{"instructions.crypto < 1234567", false, "1234567.4, not < 1234567"},
		{"wire_bytes * wire_bytes < 1MiB * 1MiB", true, "10240000 s^0 B^2 < 1099511627776 s^0 B^2"},
		{"1 / avg(response) < 5/s", false, "1 / avg(response): 1 / 0 is no number"},
		{"max(service) < 6ms", false, "max(service): not measured"},
		{"6ms > max(service)", false, "max(service): not measured"},
	} {
		e, err := ParseObjective(tt.text)
		if err != nil {
			t.Errorf("%s: %v", tt.text, err)
			continue
		}
		r, err := e.Comparisons[0].Eval(look)
		got := fmt.Sprint(err)
		if err == nil {
			got = r.String()
		}
		if got != tt.want || err == nil && r.Holds() != tt.holds {
			t.Errorf("%s: got %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestEvalOfNoNumber(t *testing.T) {
	e, err := ParseObjective("p(99)(response) < 6ms")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if r, err := e.Comparisons[0].Eval(func(Term) (float64, error) { return v, nil }); err == nil {
			t.Errorf("%v: got %s, want an error", v, r)
		}
	}
}

func TestChooses(t *testing.T) {
	series := map[string]string{"kind": "full", "group": "X25519", "mutual": "false", "variant": "std"}
	for _, tt := range []struct {
		selector string
		want     bool
	}{
		{"", true},
		{"{kind=full}", true},
		{"{kind=resumed}", false},
		{"{kind!=resumed, variant=std}", true},
		{"{kind=full, variant!=std}", false},
		{"{group=~X.*}", true},
		{"{group=~X}", false},
		{"{group=~P-256|X25519}", true},
		{"{mutual=true}", false},
		{"{load=other}", false},
	} {
		e, err := ParseObjective("server_cpu" + tt.selector + " < 1s")
		if err != nil {
			t.Errorf("%s: %v", tt.selector, err)
			continue
		}
		if got := e.Comparisons[0].Terms()[0].Chooses(series); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.selector, got, tt.want)
		}
	}
}

func TestTerms(t *testing.T) {
	e, err := ParseObjective("p(99.9)(response{kind=full, kind!=resumed, load=a}) < 2 * med(service) + min(handshake)")
	if err != nil {
		t.Fatal(err)
	}
	terms := e.Comparisons[0].Terms()
	var got []string
	for _, term := range terms {
		got = append(got, fmt.Sprint(term.Aggregate, " ", term.Quantile, " ", term.Metric))
	}
	if want := []string{"p 0.999 response", "med 0.5 service", "min 0 handshake"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := terms[0].On("kind"); got != "kind=full, kind!=resumed" {
		t.Errorf("got %q", got)
	}
	if got := terms[0].On("group"); got != "" {
		t.Errorf("got %q", got)
	}
}

// A metric whose unit the grammar does not know would be taken for a plain number.
func TestEveryUnitIsKnown(t *testing.T) {
	for _, m := range slices.Concat(All(), Counted()) {
		if _, ok := quantities[m.Unit]; !ok {
			t.Errorf("%s: unit %q has no quantity", m.Name, m.Unit)
		}
	}
}

func ExampleParseObjective() {
	e, err := ParseObjective("p(99)(response{kind=full}) < 6ms")
	if err != nil {
		fmt.Println(err)
		return
	}
	reading, _ := e.Comparisons[0].Eval(func(Term) (float64, error) { return 0.0072, nil })
	fmt.Println(reading)

	_, err = ParseObjective("p(99)(respones) < 6ms")
	fmt.Println(err)
	// Output:
	// 7.2ms, not < 6ms
	// column 7: unknown metric "respones"
}
