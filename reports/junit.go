package reports

import (
	"cmp"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// The elements of JUnit's XML as Ant, Surefire and Jenkins read it; testdata/junit.xsd says what is valid. Properties
// belong to suites: the schemas of Surefire and Jenkins know none of a case.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Time       string           `xml:"time,attr"`
		Timestamp  string           `xml:"timestamp,attr,omitempty"`
		Properties *junitProperties `xml:"properties"` // nil: none
		Cases      []junitCase      `xml:"testcase"`

		seconds float64
	}
	junitProperties struct {
		All []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string        `xml:"name,attr"`
		Class   string        `xml:"classname,attr"`
		Time    string        `xml:"time,attr"`
		Failure *junitProblem `xml:"failure"`
		Error   *junitProblem `xml:"error"`
		Skipped *junitProblem `xml:"skipped"`
		Out     string        `xml:"system-out,omitempty"`
	}
	junitProblem struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the gates as JUnit XML: a suite for each cell with a case for each gate, then one for the
// objectives, one for the claims and one for the null control. A failure is what decides against a candidate, an error where no claim may
// be made; skipped is what could not be decided or could not run. A case that passes says what was expected or only
// advises. The time of a suite is that of its blocks' stretches, and its cases have equal shares of it.
func (d *Document) WriteJUnit(w io.Writer) error {
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	out := xml.NewEncoder(w)
	out.Indent("", "  ")
	if err := out.Encode(junitOf(d.analysis)); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("write junit: %w", err)
	}
	return nil
}

func junitOf(a *analysis.Analysis) junitSuites {
	var suites []junitSuite
	gates := gatesOf(a)
	for _, cell := range cellNames(a) {
		suites = append(suites, cellSuite(a, gates, cell))
	}
	all := junitSuites{Name: clean(a.Manifest.Scenario.Name)}
	seconds := 0.0
	for _, s := range append(suites, objectiveSuite(a), claimSuite(a), nullSuite(a)) {
		if len(s.Cases) == 0 {
			continue
		}
		s.finish()
		all.Tests, all.Failures, all.Errors, seconds = all.Tests+s.Tests, all.Failures+s.Failures, all.Errors+s.Errors, seconds+s.seconds
		all.Suites = append(all.Suites, s)
	}
	all.Time = junitTime(seconds)
	return all
}

// cellNames lists the cells of the run, then those that were skipped.
func cellNames(a *analysis.Analysis) []string {
	var all []string
	for _, c := range a.Manifest.Cells {
		all = append(all, c.Name)
	}
	for _, e := range a.Effects {
		all = append(all, e.Cell)
	}
	for _, k := range a.Manifest.Skips {
		all = append(all, k.Cell)
	}
	return names(all...)
}

