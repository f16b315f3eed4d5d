package profile

import (
	"errors"
	"fmt"
	"path"
	"strings"

	pprof "github.com/google/pprof/profile"
)

// Label gives every sample of a profile these labels, over labels of the same names, and takes away what would tell
// whose machine it was taken on: directories in the names of binaries, libraries and source files, build ids,
// comments. Function names stay, and source files are named as -trimpath names them. The result is gzipped.
func Label(data []byte, labels map[string]string) ([]byte, error) {
	p, err := Parse(data)
	if err != nil {
		return nil, err
	}
	for key, value := range labels {
		if key == "" || value == "" {
			return nil, fmt.Errorf("CPU profile: label %q=%q: neither may be empty", key, value)
		}
		p.raw.SetLabel(key, []string{value})
	}
	strip(p.raw)
	return encode(p.raw)
}

// Merge is the profile of all samples of these profiles. Labels keep them apart.
func Merge(data ...[]byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, errors.New("merge CPU profiles: there is none")
	}
	raws := make([]*pprof.Profile, len(data))
	for i, d := range data {
		p, err := Parse(d)
		if err != nil {
			return nil, fmt.Errorf("merge CPU profiles: %w", err)
		}
		raws[i] = p.raw
	}
	merged, err := pprof.Merge(raws)
	if err != nil {
		return nil, fmt.Errorf("merge CPU profiles: %w", err)
	}
	return encode(merged)
}

func strip(raw *pprof.Profile) {
	raw.Comments, raw.DocURL = nil, ""
	for _, m := range raw.Mapping {
		m.File, m.BuildID, m.KernelRelocationSymbol = base(m.File), "", ""
	}
	for _, f := range raw.Function {
		f.Filename = trimPath(f.Name, f.Filename)
	}
}

// trimPath names a source file after the package of a function in it. Files that -trimpath named already, which are
// not absolute, stay.
func trimPath(function, file string) string {
	local := path.IsAbs(file) || strings.ContainsAny(file, `\:`) || strings.HasPrefix(file, ".")
	if !local {
		return file
	}
	return path.Join(importPath(function), base(file))
}

// base is the last element of a path of any system; "" of "".
func base(file string) string {
	return file[strings.LastIndexAny(file, `/\`)+1:]
}
