package analysis

import (
	"slices"
	"testing"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/analysis/effect"
)

func TestAblated(t *testing.T) {
	godebug := func(s string) results.Variant { return results.Variant{Env: map[string]string{"GODEBUG": s}} }
	for name, tt := range map[string]struct {
		base, candidate results.Variant
		want            []string
	}{
		"one option":        {results.Variant{}, godebug("cpu.aes=off"), []string{"cpu.aes=off"}},
		"two":               {results.Variant{}, godebug("cpu.aes=off,cpu.sha=off"), []string{"cpu.aes=off", "cpu.sha=off"}},
		"one more":          {godebug("cpu.aes=off"), godebug("cpu.aes=off,cpu.sha=off"), []string{"cpu.sha=off"}},
		"itself":            {godebug("cpu.aes=off"), godebug("cpu.aes=off"), nil},
		"the same settings": {godebug("tlsmlkem=0"), godebug("tlsmlkem=0,cpu.aes=off"), []string{"cpu.aes=off"}},
		"another setting":   {results.Variant{}, godebug("cpu.aes=off,tlsmlkem=0"), nil},
		"another variable":  {results.Variant{}, results.Variant{Env: map[string]string{"GODEBUG": "cpu.aes=off", "GOGC": "400"}}, nil},
		"another build":     {results.Variant{}, results.Variant{Env: godebug("cpu.aes=off").Env, Build: variant.Build{GOAMD64: "v3"}}, nil},
		"another signer":    {results.Variant{}, results.Variant{Env: godebug("cpu.aes=off").Env, Accel: "auto"}, nil},
		"no options":        {results.Variant{}, results.Variant{}, nil},
	} {
		if got := ablated(tt.base, tt.candidate); !slices.Equal(got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, got, tt.want)
		}
	}
}

// saw is a code that is expected of a kind and was seen in a function of a kind.
func saw(variant string, p accel.Primitive, expected accel.Kind, code string, kind accel.Kind, function string, says Agreement) Code {
	c := Code{Cell: "full", Variant: variant, Path: accel.Path{Primitive: p, Expected: expected, Code: code}, Agreement: says}
	if function != "" {
		c.Seen = []Sighting{{Kind: kind, Function: function}}
	}
	return c
}

func TestSilentNoOpIsFound(t *testing.T) {
	aes := saw("std", accel.AESGCM, accel.Assembly, "AES-NI", accel.Assembly, aesNI, Agrees)
	sha := saw("std", accel.SHA256, accel.Assembly, "SHA-NI", accel.Assembly, shaNI, Agrees)
	const sealBoth = "vendor/golang.org/x/crypto/chacha20poly1305.chacha20Poly1305Seal"
	chacha := saw("std", accel.ChaCha20Poly1305, accel.Assembly, "AVX2", accel.Assembly, sealBoth, Agrees)
	timed := func(name string, bytes int, v effect.Verdict) Primitive {
		return Primitive{Name: name, Bytes: bytes, Variant: "off", Verdict: v}
	}
	for name, tt := range map[string]struct {
		from, to Code
		timed    []Primitive
		showing  Showing
		silent   bool
	}{
		"another kind":             {aes, saw("off", accel.AESGCM, accel.Portable, "Go", accel.Portable, aesGo, Agrees), nil, Changed, false},
		"the first time":           {saw("std", accel.AESGCM, accel.Assembly, "AES-NI", "", "", Unseen), saw("off", accel.AESGCM, accel.Portable, "Go", accel.Portable, aesGo, Agrees), nil, Changed, false},
		"the kind of before":       {aes, saw("off", accel.AESGCM, accel.Portable, "Go", accel.Assembly, aesNI, Disagrees), nil, Unchanged, true},
		"another function":         {sha, saw("off", accel.SHA256, accel.Assembly, "AVX2", accel.Assembly, shaAVX2, Agrees), nil, Changed, false},
		"the function of before":   {sha, saw("off", accel.SHA256, accel.Assembly, "AVX2", accel.Assembly, shaNI, Disagrees), nil, Unchanged, true},
		"a function for both":      {chacha, saw("off", accel.ChaCha20Poly1305, accel.Assembly, "SSE", accel.Assembly, sealBoth, Agrees), nil, Untold, false},
		"too little was seen":      {sha, saw("off", accel.SHA256, accel.Assembly, "AVX2", "", "", Unseen), nil, Untold, false},
		"as fast as before":        {chacha, saw("off", accel.ChaCha20Poly1305, accel.Assembly, "SSE", accel.Assembly, sealBoth, Agrees), []Primitive{timed("chacha20-poly1305 16 kB", 16384, effect.Same)}, Untold, true},
		"slower than before":       {chacha, saw("off", accel.ChaCha20Poly1305, accel.Assembly, "SSE", accel.Assembly, sealBoth, Agrees), []Primitive{timed("chacha20-poly1305 16 kB", 16384, effect.Worse)}, Untold, false},
		"nobody knows, not silent": {chacha, saw("off", accel.ChaCha20Poly1305, accel.Assembly, "SSE", accel.Assembly, sealBoth, Agrees), []Primitive{timed("chacha20-poly1305 16 kB", 16384, effect.Inconclusive)}, Untold, false},
	} {
		a := &Analysis{Codes: []Code{tt.from, tt.to}, Primitives: tt.timed}
		a.Manifest.Variants = []results.Variant{{Name: "std", Baseline: true}, {Name: "off", Env: map[string]string{"GODEBUG": "cpu.x=off"}}}
		all := a.Ablations()
		if len(all) != 1 || len(all[0].Changes) != 1 {
			t.Errorf("%s: got %+v", name, all)
			continue
		}
		got, warnings := all[0].Changes[0], all[0].Warnings()
		if got.Showing != tt.showing || got.Silent != tt.silent || (len(warnings) > 0) != tt.silent {
			t.Errorf("%s: got %s, silent %v, warnings %q, want %s, silent %v", name, got.Showing, got.Silent, warnings, tt.showing, tt.silent)
		}
	}
}

