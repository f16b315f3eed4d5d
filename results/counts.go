package results

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"github.com/tlslab/tlslab/results/exact"
)

const exactName = "exact.json"

// Exact keeps what was counted: exact.json.
func (w *Writer) Exact(counts []exact.Counts) error {
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
	for _, c := range counts {
		if err := b.Manifest.checkCounts(c); err != nil {
			return nil, corrupt(exactName, "%w", err)
		}
	}
	return counts, nil
}

func (m *Manifest) checkCounts(c exact.Counts) error {
	for _, cell := range m.Cells {
		if cell.Name != c.Cell {
			continue
		}
		for _, v := range cell.Variants {
			if v == c.Variant {
				return nil
			}
		}
		return fmt.Errorf("cell %q has no variant %q", c.Cell, c.Variant)
	}
	return fmt.Errorf("unknown cell %q", c.Cell)
}
