package reports

import (
	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

// CodeData is the code that a primitive should run for a variant in a cell, and what CPU profiles show.
type CodeData struct {
	Cell      string             `json:"cell"`
	Variant   string             `json:"variant"`
	Primitive accel.Primitive    `json:"primitive"`
	Expected  accel.Kind         `json:"expected"`
	Code      string             `json:"code"`
	Why       string             `json:"why"`
	Uses      []string           `json:"uses"`
	Refused   []accel.Refusal    `json:"refused"`
	Unused    []string           `json:"unused"`
	Seen      []SightingData     `json:"seen"`
	Agreement analysis.Agreement `json:"agreement"`
	Detail    string             `json:"detail,omitempty"`
}

// SightingData is code of one kind in the CPU profiles of a series; the function is that with the most time.
type SightingData struct {
	Kind     accel.Kind `json:"kind"`
	Function string     `json:"function"`
	CPU      float64    `json:"cpu_seconds"`
	Share    float64    `json:"share"`  // of all CPU time of the series' profiles
	Shared   bool       `json:"shared"` // other primitives are expected to run it: it is no evidence
}

// PrimitiveData is one operation timed alone. Ratio is the variant's time over the baseline's; Price is that of an
// operation named "X by Y" over X in the same variant.
type PrimitiveData struct {
	Operation string         `json:"operation"`
	Bytes     int            `json:"bytes,omitempty"` // that one operation treats
	Variant   string         `json:"variant"`
	Seconds   *float64       `json:"cpu_seconds"`
	Missing   string         `json:"missing,omitempty"`
	Ratio     *RatioData     `json:"ratio"`
	Price     *RatioData     `json:"price,omitempty"`
	Verdict   effect.Verdict `json:"verdict,omitempty"` // absent: the baseline, or nothing to compare
}

// AblationData is a candidate that differs from the baseline in CPU options only.
type AblationData struct {
	Variant  string       `json:"variant"`
	Options  []string     `json:"options"`
	Changes  []ChangeData `json:"changes"`
	Warnings []string     `json:"warnings"` // of silent changes
}

// ChangeData is a primitive that should run other code than the baseline's.
type ChangeData struct {
	Cell       string           `json:"cell"`
	Primitive  accel.Primitive  `json:"primitive"`
	From       string           `json:"from"`
	To         string           `json:"to"`
	Showing    analysis.Showing `json:"seen"`
	Operations []string         `json:"operations"` // that are about it, timed alone
	Silent     bool             `json:"silent"`     // the profiles, or else the times, deny the change
}

// SignerData is what the lab's signer did in all blocks of a series.
type SignerData struct {
	Path       string            `json:"path"`
	Signatures uint64            `json:"signatures"`
	Batches    uint64            `json:"batches"`
	Fill       []uint64          `json:"batches_by_fill"` // by how many signatures were in them, from 0
	MeanFill   *float64          `json:"mean_fill"`       // null: the path has no batches, or nothing was signed
	Waits      []uint64          `json:"waits"`           // signatures that waited for their batch for 2^i to 2^(i+1) nanoseconds
	Kernel     float64           `json:"kernel_seconds"`  // in the lab's code, all cores together
	Single     uint64            `json:"single"`
	Fallbacks  map[string]uint64 `json:"fallbacks"` // signatures by crypto/ecdsa, by reason
	Verified   uint64            `json:"verified"`
	Warnings   []string          `json:"warnings"`
}

func codesData(a *analysis.Analysis) []CodeData {
	return present(a.Codes, func(c analysis.Code) CodeData {
		return CodeData{
			Cell: c.Cell, Variant: c.Variant, Primitive: c.Primitive, Expected: c.Expected, Code: c.Path.Code, Why: c.Why,
			Uses: filled(c.Uses), Refused: filled(c.Refused), Unused: filled(c.Unused),
			Seen: sightingsData(a, c), Agreement: c.Agreement, Detail: c.Detail,
		}
	})
}

func sightingsData(a *analysis.Analysis, c analysis.Code) []SightingData {
	return each(c.Seen, func(s analysis.Sighting) SightingData {
		return SightingData{s.Kind, s.Function, s.CPU.Seconds(), shareSeen(a, c, s), s.Shared}
	})
}

func primitiveData(p analysis.Primitive) PrimitiveData {
	d := PrimitiveData{
		Operation: p.Name, Bytes: p.Bytes, Variant: p.Variant, Missing: p.Missing,
		Ratio: ratioData(p.Ratio), Price: ratioData(p.Price), Verdict: p.Verdict,
	}
	if p.Time > 0 {
		d.Seconds = finite(p.Time / 1e9)
	}
	return d
}

func ablationData(a analysis.Ablation) AblationData {
	changes := each(a.Changes, func(c analysis.Change) ChangeData {
		return ChangeData{c.Cell, c.To.Primitive, c.From.Code, c.To.Code, c.Showing, filled(c.Timed), c.Silent}
	})
	return AblationData{a.Variant, filled(a.Options), changes, filled(a.Warnings())}
}

func signerData(a *analysis.Analysis, series analysis.Series) *SignerData {
	s := series.Signer
	if s == nil {
		return nil
	}
	d := &SignerData{
		Path: s.Path, Signatures: s.Signatures, Batches: s.Batches, Fill: filled(s.Fill), Waits: filled(s.Waits),
		Kernel: s.Kernel.Seconds(), Single: s.Single, Fallbacks: fallbacks(s), Verified: s.Verified, Warnings: filled(a.SignerWarnings(series)),
	}
	if mean, ok := analysis.MeanFill(s); ok {
		d.MeanFill = &mean
	}
	return d
}

func fallbacks(s *server.Signer) map[string]uint64 {
	if s.Fallbacks == nil {
		return map[string]uint64{}
	}
	return s.Fallbacks
}
