package profile

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"fmt"
	"maps"
	"os"
	"runtime/pprof"
	"slices"
	"strings"
	"testing"
	"time"

	format "github.com/google/pprof/profile"
)

// busy is a CPU profile of signing with ECDSA P-384. It ends after enough samples, not after a time.
func busy(t *testing.T) []byte {
	t.Helper()
	const enough = 200 * time.Millisecond // of processor time
	key, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var parts [][]byte
	for range 20 {
		parts = append(parts, record(t, func() { sign(t, key, 300) }))
		all, err := Merge(parts...)
		if err != nil {
			t.Fatal(err)
		}
		if p, err := Parse(all); err != nil {
			t.Fatal(err)
		} else if p.CPU >= enough {
			return all
		}
	}
	t.Skip("this machine takes no samples of processor time")
	return nil
}

func record(t *testing.T, work func()) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := pprof.StartCPUProfile(&b); err != nil {
		t.Skip("cannot profile: ", err)
	}
	work()
	pprof.StopCPUProfile()
	return b.Bytes()
}

func sign(t *testing.T, key *ecdsa.PrivateKey, n int) {
	digest := make([]byte, 48)
	for range n {
		if _, err := ecdsa.SignASN1(rand.Reader, key, digest); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRealProfile(t *testing.T) {
	data := busy(t)
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if p.Period != 10*time.Millisecond || p.CPU != time.Duration(p.Samples)*p.Period || p.Wall <= 0 {
		t.Errorf("%d samples of %v make %v CPU in %v", p.Samples, p.Period, p.CPU, p.Wall)
	}
	packages := p.Time().Packages()
	checkShares(t, packages, p.CPU)
	crypto := 0.0
	for _, s := range packages {
		if strings.HasPrefix(s.Name, "crypto/") || strings.HasSuffix(s.Name, "(cgo)") {
			crypto += s.Fraction
		}
	}
	if crypto < 0.5 {
		t.Errorf("crypto has %.0f %% of a loop that signs: %v", 100*crypto, packages)
	}
	functions := p.Time().Functions(3)
	if len(functions) == 0 || len(functions) > 3 {
		t.Fatalf("got %d functions, want 1 to 3", len(functions))
	}
	all := p.Time().Functions(0)
	if !slices.Equal(all[:len(functions)], functions) {
		t.Errorf("the first of %v are not %v", all, functions)
	}
	checkShares(t, all, p.CPU)
}

func checkShares(t *testing.T, shares []Share, total time.Duration) {
	t.Helper()
	var cpu time.Duration
	fraction := 0.0
	for i, s := range shares {
		cpu += s.CPU
		fraction += s.Fraction
		if i > 0 && s.CPU > shares[i-1].CPU {
			t.Errorf("%v comes after %v", s, shares[i-1])
		}
	}
	if cpu != total || fraction < 0.999 || fraction > 1.001 {
		t.Errorf("shares make %v and %v of %v", cpu, fraction, total)
	}
}

func TestLabelRealProfile(t *testing.T) {
	labelled, err := Label(busy(t), map[string]string{"variant": "std", "cell": "full/P-384", "kind": "full"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(labelled)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"variant": {"std"}, "cell": {"full/P-384"}, "kind": {"full"}}
	if !maps.EqualFunc(p.Labels, want, slices.Equal) {
		t.Errorf("got labels %v, want %v", p.Labels, want)
	}
	for _, s := range p.raw.Sample {
		if !s.HasLabel("variant", "std") {
			t.Fatalf("a sample without its variant: %v", s.Label)
		}
	}
	plain, err := gunzip(labelled)
	if err != nil {
		t.Fatal(err)
	}
	directory, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, leak := range []string{directory, os.TempDir(), "/usr/", "profile_test.go:"} {
		if bytes.Contains(plain, []byte(leak)) {
			t.Errorf("the profile holds %q", leak)
		}
	}
	if !bytes.Contains(plain, []byte("crypto/ecdsa.SignASN1")) {
		t.Error("the names of functions are gone")
	}
}

func TestMergeKeepsLabelsApart(t *testing.T) {
	var parts [][]byte
	for _, variant := range []string{"std", "fips140"} {
		part, err := Label(encoded(t, stack(10, "main.work")), map[string]string{"variant": variant})
		if err != nil {
			t.Fatal(err)
		}
		parts = append(parts, part)
	}
	merged, err := Merge(parts...)
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(merged)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Labels["variant"]; !slices.Equal(got, []string{"fips140", "std"}) || p.CPU != 20*time.Millisecond {
		t.Errorf("got variants %v and %v", got, p.CPU)
	}
	if len(p.raw.Sample) != 2 {
		t.Errorf("got %d stacks, want one per variant", len(p.raw.Sample))
	}
	if _, err := Merge(); err == nil {
		t.Error("merged nothing")
	}
}

func TestLabelStrips(t *testing.T) {
	raw := synthetic(stack(10, "example.com/lab.(*T).Work"))
	raw.Comments = []string{"on host falcon"}
	raw.DocURL = "file:///home/alice/notes"
	raw.Mapping[0].File = "/home/alice/bin/server"
	raw.Mapping[0].BuildID = "f00f"
	raw.Function[0].Filename = "/home/alice/lab/work.go"
	data, err := encode(raw)
	if err != nil {
		t.Fatal(err)
	}
	data, err = Label(data, map[string]string{"variant": "std"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	m, f := p.raw.Mapping[0], p.raw.Function[0]
	if m.File != "server" || m.BuildID != "" || f.Filename != "example.com/lab/work.go" {
		t.Errorf("got binary %q (%q) and file %q", m.File, m.BuildID, f.Filename)
	}
	plain, _ := gunzip(data)
	for _, leak := range []string{"alice", "falcon", "f00f"} {
		if bytes.Contains(plain, []byte(leak)) {
			t.Errorf("the profile holds %q", leak)
		}
	}
	if _, err := Label(data, map[string]string{"": "x"}); err == nil {
		t.Error("took a label without a name")
	}
}

func TestTrimPath(t *testing.T) {
	for _, c := range []struct{ function, file, want string }{
		{"crypto/tls.(*Conn).Read", "crypto/tls/conn.go", "crypto/tls/conn.go"},
		{"crypto/tls.(*Conn).Read", "/usr/local/go/src/crypto/tls/conn.go", "crypto/tls/conn.go"},
		{"main.main", `C:\Users\alice\main.go`, "main/main.go"},
		{"main.main", "../alice/main.go", "main/main.go"},
		{"memcpy", "/home/alice/string.c", "string.c"},
		{"main.main", "", ""},
	} {
		if got := trimPath(c.function, c.file); got != c.want {
			t.Errorf("trimPath(%q, %q) = %q, want %q", c.function, c.file, got, c.want)
		}
	}
}

func TestClassify(t *testing.T) {
	for _, c := range []struct {
		stack     []string
		name, pkg string
	}{
		{[]string{"crypto/internal/fips140/nistec.(*P384Point).Add"}, "crypto/internal/fips140/nistec.(*P384Point).Add", "crypto/internal/fips140/nistec"},
		{[]string{"slices.Sort[go.shape.[]example.com/a/b.T]"}, "slices.Sort[go.shape.[]example.com/a/b.T]", "slices"},
		{[]string{"gopkg.in/yaml%2ev3.Unmarshal"}, "gopkg.in/yaml%2ev3.Unmarshal", "gopkg.in/yaml.v3"},
		{[]string{"type:.eq.crypto/tls.Config"}, "type:.eq.crypto/tls.Config", "crypto/tls"},
		{[]string{"type:.hash.[2]string"}, "type:.hash.[2]string", "runtime"},
		{[]string{"runtime.memmove"}, "runtime.memmove", "runtime"},
		{[]string{"internal/runtime/maps.(*Map).Get"}, "internal/runtime/maps.(*Map).Get", "runtime"},
		{[]string{"internal/runtime/syscall.Syscall6"}, "internal/runtime/syscall.Syscall6", "syscall"},
		{[]string{"internal/runtime/syscall/linux.Syscall6"}, "internal/runtime/syscall/linux.Syscall6", "syscall"},
		{
			[]string{"runtime.cgocall", "crypto/internal/boring._Cfunc__goboringcrypto_ECDSA_sign", "crypto/ecdsa.SignASN1"},
			"_goboringcrypto_ECDSA_sign", "boringcrypto (cgo)",
		},
		{
			[]string{"runtime.cgocall", "crypto/internal/boring._Cfunc_EVP_AEAD_CTX_open_wrapper"},
			"EVP_AEAD_CTX_open_wrapper", "boringcrypto (cgo)",
		},
		{[]string{"runtime.cgocall", "net._Cfunc_getaddrinfo"}, "getaddrinfo", "net (cgo)"},
		{[]string{"runtime.cgocall", "main.main"}, "runtime.cgocall", "runtime"},
		{[]string{"runtime.cgocall"}, "runtime.cgocall", "runtime"},
		{[]string{"_goboringcrypto_bn_mul"}, "_goboringcrypto_bn_mul", "boringcrypto (cgo)"},
		{[]string{"memcpy"}, "memcpy", "C (cgo)"},
		{[]string{""}, "[libc.so.6]", "[libc.so.6]"},
		{nil, "[unknown]", "[unknown]"},
	} {
		t.Run(fmt.Sprint(c.stack), func(t *testing.T) {
			spent := timeOf(t, encoded(t, stack(10, c.stack...)))
			if got := spent.Functions(0); len(got) != 1 || got[0].Name != c.name {
				t.Errorf("functions: got %v, want %q", got, c.name)
			}
			want := Share{c.pkg, 10 * time.Millisecond, 1}
			if got := spent.Packages(); !slices.Equal(got, []Share{want}) {
				t.Errorf("packages: got %v, want %v", got, want)
			}
		})
	}
}

func TestClassifyAssembly(t *testing.T) {
	raw := synthetic(stack(10, "cmpbody"))
	raw.Function[0].Filename = "internal/bytealg/compare_amd64.s"
	data, err := encode(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := timeOf(t, data).Packages(); got[0].Name != "internal/bytealg" {
		t.Errorf("got %v", got)
	}
}

func timeOf(t *testing.T, data []byte) *Time {
	t.Helper()
	p, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return p.Time()
}

func TestAdd(t *testing.T) {
	var sum Time
	if got := sum.Packages(); len(got) != 0 {
		t.Errorf("no time has the shares %v", got)
	}
	one := timeOf(t, encoded(t, stack(30, "crypto/tls.(*Conn).Read"), stack(10, "runtime.memmove")))
	sum.Add(one)
	sum.Add(timeOf(t, encoded(t, stack(60, "runtime.futex"))))
	want := []Share{{"runtime", 70 * time.Millisecond, 0.7}, {"crypto/tls", 30 * time.Millisecond, 0.3}}
	if got := sum.Packages(); !slices.Equal(got, want) {
		t.Errorf("packages: got %v, want %v", got, want)
	}
	if got := sum.Functions(1); len(got) != 1 || got[0].Name != "runtime.futex" {
		t.Errorf("largest function: got %v", got)
	}
	if sum.Samples != 10 || sum.CPU != 100*time.Millisecond || one.Samples != 4 || len(one.Packages()) != 2 {
		t.Errorf("got %d samples of %v; added was %v", sum.Samples, sum.CPU, one.Packages())
	}
}

func TestParseRefuses(t *testing.T) {
	heap := synthetic(stack(10, "main.work"))
	heap.SampleType[1] = &format.ValueType{Type: "alloc_space", Unit: "bytes"}
	negative := synthetic(stack(-10, "main.work"))
	uncounted := synthetic(stack(10, "main.work"))
	uncounted.Sample[0].Value[0] = -1
	endless := synthetic(stack(10, "main.work"), stack(10, "main.rest"))
	endless.Sample[0].Value[1] = 1 << 62
	for name, data := range map[string][]byte{
		"nothing":        nil,
		"text":           []byte("heap profile: 1: 2 [3: 4] @ heap/1024"),
		"cut gzip":       encoded(t, stack(10, "main.work"))[:40],
		"another kind":   must(t, heap),
		"negative time":  must(t, negative),
		"negative count": must(t, uncounted),
		"endless":        must(t, endless),
	} {
		if p, err := Parse(data); err == nil {
			t.Errorf("%s: parsed as %v", name, p)
		}
	}
}

func FuzzParse(f *testing.F) {
	var b bytes.Buffer
	if err := synthetic(stack(10, "runtime.cgocall", "net._Cfunc_getaddrinfo"), stack(20, "")).WriteUncompressed(&b); err != nil {
		f.Fatal(err)
	}
	f.Add(b.Bytes())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := Parse(data)
		if err != nil {
			return
		}
		for _, s := range p.Time().Packages() {
			if s.CPU <= 0 || s.Fraction <= 0 || s.Fraction > 1 {
				t.Errorf("share %v of %v", s, p.CPU)
			}
		}
		labelled, err := Label(data, map[string]string{"variant": "std"})
		if err != nil {
			t.Fatalf("parsed, but not labelled: %v", err)
		}
		if q, err := Parse(labelled); err != nil || q.CPU != p.CPU {
			t.Errorf("labelled: %v, was %v CPU", err, p.CPU)
		}
	})
}

// sampled is one stack and its processor time in milliseconds.
type sampled struct {
	ms    int64
	names []string // innermost first; "" is code without symbols
}

func stack(ms int64, names ...string) sampled { return sampled{ms, names} }

// synthetic is a profile with these stacks, as runtime/pprof lays it out.
func synthetic(stacks ...sampled) *format.Profile {
	p := &format.Profile{
		SampleType: []*format.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &format.ValueType{Type: "cpu", Unit: "nanoseconds"},
		Period:     10_000_000,
		Mapping:    []*format.Mapping{{ID: 1, Start: 1, Limit: 1 << 20, File: "server"}, {ID: 2, Start: 1 << 20, Limit: 1 << 21, File: "/lib/libc.so.6"}},
	}
	for _, s := range stacks {
		sample := &format.Sample{Value: []int64{s.ms / 10, s.ms * 1_000_000}}
		for _, name := range s.names {
			sample.Location = append(sample.Location, location(p, name))
		}
		p.Sample = append(p.Sample, sample)
	}
	return p
}

func location(p *format.Profile, name string) *format.Location {
	l := &format.Location{ID: uint64(len(p.Location) + 1), Mapping: p.Mapping[1], Address: 1<<20 + uint64(len(p.Location))}
	if name != "" {
		f := &format.Function{ID: uint64(len(p.Function) + 1), Name: name, SystemName: name}
		p.Function = append(p.Function, f)
		l.Mapping, l.Address = p.Mapping[0], f.ID
		l.Line = []format.Line{{Function: f, Line: 1}}
	}
	p.Location = append(p.Location, l)
	return l
}

func encoded(t *testing.T, stacks ...sampled) []byte {
	t.Helper()
	return must(t, synthetic(stacks...))
}

func must(t *testing.T, raw *format.Profile) []byte {
	t.Helper()
	data, err := encode(raw)
	if err != nil {
		t.Fatal(err)
	}
	return data
}
