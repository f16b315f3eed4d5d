package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/tlslab/tlslab/results/exact"
)

// Exact keeps what was counted, exact.json, over what an earlier, interrupted try kept. It must fit the draft, as a
// block must.
func (w *Writer) Exact(counts []exact.Counts) error {
	if len(counts) == 0 {
		return w.remove(exactName)
	}
	if err := w.draft.checkExact(counts); err != nil {
		return fmt.Errorf("%s: %w", exactName, err)
	}
	data, err := json.MarshalIndent(counts, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", exactName, err)
	}
	return w.Put(exactName, append(data, '\n'))
}

// Exact reads what [Writer.Exact] kept; nil where nothing was counted. A bundle put together by hand has no members.
func (b *Bundle) Exact() ([]exact.Counts, error) {
	data, err := b.Member(exactName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var counts []exact.Counts
	if err := decode(data, &counts); err != nil {
		return nil, corrupt(exactName, "%w", err)
	}
	if err := b.Manifest.checkExact(counts); err != nil {
		return nil, corrupt(exactName, "%w", err)
	}
	return counts, nil
}

// checkExact holds counts against the manifest: each is of a cell and a variant of that cell, and the only one.
func (m *Manifest) checkExact(counts []exact.Counts) error {
	seen := map[[2]string]bool{}
	for _, c := range counts {
		at := slices.IndexFunc(m.Cells, func(cell Cell) bool { return cell.Name == c.Cell })
		switch {
		case at < 0:
			return fmt.Errorf("unknown cell %q", c.Cell)
		case !slices.Contains(m.Cells[at].Variants, c.Variant):
			return fmt.Errorf("unknown variant %q in cell %q", c.Variant, c.Cell)
		case seen[[2]string{c.Cell, c.Variant}]:
			return fmt.Errorf("variant %q in cell %q is counted twice", c.Variant, c.Cell)
		}
		seen[[2]string{c.Cell, c.Variant}] = true
	}
	return nil
}
