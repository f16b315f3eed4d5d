package main

import (
	"io"
	"path/filepath"
	"time"

	"github.com/tlslab/tlslab/reports"
)

// newDirectory is where a run goes that names no directory.
func newDirectory(name string) string {
	return filepath.Join("out", name+"-"+time.Now().UTC().Format("20060102-150405"))
}

// writeAll writes what people and CI systems read of a document; scenario is the file that annotations point to.
func writeAll(d *reports.Document, dir, scenario string) error {
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{
		{"report.html", d.WriteHTML},
		{"result.json", d.WriteJSON},
		{"summary.md", d.WriteSummary},
		{"junit.xml", d.WriteJUnit},
		{"codequality.json", func(w io.Writer) error { return d.WriteAnnotations(w, reports.GitLab, scenario) }},
	} {
		if err := writeFile(filepath.Join(dir, f.name), f.write); err != nil {
			return err
		}
	}
	return nil
}
