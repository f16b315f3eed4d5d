package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// formats are what a bundle can be written as.
var formats = map[string]func(io.Writer, *results.Bundle) error{
	"html":     document((*reports.Document).WriteHTML),
	"json":     document((*reports.Document).WriteJSON),
	"text":     document(writeText),
	"markdown": document((*reports.Document).WriteMarkdown),
	"summary":  document((*reports.Document).WriteSummary),
	"junit":    document((*reports.Document).WriteJUnit),
	"github":   annotations(reports.GitHub, ""),
	"gitlab":   annotations(reports.GitLab, ""),
	"gobench":  analysis.WriteBench,
}

func document(write func(*reports.Document, io.Writer) error) func(io.Writer, *results.Bundle) error {
	return func(w io.Writer, b *results.Bundle) error {
		a, err := analysis.Of(b)
		if err != nil {
			return err
		}
		return write(reports.New(a, reports.Standard()...), w)
	}
}

// annotations are anchored in the scenario's file; empty: NAME.yaml in the repository's root.
func annotations(style reports.Style, scenario string) func(io.Writer, *results.Bundle) error {
	return func(w io.Writer, b *results.Bundle) error {
		file := cmp.Or(scenario, b.Manifest.Scenario.Name+".yaml")
		return document(func(d *reports.Document, w io.Writer) error { return d.WriteAnnotations(w, style, file) })(w, b)
	}
}

// withHistory is a report with what earlier runs measured; nil for a format that has no place for it.
func (s streams) withHistory(format, file string) func(io.Writer, *results.Bundle) error {
	write, ok := map[string]func(*reports.Document, io.Writer) error{
		"html": (*reports.Document).WriteHTML, "text": writeText, "markdown": (*reports.Document).WriteMarkdown,
	}[format]
	if !ok {
		return nil
	}
	return func(w io.Writer, b *results.Bundle) error {
		points, err := s.readHistory(file)
		if err != nil {
			return err
		}
		a, err := analysis.Of(b)
		if err != nil {
			return err
		}
		return write(reports.New(a, append(reports.Standard(), reports.History(points))...), w)
	}
}

func writeText(d *reports.Document, w io.Writer) error { return d.WriteText(w, reports.Options{}) }

func reportCommand(s streams) *cobra.Command {
	var format, output, scenario, past string
	c := &cobra.Command{
		Use:   "report BUNDLE",
		Short: "write a bundle's report: " + strings.Join(slices.Sorted(maps.Keys(formats)), ", "),
		Args:  exactly(1, "the bundle: a directory that tlslab run wrote"),
		RunE: func(_ *cobra.Command, args []string) error {
			write, known := formats[format]
			if scenario != "" && (format == string(reports.GitHub) || format == string(reports.GitLab)) {
				write = annotations(reports.Style(format), scenario)
			}
			if past != "" {
				write = s.withHistory(format, past)
			}
			if !known || write == nil {
				return usage(fmt.Errorf("unknown format %q", format), "one of "+strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
			}
			bundle, err := open(args[0])
			if err != nil {
				return err
			}
			if output == "" {
				return write(s.out, bundle)
			}
			return writeFile(output, func(w io.Writer) error { return write(w, bundle) })
		},
	}
	c.Flags().StringVar(&format, "format", "text", strings.Join(slices.Sorted(maps.Keys(formats)), ", "))
	c.Flags().StringVarP(&output, "output", "o", "", "file to write (default: standard output)")
	c.Flags().StringVar(&past, "history", "", "history of the scenario, for a section in html, text and markdown: see tlslab history")
	c.Flags().StringVar(&scenario, "scenario", "", "path of the scenario's file in the repository, for github and gitlab (default: NAME.yaml)")
	return c
}

// open reads a bundle from a directory.
func open(dir string) (*results.Bundle, error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, usage(fmt.Errorf("open bundle: %w", err), "")
	} else if !info.IsDir() {
		return nil, usage(fmt.Errorf("%s is not a directory", dir), "a bundle is a directory that tlslab run wrote")
	}
	bundle, err := results.Open(os.DirFS(dir))
	if err != nil {
		return nil, fmt.Errorf("open bundle %s: %w", dir, err)
	}
	return bundle, nil
}

// writeFile writes to a new file and gives it its name once it is whole.
func writeFile(name string, write func(io.Writer) error) (err error) {
	file, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(file.Name())
		}
	}()
	if err := write(file); err != nil {
		file.Close()
		return err
	}
	if err := file.Chmod(0o644); err != nil {
		file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return os.Rename(file.Name(), name)
}
