package results

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/tlslab/tlslab/handshake/reload"
	"github.com/tlslab/tlslab/results/hist"
)

// Names within a bundle.
const (
	manifestName    = "manifest.json" // written last
	draftName       = "run.json"      // only in an unfinished run
	reportName      = "report.html"   // derived: may be written again at any time, so never a member
	blockDir        = "blocks/"
	profileDir      = "profiles/"
	observedDir     = "observed/"
	exactName       = "exact.json"
	primitivesName  = "primitives.json"
	scorecardName   = "scorecard.json"
	experimentsName = "experiments.json"
)

// blockName is blocks/0000.json for the first block.
func blockName(index int) string { return fmt.Sprintf("%s%04d.json", blockDir, index) }

// checkName accepts the names of members: relative, slash-separated, the same on every system. No element begins
// with a dot, so leftovers of a writer that was killed are told from members.
func checkName(name string) error {
	bad := func(r rune) bool { return r < ' ' || strings.ContainsRune("\\:\x7f", r) }
	switch {
	case !fs.ValidPath(name) || name == ".", strings.ContainsFunc(name, bad):
		return fmt.Errorf("%q is no name of a member: it must be relative, slash-separated, and without dot-dot", name)
	case strings.HasPrefix(name, ".") || strings.Contains(name, "/."):
		return fmt.Errorf("%q is no name of a member: no part of it may begin with a dot", name)
	case name == manifestName, name == draftName, name == reportName:
		return fmt.Errorf("%q cannot be a member", name)
	}
	return nil
}

func (m *Manifest) check() error {
	return errors.Join(m.checkVariants(), m.checkCells(), m.checkGates(), m.checkLooks(), m.checkExpected(), m.checkClaims(), m.checkNull(), m.checkFiles())
}

func (m *Manifest) checkVariants() error {
	seen := map[string]bool{}
	for _, v := range m.Variants {
		if v.Name == "" || seen[v.Name] {
			return fmt.Errorf("variant %q: name empty or used twice", v.Name)
		}
		seen[v.Name] = true
		if r := v.Reload; r != nil && (r.Files != reload.Files{} || r.State != "") {
			return fmt.Errorf("variant %q: its reload strategy names files of the machine", v.Name)
		}
	}
	return nil
}

func (m *Manifest) checkCells() error {
	seen := map[string]bool{}
	for _, c := range m.Cells {
		if c.Name == "" || seen[c.Name] {
			return fmt.Errorf("cell %q: name empty or used twice", c.Name)
		}
		seen[c.Name] = true
		for _, v := range c.Variants {
			if !m.hasVariant(v) {
				return fmt.Errorf("cell %q: unknown variant %q", c.Name, v)
			}
		}
	}
	return nil
}

func (m *Manifest) checkGates() error {
	for _, g := range m.Gates {
		if g.Candidate != "" && !m.hasVariant(g.Candidate) && !m.skips(g.Candidate) {
			return fmt.Errorf("gate on %s: unknown variant %q", g.Metric, g.Candidate)
		}
	}
	return nil
}

// checkLooks makes sure that each look has more groups than the one before it.
func (m *Manifest) checkLooks() error {
	before := 0
	for _, n := range m.Looks {
		if n <= before {
			return fmt.Errorf("looks %v: each must be positive and above the one before it", m.Looks)
		}
		before = n
	}
	return nil
}

func (m *Manifest) checkExpected() error {
	for _, e := range m.Expected {
		if e.Candidate != "" && !m.hasVariant(e.Candidate) && !m.skips(e.Candidate) {
			return fmt.Errorf("expected regression of %s: unknown variant %q", e.Metric, e.Candidate)
		}
		if _, err := time.Parse(time.DateOnly, e.Until); err != nil {
			return fmt.Errorf("expected regression of %s: until %q is no day as 2026-12-31", e.Metric, e.Until)
		}
	}
	return nil
}