// What profiles deny is a doubt as a disagreement; what only the times deny is one as well.
func TestSilentChangesAreDoubtsOnce(t *testing.T) {
	var a Analysis
	for _, cell := range []string{"full", "resumed"} {
		was, now := saw("std", accel.SignRSA, accel.Assembly, "ADX", accel.Assembly, "mul", Agrees), saw("off", accel.SignRSA, accel.Assembly, "MULQ", accel.Assembly, "mul", Agrees)
		aes, still := saw("std", accel.AESGCM, accel.Assembly, "AES-NI", accel.Assembly, aesNI, Agrees), saw("off", accel.AESGCM, accel.Portable, "Go", accel.Assembly, aesNI, Disagrees)
		for _, c := range []Code{was, now, aes, still} {
			c.Cell = cell
			a.Codes = append(a.Codes, c)
		}
	}
	a.Primitives = []Primitive{{Name: "rsa-pss-2048 sign", Variant: "off", Verdict: effect.Same}}
	a.Manifest.Variants = []results.Variant{{Name: "std", Baseline: true}, {Name: "off", Env: map[string]string{"GODEBUG": "cpu.adx=off,cpu.aes=off"}}}
	got := codeDoubts(&a)
	want := []string{
		"aes-gcm of off did not run the code that was expected (portable: Go), in 2 cells: ",
		"with cpu.adx=off, cpu.aes=off, rsa-2048 sign should run MULQ, but it takes the same time (2 cells)",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// An option that changes no code of these handshakes is listed without a change.
func TestOptionWithoutChange(t *testing.T) {
	same := saw("std", accel.X25519, accel.Portable, "Go", "", "", Unseen)
	off := same
	off.Variant = "no-adx"
	a := &Analysis{Codes: []Code{same, off}}
	a.Manifest.Variants = []results.Variant{{Name: "std", Baseline: true}, {Name: "no-adx", Env: map[string]string{"GODEBUG": "cpu.adx=off"}}, {Name: "boringcrypto", Build: variant.Build{Backend: "boringcrypto"}}}
	if got := a.Ablations(); len(got) != 1 || got[0].Variant != "no-adx" || len(got[0].Changes) != 0 {
		t.Errorf("got %+v", got)
	}
	if got := (&Analysis{}).Ablations(); got != nil {
		t.Errorf("of nothing: got %+v", got)
	}
}

func TestOperationsOf(t *testing.T) {
	a := &Analysis{Primitives: []Primitive{
		{Name: "aes-128-gcm 64 B", Bytes: 64, Variant: "std"}, {Name: "aes-128-gcm 16 kB", Bytes: 16384, Variant: "std"},
		{Name: "aes-128-gcm 16 kB", Bytes: 16384, Variant: "off"}, {Name: "aes-128-gcm 16 kB by VAES", Bytes: 16384, Variant: "std"},
		{Name: "aes-256-gcm 16 kB", Bytes: 16384, Variant: "std"},
		{Name: "ecdsa-p384 sign", Variant: "std"}, {Name: "ecdsa-p384 sign, 8 at once", Variant: "std"}, {Name: "ecdsa-p384 verify", Variant: "std"},
		{Name: "rsa-pss-2048 sign", Variant: "std"}, {Name: "hkdf-sha-256", Variant: "std"}, {Name: "sha-256 8 kB", Bytes: 8192, Variant: "std"},
	}}
	for primitive, want := range map[accel.Primitive][]string{
		accel.AESGCM:   {"aes-128-gcm 16 kB", "aes-256-gcm 16 kB"},
		accel.SignP384: {"ecdsa-p384 sign", "ecdsa-p384 sign, 8 at once"},
		accel.SignRSA:  {"rsa-pss-2048 sign"},
		accel.HKDF:     {"hkdf-sha-256"},
		accel.SHA256:   {"sha-256 8 kB"},
		accel.MLKEM:    nil,
	} {
		if got := a.operationsOf(primitive); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", primitive, got, want)
		}
	}
}
