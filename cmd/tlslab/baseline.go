package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/exact"
	"github.com/tlslab/tlslab/scenarios"
)

func baselineCommand(s streams) *cobra.Command {
	c := &cobra.Command{
		Use:   "baseline update|check|show SCENARIO",
		Short: "committed counts: what a handshake costs, in files that a change is checked against",
		Long: `baseline counts instructions, allocations, bytes and system calls of the scenario's baseline variant, one handshake
in each cell, and keeps them in files to be committed: one for each cell, with one entry for each toolchain, build and
class of CPU. Nothing is timed, so any machine will do that has valgrind.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	c.AddCommand(
		s.baselineVerb("update", "count, and write what has changed", `update counts and writes the entries of this toolchain, build and class of CPU; others stay. What differs by no more
than noise stays too, so slow changes add up until they are seen.`, s.updateBaseline),
		s.baselineVerb("check", "count, and compare with the files", `check counts and compares. Exit 1 where a count is worse by more than its margin (a gate of the scenario sets another
one); 6 where there is no entry for this toolchain, build and class of CPU, which is no regression; 3 where nothing
can be counted here.`, s.checkBaseline),
		s.baselineVerb("show", "print the files; nothing is counted", "", s.showBaseline),
	)
	return c
}

func (s streams) baselineVerb(verb, short, long string, do func(context.Context, committed) error) *cobra.Command {
	var dir string
	c := &cobra.Command{
		Use: verb + " SCENARIO", Short: short, Long: long,
		Args: exactly(1, "the scenario: a file, or a name from tlslab list"),
		RunE: func(c *cobra.Command, args []string) error {
			scenario, err := load(args[0])
			if err != nil {
				return err
			}
			return do(c.Context(), committed{args[0], scenario, filepath.Join(dir, scenario.Name)})
		},
	}
	c.Flags().StringVar(&dir, "dir", "results/baseline", "directory of the files; each scenario has one in it")
	return c
}

// committed is a scenario and where its baseline is kept.
type committed struct {
	name     string // of the scenario, as the user wrote it
	scenario *scenarios.Scenario
	dir      string
}

// read reads the files; an error of kind [fs.ErrNotExist] says that there are none.
func (c committed) read() (exact.Baseline, error) {
	b, err := exact.Read(os.DirFS(c.dir))
	switch {
	case err == nil:
		return b, nil
	case errors.Is(err, fs.ErrNotExist):
		return nil, &failure{fmt.Errorf("%s has no baseline in %s: %w", c.scenario.Name, c.dir, fs.ErrNotExist), c.remedy(), exitIncomparable}
	case errors.Is(err, exact.ErrSchema):
		return nil, &failure{fmt.Errorf("%s: %w", c.dir, err), "remove the files, then " + c.remedy(), exitIncomparable}
	}
	return nil, usage(fmt.Errorf("%s: %w", c.dir, err), "mend the file, or restore it from git")
}

func (c committed) remedy() string {
	return "tlslab baseline update " + c.name + " and commit the files"
}

func (s streams) updateBaseline(ctx context.Context, c committed) error {
	b, err := c.read()
	if errors.Is(err, fs.ErrNotExist) {
		b, err = exact.Baseline{}, nil
	}
	if err != nil {
		return err
	}
	found, err := s.countBaseline(ctx, c.scenario)
	if err != nil {
		return err
	}
	for _, cell := range found.cells {
		if err := s.updateCell(c, b, cell, found.of(cell)); err != nil {
			return err
		}
	}
	if err := b.Write(c.dir); err != nil {
		return usage(err, "name another directory with --dir")
	}
	s.tellStale(c, b, found)
	return s.settle(found.code(), nil)
}

// updateCell enters what was counted, and shows what that changes.
func (s streams) updateCell(c committed, b exact.Baseline, cell string, now *exact.Counts) error {
	if now == nil {
		fmt.Fprintf(s.out, "%s: not counted\n", cell)
		return nil
	}
	was, known := b.Find(cell, now.Key)
	changed := b.Put(*now, c.margins())
	switch {
	case !known:
		fmt.Fprintf(s.out, "%s: new entry\n", cell)
		return writeCounts(s.out, *now)
	case !changed:
		fmt.Fprintf(s.out, "%s: unchanged\n", cell)
		return nil
	}
	fmt.Fprintf(s.out, "%s: changed\n", cell)
	return writeComparison(s.out, was, *now, c.margins())
}

func (s streams) checkBaseline(ctx context.Context, c committed) error {
	b, err := c.read()
	if err != nil {
		return err
	}
	found, err := s.countBaseline(ctx, c.scenario)
	if err != nil {
		return err
	}
	return s.compareBaseline(c, b, found)
}

// compareBaseline compares every cell; the error is the verdict where that is not 0.
func (s streams) compareBaseline(c committed, b exact.Baseline, found census) error {
	cells := map[exact.Verdict]int{}
	for _, cell := range found.cells {
		now := found.of(cell)
		if now == nil {
			fmt.Fprintf(s.out, "%s: not counted\n", cell)
			continue
		}
		verdict, err := s.checkCell(c, b, *now)
		if err != nil {
			return err
		}
		cells[verdict]++
	}
	s.tellStale(c, b, found)
	return s.settle(worst(s.concludeCheck(c, cells), found.code()), nil)
}

// checkCell compares one cell with its entry.
func (s streams) checkCell(c committed, b exact.Baseline, now exact.Counts) (exact.Verdict, error) {
	was, ok := b.Find(now.Cell, now.Key)
	if !ok {
		fmt.Fprintf(s.out, "%s: incomparable: %s\n", now.Cell, c.absence(b, now))
		return exact.Incomparable, nil
	}
	verdict := c.verdict(exact.Compare(was, now, c.margins()))
	fmt.Fprintf(s.out, "%s: %s\n", now.Cell, verdict)
	return verdict, writeComparison(s.out, was, now, c.margins())
}

// concludeCheck says what the cells mean together, and what to do about it.
func (s streams) concludeCheck(c committed, cells map[exact.Verdict]int) (code int) {
	var words []string
	for _, v := range []exact.Verdict{exact.Worse, exact.Incomparable, exact.Better, exact.Same} {
		if cells[v] > 0 {
			words = append(words, fmt.Sprintf("%d %s", cells[v], v))
		}
	}
	fmt.Fprintf(s.out, "\nverdict: cells: %s\n", cmp.Or(strings.Join(words, ", "), "none was counted"))
	if cells[exact.Incomparable] > 0 {
		code = exitIncomparable
		s.tell("hint: " + c.remedy() + ": entries of other toolchains and machines stay")
	}
	if cells[exact.Better] > 0 {
		s.tell("hint: to keep what was won, " + c.remedy())
	}
	if cells[exact.Worse] > 0 {
		code = exitWorse
		s.tell("hint: if the cost is meant, " + c.remedy())
	}
	return code
}

// absence says why a cell has no entry to be compared with: what differs from the nearest.
func (c committed) absence(b exact.Baseline, now exact.Counts) string {
	var nearest []string
	for _, entry := range b[now.Cell] {
		if d := now.Key.Differences(entry.Key); nearest == nil || len(d) < len(nearest) {
			nearest = d
		}
	}
	if nearest == nil {
		return "no file " + filepath.Join(c.dir, exact.FileName(now.Cell))
	}
	return strings.Join(nearest, ", ")
}

// verdict is that of a cell: worse where a metric is that decides, incomparable where a gate names one that could not
// be compared, better where one is better and none of that.
func (c committed) verdict(all []exact.Comparison) exact.Verdict {
	for _, v := range []exact.Verdict{exact.Worse, exact.Incomparable, exact.Better} {
		for _, m := range all {
			g := c.gate(m.Metric)
			if advised := g != nil && g.Advisory; m.Verdict == v && !advised && (g != nil || v != exact.Incomparable) {
				return v
			}
		}
	}
	return exact.Same
}

// margins are those of the metrics, or of the scenario's gates on them.
func (c committed) margins() []exact.Margin {
	all := margins()
	for i, m := range all {
		if g := c.gate(m.Metric); g != nil {
			all[i].Ratio = g.Worse
		}
	}
	return all
}

// gate is the one on a metric of every candidate; nil: there is none.
func (c committed) gate(metric string) *results.Gate {
	for i, g := range c.scenario.Gates {
		if g.Metric == metric && g.Candidate == "" {
			return &c.scenario.Gates[i]
		}
	}
	return nil
}

// tellStale names the files of cells that the scenario does not have.
func (s streams) tellStale(c committed, b exact.Baseline, found census) {
	for _, cell := range slices.Sorted(maps.Keys(b)) {
		if !slices.Contains(found.cells, cell) {
			s.tell(fmt.Sprintf("warning: the scenario has no cell %s here: if it is gone for good, remove %s", cell, filepath.Join(c.dir, exact.FileName(cell))))
		}
	}
}

func (s streams) showBaseline(_ context.Context, c committed) error {
	b, err := c.read()
	if err != nil {
		return err
	}
	for _, cell := range slices.Sorted(maps.Keys(b)) {
		for _, entry := range b[cell] {
			k := entry.Key
			fmt.Fprintf(s.out, "%s: %s, %s, %s/%s\n", cell, k.Counter, k.Go, k.OS, k.Arch)
			if err := writeCounts(s.out, entry); err != nil {
				return err
			}
		}
	}
	return nil
}