// checkNull makes sure that the variant of the null control is compared with nothing.
func (m *Manifest) checkNull() error {
	compared := slices.ContainsFunc(m.Cells, func(c Cell) bool { return slices.Contains(c.Variants, m.Null) }) ||
		slices.ContainsFunc(m.Gates, func(g Gate) bool { return g.Candidate == m.Null }) ||
		slices.ContainsFunc(m.Expected, func(e Expected) bool { return e.Candidate == m.Null })
	switch {
	case m.Null == "":
		return nil
	case !m.hasVariant(m.Null):
		return fmt.Errorf("null control: unknown variant %q", m.Null)
	case m.isBaseline(m.Null), compared:
		return fmt.Errorf("null control: the variant %q is part of a comparison", m.Null)
	}
	return nil
}

func (m *Manifest) checkFiles() error {
	if len(m.Files) > maxMembers {
		return fmt.Errorf("names %d members, more than %d", len(m.Files), maxMembers)
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		if err := checkName(f.Name); err != nil {
			return err
		}
		if seen[f.Name] {
			return fmt.Errorf("member %s is named twice", f.Name)
		}
		if f.Bytes < 0 || f.Bytes > maxMember {
			return fmt.Errorf("member %s: %d bytes, must be 0 to %d", f.Name, f.Bytes, maxMember)
		}
		seen[f.Name] = true
	}
	return nil
}

// skips: a variant was asked for and cannot run here.
func (m *Manifest) skips(name string) bool {
	return slices.ContainsFunc(m.Skips, func(s Skip) bool { return s.Variant == name })
}

func (m *Manifest) hasVariant(name string) bool {
	return slices.ContainsFunc(m.Variants, func(v Variant) bool { return v.Name == name })
}

func (m *Manifest) isBaseline(name string) bool {
	return slices.ContainsFunc(m.Variants, func(v Variant) bool { return v.Name == name && v.Baseline })
}

// checkBlock holds a block against the manifest: its cell has its variant, its role allows it, its histograms are
// sound, its rotations are in order.
func (m *Manifest) checkBlock(b *Block) error {
	i := slices.IndexFunc(m.Cells, func(c Cell) bool { return c.Name == b.Cell })
	switch {
	case b.Index < 0, b.Group < 0, b.Order < 0:
		return fmt.Errorf("index %d, group %d, order %d: none may be negative", b.Index, b.Group, b.Order)
	case i < 0:
		return fmt.Errorf("unknown cell %q", b.Cell)
	}
	if err := m.checkRole(b, m.Cells[i]); err != nil {
		return err
	}
	return cmp.Or(checkHistograms(b), checkReloading(b))
}

// checkRole lets into the null control the baseline and the variant that is made for it, and that nowhere else.
func (m *Manifest) checkRole(b *Block, c Cell) error {
	member := slices.Contains(c.Variants, b.Variant)
	switch b.Role {
	case Measuring, Confirming:
	case Null:
		if m.Null == "" {
			return errors.New("a block of the null control, which the run has not")
		}
		member = b.Variant == m.Null || member && m.isBaseline(b.Variant)
	default:
		return fmt.Errorf("unknown role %q", b.Role)
	}
	if !member {
		return fmt.Errorf("unknown variant %q in cell %q", b.Variant, b.Cell)
	}
	return nil
}

func checkHistograms(b *Block) error {
	c := &b.Client
	for _, h := range []struct {
		name string
		h    *hist.Histogram
	}{
		{"handshake", &c.Handshake}, {"service", &c.Service}, {"response", &c.Response}, {"lateness", &c.Lateness},
	} {
		if err := h.h.Check(); err != nil {
			return fmt.Errorf("histogram %s: %w", h.name, err)
		}
	}
	return nil
}

// checkPlaces makes sure that no two blocks claim the same place in the same group.
func checkPlaces(blocks []Block) error {
	type place struct {
		cell         string
		group, order int
	}
	seen := map[place]int{}
	for _, b := range blocks {
		p := place{b.Cell, b.Group, b.Order}
		if other, ok := seen[p]; ok {
			return corrupt(blockName(b.Index), "is in the same place of its group as block %d", other)
		}
		seen[p] = b.Index
	}
	return nil
}
