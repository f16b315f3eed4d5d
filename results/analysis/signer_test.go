package analysis

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/results"
)

func TestSignerOf(t *testing.T) {
	block := func(s *server.Signer) judged { return judged{raw: &results.Block{Server: server.Report{Signer: s}}} }
	got := signerOf([]judged{
		block(nil),
		block(&server.Signer{Path: "lab-ifma8", Signatures: 10, Batches: 2, Fill: []uint64{0, 1, 0, 0, 0, 0, 0, 0, 1}, Waits: []uint64{1}, Kernel: time.Second, Single: 1, Verified: 1}),
		block(&server.Signer{Path: "lab-ifma8", Signatures: 5, Batches: 1, Fill: []uint64{0, 0, 1}, Waits: []uint64{0, 2, 3}, Kernel: time.Second, Fallbacks: map[string]uint64{"check": 3}}),
	})
	if got == nil {
		t.Fatal("got nothing")
	}
	if got.Path != "lab-ifma8" || got.Signatures != 15 || got.Batches != 3 || got.Kernel != 2*time.Second || got.Single != 1 || got.Verified != 1 {
		t.Errorf("got %+v", *got)
	}
	if !slices.Equal(got.Fill, []uint64{0, 1, 1, 0, 0, 0, 0, 0, 1}) || !slices.Equal(got.Waits, []uint64{1, 2, 3}) || !maps.Equal(got.Fallbacks, map[string]uint64{"check": 3}) {
		t.Errorf("got fill %v, waits %v, fallbacks %v", got.Fill, got.Waits, got.Fallbacks)
	}
	if got := signerOf([]judged{block(nil)}); got != nil {
		t.Errorf("crypto/tls signed by itself: got %+v", *got)
	}
}

func TestMeanFill(t *testing.T) {
	for name, tt := range map[string]struct {
		signer *server.Signer
		want   float64
		ok     bool
	}{
		"none":           {nil, 0, false},
		"full":           {&server.Signer{Fill: []uint64{0, 0, 0, 0, 0, 0, 0, 0, 3}}, 8, true},
		"singly":         {&server.Signer{Fill: []uint64{0, 7}, Single: 7}, 1, true},
		"mixed":          {&server.Signer{Fill: []uint64{0, 3, 0, 0, 0, 1}, Single: 3}, 2, true},
		"nothing signed": {&server.Signer{Fill: make([]uint64, 9)}, 0, false},
		"no batches":     {&server.Signer{Fill: make([]uint64, 9), Single: 7}, 0, false},
	} {
		if got, ok := MeanFill(tt.signer); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %v, %v, want %v, %v", name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestSignerWarnings(t *testing.T) {
	few := "the server was asked for few signatures at once: mean fill 1.00 of 8; what batches save does not show here"
	full := []uint64{0, 0, 0, 0, 0, 0, 0, 0, 5}
	for name, tt := range map[string]struct {
		asked  string
		signer *server.Signer
		want   []string
	}{
		"none":       {"std", nil, nil},
		"auto, none": {"auto", nil, nil},
		"named":      {"lab-adx", nil, []string{"crypto/ecdsa signed, asked for was lab-adx"}},
		"all well":   {"auto", &server.Signer{Path: "lab-ifma8", Signatures: 40, Batches: 5, Fill: full}, nil},
		"few":        {"auto", &server.Signer{Path: "lab-ifma8", Signatures: 7, Single: 7, Fill: []uint64{0, 7}}, []string{few}},
		"another":    {"lab-ifma8", &server.Signer{Path: "lab-adx", Signatures: 7, Single: 7}, []string{"lab-adx signed, asked for was lab-ifma8"}},
		"not asked":  {"", &server.Signer{Path: "lab-adx", Signatures: 7, Single: 7}, []string{"lab-adx signed, asked for was std"}},
		"fell back":  {"auto", &server.Signer{Path: "lab-adx", Signatures: 7, Fallbacks: map[string]uint64{"verify": 1, "a new reason": 2}}, []string{"2 of 7 signatures by crypto/ecdsa: a new reason", "1 of 7 signatures by crypto/ecdsa: crypto/ecdsa found the signature wrong"}},
		"both":       {"lab-ifma8", &server.Signer{Path: "lab-ifma8", Signatures: 8, Single: 7, Fill: []uint64{0, 7}, Fallbacks: map[string]uint64{"off": 1}}, []string{"1 of 8 signatures by crypto/ecdsa: the lab's code had failed before", few}},
		"enough yet": {"auto", &server.Signer{Path: "lab-ifma8", Signatures: 15, Batches: 5, Fill: []uint64{0, 0, 0, 5}}, nil},
	} {
		a := &Analysis{Manifest: results.Manifest{Variants: []results.Variant{{Name: "lab", Accel: tt.asked}}}}
		if got := a.SignerWarnings(Series{Variant: "lab", Blocks: 4, Signer: tt.signer}); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// A signature by crypto/ecdsa in the lab's place weakens the run; that few were asked for at once does not.
func TestFallbacksAreADoubt(t *testing.T) {
	b := standard().bundle()
	b.Manifest.Variants[1].Accel = "lab-ifma8"
	for _, block := range blocksFor(b, "boringcrypto") {
		block.Server.Signer = &server.Signer{Path: "lab-ifma8", Signatures: 400, Single: 399, Fill: []uint64{0, 399}, Fallbacks: map[string]uint64{"lane": 1}}
	}
	a := analyse(t, b)
	if s := a.Series[1].Signer; s == nil || s.Signatures != 400*uint64(a.Series[1].Blocks) || a.Series[0].Signer != nil {
		t.Fatalf("got %+v beside %+v", s, a.Series[0].Signer)
	}
	want := "signer of boringcrypto in full/P-384/ecdsa-p384/server-auth: 16 of 6400 signatures by crypto/ecdsa: the lab's code found its own result wrong"
	if !slices.Contains(a.Summary.Trust, want) {
		t.Errorf("got %q, want %q among them", a.Summary.Trust, want)
	}
	if len(a.SignerWarnings(a.Series[1])) != 2 {
		t.Errorf("got %q, want the mean fill, too", a.SignerWarnings(a.Series[1]))
	}
}
