package analysis

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
)

// fewLanes is the mean fill below which batches save little: so few signatures are as fast one after the other.
const fewLanes = 3

// fallbacks say what a signer's reasons for crypto/ecdsa mean.
var fallbacks = map[string]string{
	"hash":          "they were not of a SHA-384 digest",
	"deterministic": "no randomness was given",
	"lane":          "the lab's code found its own result wrong",
	"verify":        "crypto/ecdsa found the signature wrong",
	"panic":         "the lab's code panicked",
	"off":           "the lab's code had failed before",
}

// signerOf adds up what the lab's signer did in some blocks; nil: crypto/tls signed by itself.
func signerOf(blocks []judged) *server.Signer {
	var sum *server.Signer
	for _, j := range blocks {
		s := j.raw.Server.Signer
		if s == nil {
			continue
		}
		if sum == nil {
			sum = &server.Signer{Path: s.Path}
		}
		sum.Signatures += s.Signatures
		sum.Batches += s.Batches
		sum.Kernel += s.Kernel
		sum.Single += s.Single
		sum.Verified += s.Verified
		sum.Fill, sum.Waits = addEach(sum.Fill, s.Fill), addEach(sum.Waits, s.Waits)
		addCounts(&sum.Fallbacks, s.Fallbacks)
	}
	return sum
}

// addEach adds up two lists, of which one may be shorter.
func addEach(sum, more []uint64) []uint64 {
	if len(more) > len(sum) {
		sum = slices.Concat(sum, make([]uint64, len(more)-len(sum)))
	}
	for i, n := range more {
		sum[i] += n
	}
	return sum
}

// MeanFill is how many signatures a batch had, in the mean; ok is false for a path without batches, and where nothing
// was signed.
func MeanFill(s *server.Signer) (mean float64, ok bool) {
	if s == nil {
		return 0, false
	}
	batches, signatures := uint64(0), uint64(0)
	for lanes, n := range s.Fill {
		batches, signatures = batches+n, signatures+uint64(lanes)*n
	}
	if batches == 0 {
		return 0, false
	}
	return float64(signatures) / float64(batches), true
}

// SignerWarnings is what must be said beside what the lab's signer did in a series: that it was asked for few
// signatures at once, and its doubts.
func (a *Analysis) SignerWarnings(s Series) []string {
	all := a.signerDoubts(s)
	if mean, ok := MeanFill(s.Signer); ok && mean < fewLanes {
		all = append(all, fmt.Sprintf("the server was asked for few signatures at once: mean fill %.2f of 8; what batches save does not show here", mean))
	}
	return all
}

// signerDoubts says where another signed than was asked.
func (a *Analysis) signerDoubts(s Series) []string {
	asked := askedSigner(a.Manifest, s.Variant)
	if s.Signer == nil {
		if strings.HasPrefix(asked, "lab-") && s.Blocks > 0 {
			return []string{"crypto/ecdsa signed, asked for was " + asked}
		}
		return nil
	}
	var all []string
	if asked != "auto" && asked != s.Signer.Path {
		all = append(all, fmt.Sprintf("%s signed, asked for was %s", s.Signer.Path, asked))
	}
	for _, reason := range slices.Sorted(maps.Keys(s.Signer.Fallbacks)) {
		n, of := s.Signer.Fallbacks[reason], plural(int(s.Signer.Signatures), "signature")
		all = append(all, fmt.Sprintf("%d of %s by crypto/ecdsa: %s", n, of, cmp.Or(fallbacks[reason], reason)))
	}
	return all
}

func askedSigner(m results.Manifest, variant string) string {
	at := slices.IndexFunc(m.Variants, func(v results.Variant) bool { return v.Name == variant })
	if at < 0 {
		return "std"
	}
	return cmp.Or(m.Variants[at].Accel, "std")
}

// distrustedSigners are the doubts of all series.
func distrustedSigners(a *Analysis) []string {
	var all []string
	for _, s := range a.Series {
		for _, doubt := range a.signerDoubts(s) {
			all = append(all, fmt.Sprintf("signer of %s in %s: %s", s.Variant, s.Cell, doubt))
		}
	}
	return all
}
