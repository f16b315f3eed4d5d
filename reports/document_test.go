package reports_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/analysis"
)

var update = flag.Bool("update", false, "write the golden files anew")

func writers(d *reports.Document) map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"report.html": d.WriteHTML,
		"report.json": d.WriteJSON,
		"report.md":   d.WriteMarkdown,
		"report.txt":  func(w io.Writer) error { return d.WriteText(w, reports.Options{}) },
		"narrow.txt":  func(w io.Writer) error { return d.WriteText(w, reports.Options{Width: 80}) },
		"color.txt":   func(w io.Writer) error { return d.WriteText(w, reports.Options{Width: 120, Color: true}) },
	}
}

func render(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestGolden(t *testing.T) {
	for name, write := range writers(reports.New(sample(), reports.Standard()...)) {
		t.Run(name, func(t *testing.T) { golden(t, name, render(t, write)) })
	}
}

// golden compares with a file that was looked at, or writes it.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("differs from %s in line %d; look at it, then: go test ./reports -update", file, firstDifference(got, want))
	}
}

func firstDifference(got, want []byte) int {
	w := bytes.Split(want, []byte("\n"))
	for i, line := range bytes.Split(got, []byte("\n")) {
		if i >= len(w) || !bytes.Equal(line, w[i]) {
			return i + 1
		}
	}
	return len(w)
}

func TestSameBytes(t *testing.T) {
	again := writers(reports.New(sample(), reports.Standard()...))
	for name, write := range writers(reports.New(sample(), reports.Standard()...)) {
		if !bytes.Equal(render(t, write), render(t, again[name])) {
			t.Errorf("%s: rendered twice, the bytes differ", name)
		}
	}
}

// The page is well-formed as XML, so every element is closed where it should be. It refers to nothing outside of
// itself, runs nothing, and names from the scenario stay text.
func TestPageIsWholeAndHarmless(t *testing.T) {
	checkPage(t, render(t, reports.New(sample(), reports.Standard()...).WriteHTML))
}

func checkPage(t *testing.T, page []byte) {
	t.Helper()
	allowed := map[string]bool{"b": true, "script": false, "img": false, "link": false, "iframe": false, "object": false, "base": false}
	ids := map[string]bool{}
	var anchors []string
	in := xml.NewDecoder(bytes.NewReader(bytes.ReplaceAll(page, []byte("\x1b"), nil)))
	for {
		token, err := in.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		e, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if may, listed := allowed[e.Name.Local]; listed && !may {
			t.Errorf("the page has a %s element", e.Name.Local)
		}
		for _, a := range e.Attr {
			switch name := a.Name.Local; {
			case name == "src" || name == "style" || strings.HasPrefix(name, "on"):
				t.Errorf("%s has the attribute %s=%q", e.Name.Local, name, a.Value)
			case name == "href" && !strings.HasPrefix(a.Value, "#"):
				t.Errorf("%s refers to %q", e.Name.Local, a.Value)
			case name == "href":
				anchors = append(anchors, a.Value[1:])
			case name == "id":
				if ids[a.Value] {
					t.Errorf("id %s is there twice", a.Value)
				}
				ids[a.Value] = true
			case name == "aria-labelledby":
				anchors = append(anchors, strings.Fields(a.Value)...)
			}
		}
	}
	for _, a := range anchors {
		if !ids[a] {
			t.Errorf("nothing has the id %s", a)
		}
	}
	for _, not := range []string{"http://", "https://", "</script", "<b>|", "url(", "@import"} {
		if bytes.Contains(page, []byte(not)) {
			t.Errorf("the page contains %q", not)
		}
	}
}

func TestTextIsHarmless(t *testing.T) {
	d := reports.New(sample(), reports.Standard()...)
	for _, name := range []string{"report.txt", "report.md"} {
		got := render(t, writers(d)[name])
		if bytes.ContainsRune(got, '\x1b') {
			t.Errorf("%s has an escape code", name)
		}
	}
	if md := render(t, d.WriteMarkdown); bytes.Contains(md, []byte("<b>")) || bytes.Contains(md, []byte("<img")) {
		t.Error("the Markdown has markup of a stranger")
	}
}

func TestTextFitsItsWidth(t *testing.T) {
	for _, width := range []int{80, 100, 120} {
		d := reports.New(sample(), reports.Standard()...)
		text := render(t, func(w io.Writer) error { return d.WriteText(w, reports.Options{Width: width}) })
		for _, line := range strings.Split(string(text), "\n") {
			if n := len([]rune(line)); n > width {
				t.Errorf("at width %d a line has %d columns: %s", width, n, line)
			}
		}
	}
}

func TestPartsAppearOnlyWithData(t *testing.T) {
	d := reports.New(&analysis.Analysis{}, reports.Standard()...)
	var got []string
	for _, s := range d.Sections {
		got = append(got, s.ID)
	}
	if want := "verdict"; strings.Join(got, " ") != want {
		t.Errorf("an empty analysis has the sections %v, want %s", got, want)
	}
	for name, write := range writers(d) {
		if len(render(t, write)) == 0 {
			t.Errorf("%s of an empty analysis is empty", name)
		}
	}
}

func TestNoSectionIsEmpty(t *testing.T) {
	for _, s := range reports.New(sample(), reports.Standard()...).Sections {
		if len(s.Items) == 0 || s.ID == "" || s.Title == "" {
			t.Errorf("section %q (%q) has %d items", s.ID, s.Title, len(s.Items))
		}
	}
}

// Forty cells of three variants are the largest report that people read; it must stay easy to mail and to open.
func TestSize(t *testing.T) {
	var specs []handshake.Spec
	for range 40 {
		specs = append(specs, handshake.Spec{Group: handshake.SecP384r1MLKEM1024, Signature: handshake.RSAPSS2048})
	}
	a := build(specs, []string{"std", "boringcrypto", "fips140"}, 6)
	a.Effects = slices.DeleteFunc(a.Effects, func(e analysis.Effect) bool { return strings.HasPrefix(e.Metric, "response") }) // closed loops
	const limit = 2_100_000
	if got := len(render(t, reports.New(a, reports.Standard()...).WriteHTML)); got > limit {
		t.Errorf("40 cells are %d bytes, want at most %d", got, limit)
	} else {
		t.Logf("40 cells of 3 variants are %d bytes", got)
	}
}

type full struct{}

var errFull = errors.New("no space left")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsAreReported(t *testing.T) {
	for name, write := range writers(reports.New(sample(), reports.Standard()...)) {
		if err := write(full{}); !errors.Is(err, errFull) {
			t.Errorf("%s: got error %v, want %v", name, err, errFull)
		}
	}
}