// finish counts the cases and shares out the time.
func (s *junitSuite) finish() {
	s.Tests, s.Time = len(s.Cases), junitTime(s.seconds)
	for i := range s.Cases {
		c := &s.Cases[i]
		c.Time = junitTime(s.seconds / float64(s.Tests))
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
}

// junitTime writes seconds as Surefire's schema wants them.
func junitTime(seconds float64) string { return strconv.FormatFloat(seconds, 'f', 3, 64) }

func problem(kind, text string) *junitProblem {
	text = clean(text)
	return &junitProblem{kind, text, text}
}

func className(a *analysis.Analysis, suite string) string {
	return clean(a.Manifest.Scenario.Name + "." + suite)
}

func cellSuite(a *analysis.Analysis, gates []analysis.Effect, cell string) junitSuite {
	s := junitSuite{Name: clean(cell)}
	s.timed(a.Blocks, func(b analysis.Block) bool { return b.Cell == cell && b.Role != results.Null })
	class := className(a, cell)
	for _, e := range gates {
		if e.Cell != cell {
			continue
		}
		s.Cases = append(s.Cases, gateCase(a, e, class))
		if s.Properties == nil {
			s.Properties = &junitProperties{}
		}
		s.Properties.All = append(s.Properties.All, gateProperties(e)...)
	}
	for _, k := range a.Manifest.Skips {
		if k.Cell != "" && k.Cell != cell {
			continue
		}
		for _, g := range a.Manifest.Gates {
			if k.Variant == "" || g.Candidate == "" || k.Variant == g.Candidate {
				name := g.Metric + " of " + cmp.Or(k.Variant, g.Candidate, "every candidate")
				s.Cases = append(s.Cases, junitCase{Name: clean(name), Class: class, Skipped: problem("skipped", k.Reason)})
			}
		}
	}
	return s
}

// timed adds the stretches of some blocks, and when the first began.
func (s *junitSuite) timed(blocks []analysis.Block, of func(analysis.Block) bool) {
	var first time.Time
	for _, b := range blocks {
		if !of(b) {
			continue
		}
		if rate := b.Values["handshake_rate"]; rate > 0 {
			s.seconds += float64(b.Client.Confirmed) / rate
		}
		if first.IsZero() || b.Started.Before(first) {
			first = b.Started
		}
	}
	if !first.IsZero() {
		s.Timestamp = first.UTC().Format("2006-01-02T15:04:05")
	}
}

func gateCase(a *analysis.Analysis, e analysis.Effect, class string) junitCase {
	c := junitCase{Name: clean(gateName(e)), Class: class}
	text := gateSentence(a, e)
	switch s := standingOf(e); {
	case s == gateFailed:
		c.Failure = problem(string(effect.Worse), text)
	case s == gateRefused && !e.Advisory:
		c.Error = problem(string(effect.Invalid), text)
	case s == gateRefused, s == gateUndecided, s == gateUnconfirmed:
		c.Skipped = problem(string(s), text)
	case s == gateExpected, s == gateAdvised:
		c.Out = clean(text)
	}
	return c
}

// gateProperties are the numbers of a gate, named "server_cpu of branch: estimate"; those that are not known are left
// out. The level is the two-sided error of the test; mde is the smallest slowdown, as ratio-1, that it would have
// found with 80 % probability.
func gateProperties(e analysis.Effect) []junitProperty {
	var all []junitProperty
	add := func(name string, v float64) {
		text := strconv.FormatFloat(v, 'g', 6, 64)
		all = append(all, junitProperty{clean(gateName(e) + ": " + name), text})
	}
	j, r := judgedOf(e), judgedRatio(e)
	if known(r) {
		add("estimate", r.Point)
	}
	if bounded(r) {
		add("ci_low", r.Lo)
		add("ci_high", r.Hi)
	}
	if j.Level > 0 {
		add("level", j.Level)
	}
	add("margin", e.Margin)
	if e.Groups > 0 {
		add("groups", float64(e.Groups))
	}
	if j.Detectable > 0 && !math.IsInf(j.Detectable, 0) {
		add("mde", j.Detectable)
	}
	return all
}

func objectiveSuite(a *analysis.Analysis) junitSuite {
	s := junitSuite{Name: "objectives"}
	for _, o := range a.Objectives {
		c := junitCase{Name: clean(o.Text), Class: className(a, s.Name)}
		switch o.State {
		case analysis.Met:
			c.Out = clean(o.Detail)
		case analysis.Missed:
			c.Failure = problem(string(o.State), o.Text+": "+o.Detail)
		default:
			c.Error = problem(string(o.State), o.Text+": "+o.Detail)
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}

// claimSuite fails where a claim was decided against its expectation. What was not decided is skipped.
func claimSuite(a *analysis.Analysis) junitSuite {
	s := junitSuite{Name: "claims"}
	for _, c := range a.Claims {
		k := junitCase{Name: clean(c.Asked.Claim), Class: className(a, s.Name)}
		switch text := claimSentence(c); {
		case c.Surprise:
			k.Failure = problem(string(c.State), text)
		case c.State == analysis.Holding, c.State == analysis.Failing:
			k.Out = clean(text)
		default:
			k.Skipped = problem(string(c.State), text)
		}
		s.Cases = append(s.Cases, k)
	}
	return s
}

func nullSuite(a *analysis.Analysis) junitSuite {
	s := junitSuite{Name: "null control"}
	s.timed(a.Blocks, func(b analysis.Block) bool { return b.Role == results.Null })
	for _, n := range a.Null {
		c := junitCase{Name: clean(n.Metric), Class: className(a, s.Name)}
		switch {
		case n.Fired:
			c.Error = problem("fired", nullResult(n))
		case !bounded(n.Ratio):
			c.Skipped = problem("inconclusive", nullResult(n))
		default:
			c.Out = clean(nullResult(n))
		}
		s.Cases = append(s.Cases, c)
	}
	return s
}
