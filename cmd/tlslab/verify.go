package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

func verifyCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "verify BUNDLE",
		Short: "derive every number of a bundle and its report again from the raw data",
		Long: `verify reads every member against its digest, every block against the manifest, and derives again what follows from
them: the benchmark text, the histogram logs, the SBOMs and the report page, which must be equal to the last byte. The
page is compared only where this version of the tool wrote it. Exit 3 where something differs.`,
		Args: exactly(1, "the bundle: a directory that tlslab run wrote"),
		RunE: func(_ *cobra.Command, args []string) error {
			bundle, err := open(args[0])
			if err != nil {
				return err
			}
			return s.verify(bundle, args[0])
		},
	}
}

func (s streams) verify(b *results.Bundle, dir string) error {
	members, err := lab.Derived(b)
	if err != nil {
		return err
	}
	differ := 0
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if kept, err := b.Member(name); err != nil || !bytes.Equal(kept, members[name]) {
			fmt.Fprintf(s.out, "%s: differs from what its blocks say\n", name)
			differ++
		}
	}
	page, err := s.verifyPage(b, dir)
	if err != nil {
		return err
	}
	fmt.Fprintf(s.out, "%d blocks and %d members are what the manifest says; %d of %d derived members are equal; report: %s\n",
		len(b.Blocks), len(b.Files), len(members)-differ, len(members), page)
	if differ > 0 || page == pageDiffers {
		return verdict(exitInvalid)
	}
	return nil
}

const pageDiffers = "differs"

// verifyPage compares the report beside the bundle with the one that the bundle gives now.
func (s streams) verifyPage(b *results.Bundle, dir string) (string, error) {
	kept, err := os.ReadFile(filepath.Join(dir, "report.html"))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "there is none", nil
	case err != nil:
		return "", err
	case b.Tool != version():
		return "not compared, as it was written by " + b.Tool, nil
	}
	a, err := analysis.Of(b)
	if err != nil {
		return "", err
	}
	var page bytes.Buffer
	if err := reports.New(a, reports.Standard()...).WriteHTML(&page); err != nil {
		return "", err
	}
	if !bytes.Equal(kept, page.Bytes()) {
		return pageDiffers, nil
	}
	return "equal", nil
}
