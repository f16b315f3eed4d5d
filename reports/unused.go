package reports

import (
	"slices"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis"
)

// idle is features that the CPU has and that nothing of a toolchain uses for some primitives.
type idle struct {
	features   string // VAES, VPCLMULQDQ
	toolchain  string // Go 1.26
	primitives []string
	variants   []string
}

// unusedFeatures is a line for each group of features that no code uses, with what they would save where that was
// measured.
func unusedFeatures(a *analysis.Analysis) []string {
	var all []idle
	for _, c := range a.Codes {
		if len(c.Unused) == 0 {
			continue
		}
		one := idle{features: strings.ToUpper(strings.Join(c.Unused, ", ")), toolchain: toolchain(a.Manifest, c.Variant)}
		at := slices.IndexFunc(all, func(i idle) bool { return i.features == one.features && i.toolchain == one.toolchain })
		if at < 0 {
			at, all = len(all), append(all, one)
		}
		all[at].primitives = append(all[at].primitives, string(c.Primitive))
		all[at].variants = append(all[at].variants, c.Variant)
	}
	var said []string
	for _, i := range all {
		said = append(said, i.sentence(a))
	}
	return said
}

func (i idle) sentence(a *analysis.Analysis) string {
	text := i.features + ": unused by " + i.toolchain + " in " + strings.Join(names(i.primitives...), ", ")
	if variants := names(i.variants...); len(variants) < len(variantsOf(a.Codes)) {
		text += " of " + strings.Join(variants, ", ")
	}
	if p := i.price(a); p != nil {
		what, _, _ := strings.Cut(p.Name, " by ")
		text += ": " + what + " would take " + ratio(p.Price) + " of the time"
	}
	return text
}

func variantsOf(codes []analysis.Code) []string {
	var all []string
	for _, c := range codes {
		all = append(all, c.Variant)
	}
	return names(all...)
}

// price is the measured operation that says what these features would save: that of the largest amount, of the first
// variant that has it.
func (i idle) price(a *analysis.Analysis) *analysis.Primitive {
	var best *analysis.Primitive
	for n := range a.Primitives {
		p := &a.Primitives[n]
		_, code, _ := strings.Cut(p.Name, " by ")
		if p.Price != nil && slices.Contains(strings.Split(i.features, ", "), code) && i.about(p.Name) &&
			slices.Contains(i.variants, p.Variant) && (best == nil || p.Bytes > best.Bytes) {
			best = p
		}
	}
	return best
}

// about says whether a timed operation is of one of the primitives.
func (i idle) about(operation string) bool {
	return slices.ContainsFunc(i.primitives, func(p string) bool { return analysis.About(operation, accel.Primitive(p)) })
}

// toolchain is the release that a variant was built with: Go 1.26.
func toolchain(m results.Manifest, variant string) string {
	for _, v := range m.Variants {
		if v.Name == variant && v.Hello.Go != "" {
			release, _, _ := strings.Cut(strings.TrimPrefix(v.Hello.Go, "go"), " ")
			if parts := strings.SplitN(release, ".", 3); len(parts) > 2 {
				release = parts[0] + "." + parts[1]
			}
			return "Go " + release
		}
	}
	return "Go"
}
