package profile

import (
	"cmp"
	"path"
	"slices"
	"strings"
	"time"

	pprof "github.com/google/pprof/profile"
)

// Share is the self time of one package or function.
type Share struct {
	Name     string        `json:"name"`
	CPU      time.Duration `json:"cpu_ns"`
	Fraction float64       `json:"fraction"` // of the profile's CPU time
}

// Time is processor time by where it was spent, of one profile or of several added up. The zero value is none.
type Time struct {
	CPU     time.Duration // of all samples
	TLS     time.Duration // of those within TLS
	Samples int64

	packages, functions map[string]time.Duration
}

// Time is where the time of a profile was spent: itself, and within TLS.
func (p *Profile) Time() *Time {
	t := &Time{CPU: p.CPU, Samples: p.Samples, packages: map[string]time.Duration{}, functions: map[string]time.Duration{}}
	for _, s := range p.raw.Sample {
		if cpu := time.Duration(s.Value[p.cpu]); cpu > 0 {
			if withinTLS(s.Location) {
				t.TLS += cpu
			}
			f := innermost(s.Location)
			t.packages[f.pkg] += cpu
			t.functions[f.name] += cpu
		}
	}
	return t
}

// Add adds the time of another profile.
func (t *Time) Add(more *Time) {
	if t.packages == nil {
		t.packages, t.functions = map[string]time.Duration{}, map[string]time.Duration{}
	}
	t.CPU += more.CPU
	t.TLS += more.TLS
	t.Samples += more.Samples
	addUp(t.packages, more.packages)
	addUp(t.functions, more.functions)
}

func addUp(sum, more map[string]time.Duration) {
	for name, cpu := range more {
		sum[name] += cpu
	}
}

// Packages gives the self time by Go package, the largest first. All packages of the runtime count as "runtime",
// those that enter the kernel as "syscall", BoringCrypto as "boringcrypto (cgo)", other C as the calling package
// with " (cgo)", C whose caller is unknown as "C (cgo)", code without symbols as the name of its binary in brackets.
func (t *Time) Packages() []Share { return t.shares(t.packages) }

// Functions gives the n functions with the largest self time, the largest first; all of them for n <= 0. C functions
// of BoringCrypto appear by the names that Go's build gave them: _goboringcrypto_ECDSA_sign.
func (t *Time) Functions(n int) []Share {
	all := t.shares(t.functions)
	if n > 0 && n < len(all) {
		all = all[:n]
	}
	return all
}

func (t *Time) shares(of map[string]time.Duration) []Share {
	shares := make([]Share, 0, len(of))
	for name, cpu := range of {
		shares = append(shares, Share{name, cpu, float64(cpu) / float64(t.CPU)})
	}
	slices.SortFunc(shares, func(a, b Share) int {
		return cmp.Or(cmp.Compare(b.CPU, a.CPU), cmp.Compare(a.Name, b.Name))
	})
	return shares
}

// frame is where a sample's time is counted.
type frame struct{ name, pkg string }

const bridge = "runtime.cgocall" // the innermost Go function while C runs

// innermost classifies a stack, innermost location first.
func innermost(stack []*pprof.Location) frame {
	if len(stack) == 0 {
		return frame{"[unknown]", "[unknown]"}
	}
	function := innermostFunction(stack[0])
	if function == nil {
		name := "[" + strings.Trim(cmp.Or(binary(stack[0]), "unknown"), "[]") + "]"
		return frame{name, name}
	}
	if function.Name == bridge && len(stack) > 1 {
		if f, ok := called(innermostFunction(stack[1])); ok {
			return f
		}
	}
	return frame{function.Name, packageOf(function)}
}

// innermostFunction is the function of a location that was inlined into all others there; nil: no symbols.
func innermostFunction(l *pprof.Location) *pprof.Function {
	if len(l.Line) == 0 {
		return nil
	}
	return l.Line[0].Function
}

func binary(l *pprof.Location) string {
	if l.Mapping == nil {
		return ""
	}
	return base(l.Mapping.File)
}

// called is the C function that a bridge function of cgo, such as net._Cfunc_getaddrinfo, calls.
func called(bridge *pprof.Function) (frame, bool) {
	if bridge == nil {
		return frame{}, false
	}
	pkg, name, ok := strings.Cut(bridge.Name, "._Cfunc_")
	if !ok {
		return frame{}, false
	}
	return frame{name, cPackage(name, pkg)}, true
}

// cPackage names C code: BoringCrypto by the prefix that Go's build gives to its symbols, or by Go's bridge to it,
// which calls no other C.
func cPackage(symbol, caller string) string {
	if strings.HasPrefix(symbol, "_goboringcrypto_") || caller == "crypto/internal/boring" {
		return "boringcrypto (cgo)"
	}
	return caller + " (cgo)"
}

// packageOf is the package that a function's time is counted for.
func packageOf(f *pprof.Function) string {
	pkg := importPath(f.Name)
	dir, file := path.Split(f.Filename)
	if pkg == "" && path.Ext(file) == ".s" && !path.IsAbs(dir) {
		pkg = path.Clean(dir) // Go assembly may leave the package out: cmpbody
	}
	switch {
	case pkg == "" && strings.HasPrefix(f.Name, "type:"):
		return "runtime" // written by the compiler: type:.hash.[2]string
	case pkg == "":
		return cPackage(f.Name, "C")
	case pkg == "syscall", strings.HasPrefix(pkg, "internal/runtime/syscall"):
		return "syscall"
	case pkg == "runtime", strings.HasPrefix(pkg, "runtime/internal/"), strings.HasPrefix(pkg, "internal/runtime/"):
		return "runtime"
	}
	return pkg
}

// importPath is the package in the full name of a Go function, "" where there is none, as in names of C. Names look
// like crypto/tls.(*Conn).Read, slices.Sort[go.shape.int] and gopkg.in/yaml%2ev3.Unmarshal.
func importPath(function string) string {
	name, _, _ := strings.Cut(function, "[")
	if _, after, ok := strings.Cut(name, "type:."); ok { // type:.eq.crypto/tls.Config: written by the compiler
		_, name, _ = strings.Cut(after, ".")
	}
	slash := strings.LastIndexByte(name, '/') + 1
	dot := strings.IndexByte(name[slash:], '.')
	if dot < 0 {
		return ""
	}
	return strings.ReplaceAll(name[:slash+dot], "%2e", ".")
}
