package reports

import (
	"bufio"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/results/analysis"
)

// Style is whose annotations are written.
type Style string

const (
	GitHub Style = "github" // workflow commands for a job's log: ::error file=F,line=N,title=T::MESSAGE
	GitLab Style = "gitlab" // a Code Quality report: a JSON array
)

// annotationsAtMost is how many annotations of one step GitHub shows.
const annotationsAtMost = 10

// weight is how much an annotation matters.
type weight int

const (
	weightError weight = iota
	weightWarning
	weightNotice
)

// annotation is a remark on a line of the scenario's file.
type annotation struct {
	weight weight
	line   int    // from 1; zero: of no line
	title  string // "server_cpu of branch: failed"
	text   string
	place  string // what it is about, the same in every run
}

// WriteAnnotations writes at most ten remarks on lines of the scenario's file, the worst first; of more than ten, nine
// and how many there are besides. What fails a run is an error: gates that failed, objectives that were not met, claims
// that were decided against their expectation. What leaves it undecided is a warning, what advisory gates found a
// notice. The file is the scenario's path in the repository; empty: none is named.
func (d *Document) WriteAnnotations(w io.Writer, style Style, file string) error {
	all := annotationsOf(d.analysis)
	if more := len(all) - (annotationsAtMost - 1); more > 1 {
		rest := annotation{weight: all[annotationsAtMost-1].weight, title: "tlslab", text: fmt.Sprintf("%d more in the summary", more), place: "more"}
		all = append(all[:annotationsAtMost-1], rest)
	}
	if file != "" {
		file = path.Clean(file)
	}
	write := writeGitHub
	switch style {
	case GitHub:
	case GitLab:
		write = writeGitLab
	default:
		return fmt.Errorf("write annotations: unknown style %q", style)
	}
	if err := write(w, all, file); err != nil {
		return fmt.Errorf("write annotations: %w", err)
	}
	return nil
}

func annotationsOf(a *analysis.Analysis) []annotation {
	var all []annotation
	for _, e := range worstGates(a) {
		if g, ok := gateAnnotation(a, e); ok {
			all = append(all, g)
		}
	}
	for _, o := range objectivesNotMet(a) {
		all = append(all, annotation{weightError, o.Line, "objective " + string(o.State), o.Text + ": " + o.Detail, "objective " + o.Text})
	}
	for _, c := range surprises(a) {
		all = append(all, annotation{weightError, c.Asked.Line, "claim " + string(c.State), claimSentence(c), "claim " + c.Asked.Claim})
	}
	for _, n := range a.Null {
		if n.Fired {
			all = append(all, annotation{weightWarning, 0, "null control", nullResult(n), "null control " + n.Metric})
		}
	}
	slices.SortStableFunc(all, func(x, y annotation) int { return cmp.Compare(x.weight, y.weight) })
	return all
}

// gateAnnotation is what a gate has to say; false: nothing. An advisory gate that could not be decided has not.
func gateAnnotation(a *analysis.Analysis, e analysis.Effect) (annotation, bool) {
	s := standingOf(e)
	g := annotation{
		line: judgedOf(e).Line, title: gateName(e) + ": " + string(s), text: gateSentence(a, e),
		place: strings.Join([]string{e.Cell, e.Metric, e.Baseline.Variant, e.Candidate.Variant}, "\x00"),
	}
	switch {
	case s == gateFailed:
		g.weight = weightError
	case s == gateAdvised:
		g.weight = weightNotice
	case s == gatePassed, s == gateExpected, e.Advisory:
		return annotation{}, false
	default:
		g.weight = weightWarning
	}
	return g, true
}

func writeGitHub(w io.Writer, all []annotation, file string) error {
	out := bufio.NewWriter(w)
	for _, a := range all {
		fmt.Fprintf(out, "::%s ", [...]string{"error", "warning", "notice"}[a.weight])
		if file != "" {
			fmt.Fprintf(out, "file=%s,", commandProperty(file))
			if a.line > 0 {
				fmt.Fprintf(out, "line=%d,", a.line)
			}
		}
		fmt.Fprintf(out, "title=%s::%s\n", commandProperty(a.title), commandText(a.text))
	}
	return out.Flush()
}

// commandText makes text stand for itself behind a workflow command.
func commandText(s string) string {
	return clean(strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s))
}

// commandProperty makes text stand for itself as a property of a workflow command.
func commandProperty(s string) string {
	return strings.NewReplacer(":", "%3A", ",", "%2C").Replace(commandText(s))
}

// codeQuality is one entry of GitLab's Code Quality report.
type codeQuality struct {
	Description string              `json:"description"`
	CheckName   string              `json:"check_name"`
	Fingerprint string              `json:"fingerprint"` // the same for the same gate in every run
	Severity    string              `json:"severity"`
	Location    codeQualityLocation `json:"location"`
}

type codeQualityLocation struct {
	Path  string `json:"path"`
	Lines struct {
		Begin int `json:"begin"`
	} `json:"lines"`
}

func writeGitLab(w io.Writer, all []annotation, file string) error {
	entries := each(all, func(a annotation) codeQuality {
		q := codeQuality{
			Description: clean(a.text),
			CheckName:   clean("tlslab " + a.title),
			Fingerprint: fmt.Sprintf("%x", sha256.Sum256([]byte(file+"\x00"+a.place))),
			Severity:    [...]string{"major", "minor", "info"}[a.weight],
			Location:    codeQualityLocation{Path: clean(file)},
		}
		q.Location.Lines.Begin = max(a.line, 1)
		return q
	})
	out := json.NewEncoder(w)
	out.SetIndent("", "  ")
	return out.Encode(entries)
}
