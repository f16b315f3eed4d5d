package results

import (
	"errors"
	"fmt"
	"slices"
)

// Primitives is what single cryptographic operations cost, timed alone and natively, the variants in turns.
type Primitives struct {
	Groups     int         `json:"groups"` // fresh processes of every variant
	Operations []Operation `json:"operations"`
}

// Operation is one operation in every variant.
type Operation struct {
	Name    string                 `json:"name"`              // aes-128-gcm 16 kB
	Bytes   int                    `json:"bytes,omitempty"`   // that one operation treats; zero: it is not about an amount
	Times   map[string][][]float64 `json:"times_ns"`          // by variant: of each group, the batches' CPU nanoseconds for one operation
	Missing map[string]string      `json:"missing,omitempty"` // by variant: why it does not have the operation
}

// Primitives keeps what was timed, primitives.json. It must fit the draft, as a block must.
func (w *Writer) Primitives(p Primitives) error {
	return keepBeside(w, primitivesName, p, w.draft.checkPrimitives)
}

// HasPrimitives says whether an earlier, interrupted try kept what it timed.
func (w *Writer) HasPrimitives() bool { return w.exists(primitivesName) }

// Primitives reads what [Writer.Primitives] kept; nil where nothing was timed. A bundle put together by hand has no
// members.
func (b *Bundle) Primitives() (*Primitives, error) {
	return readBeside(b, primitivesName, b.Manifest.checkPrimitives)
}

// checkPrimitives holds operations against the manifest: each is there once, and timed or missing for every variant
// but that of the null control.
func (m *Manifest) checkPrimitives(p Primitives) error {
	if p.Groups < 1 {
		return fmt.Errorf("%d groups: there must be one at least", p.Groups)
	}
	seen := map[string]bool{}
	for _, o := range p.Operations {
		switch {
		case o.Name == "" || seen[o.Name]:
			return fmt.Errorf("operation %q: name empty or used twice", o.Name)
		case o.Bytes < 0:
			return fmt.Errorf("operation %q: %d bytes", o.Name, o.Bytes)
		}
		seen[o.Name] = true
		if err := m.checkOperation(o, p.Groups); err != nil {
			return fmt.Errorf("operation %q: %w", o.Name, err)
		}
	}
	return nil
}

func (m *Manifest) checkOperation(o Operation, groups int) error {
	variants := 0
	for _, v := range m.Variants {
		groupsOf, timed := o.Times[v.Name]
		why, missing := o.Missing[v.Name]
		switch {
		case v.Name == m.Null && (timed || missing):
			return fmt.Errorf("the variant %q of the null control has no part in it", v.Name)
		case v.Name == m.Null:
			continue
		case timed == missing:
			return fmt.Errorf("variant %q must either be timed or say why not", v.Name)
		case missing && why == "":
			return fmt.Errorf("variant %q does not say why it is missing", v.Name)
		case timed && len(groupsOf) != groups:
			return fmt.Errorf("variant %q has %d groups of %d", v.Name, len(groupsOf), groups)
		case slices.ContainsFunc(groupsOf, wrongBatches):
			return fmt.Errorf("variant %q has a group without batches, or a time that is not above zero", v.Name)
		}
		variants++
	}
	if variants != len(o.Times)+len(o.Missing) {
		return errors.New("names a variant that the run does not have")
	}
	return nil
}

func wrongBatches(times []float64) bool {
	return len(times) == 0 || slices.ContainsFunc(times, func(ns float64) bool { return ns <= 0 })
}
