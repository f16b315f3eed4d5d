package reports

import (
	"bufio"
	"embed"
	"fmt"
	"html/template"
	"io"
	"strings"
)

//go:embed page
var files embed.FS

var page = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"class":  classOf,
	"series": func(i int) string { return fmt.Sprintf("s%d", i%palette) },
	"key":    keyClass,
	"plural": plural,
	"first":  func(all []string) []string { return all[:min(len(all), findingsAtOnce)] },
	"more":   func(all []string) []string { return all[min(len(all), findingsAtOnce):] },
}).ParseFS(files, "page/*"))

// findingsAtOnce is how many findings the first screen has room for.
const findingsAtOnce = 3

// WriteHTML writes the document as one page that needs no other file, no network and no script.
func (d *Document) WriteHTML(w io.Writer) error {
	out := bufio.NewWriter(w)
	if err := page.Execute(out, d); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write html: %w", err)
	}
	return nil
}

// classOf is the style of a cell: its column's alignment and its tone.
func classOf(t *Table, column int, c Cell) string {
	class := string(c.Tone)
	if column < len(t.Columns) && t.Columns[column].Numeric {
		class = "n " + class
	}
	return strings.TrimSpace(class)
}

// keys is how many colours the style sheet has for packages.
const keys = 8

// keyClass is the style of a package's number; 0 stands for all other packages.
func keyClass(n int) string {
	if n == 0 {
		return "kx"
	}
	return fmt.Sprintf("k%d", (n-1)%keys)
}
