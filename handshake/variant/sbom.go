package variant

import (
	"crypto/sha256"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"strings"
)

// SBOM says what a server binary is made of, read from the binary itself but for Source.
//
// Source is where the sources came from: a module version; the commit of a git ref; checkout@COMMIT, with +dirty
// after it where files of the checkout were changed or new, or "checkout" alone where git does not answer;
// "directory" for a tree that the user named. COMMIT is the full id.
type SBOM struct {
	SHA256         string            `json:"sha256"`
	Bytes          int64             `json:"bytes"`
	Go             string            `json:"go"`
	Path           string            `json:"path"` // main package
	Modules        []Module          `json:"modules"`
	Settings       map[string]string `json:"settings"` // build settings: -tags, CGO_ENABLED, GOAMD64, GOFIPS140, DefaultGODEBUG, ...
	DefaultGODEBUG string            `json:"default_godebug"`
	Symbol         string            `json:"symbol"` // crypto/internal/boring/sig.BoringCrypto or .StandardCrypto: the decisive tell
	Source         string            `json:"source"`
}

// Module is one dependency.
type Module struct {
	Path    string `json:"path"`
	Version string `json:"version"` // "replaced" where a directory took its place
	Sum     string `json:"sum,omitempty"`
}

// The symbols that tell which crypto the linker took. Every other tell (GOEXPERIMENT in the build settings, the
// version string) says boringcrypto of a binary that was built with CGO_ENABLED=0 and has none of it.
const (
	BoringSymbol   = "crypto/internal/boring/sig.BoringCrypto"
	StandardSymbol = "crypto/internal/boring/sig.StandardCrypto"
)

// ReadSBOM reads the SBOM of an executable that Go built; Source stays empty, a binary does not know it.
func ReadSBOM(path string) (SBOM, error) {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return SBOM{}, fmt.Errorf("server binary: %w", err)
	}
	sum, size, err := digest(path)
	if err != nil {
		return SBOM{}, fmt.Errorf("server binary: %w", err)
	}
	names, err := symbols(path)
	if err != nil {
		return SBOM{}, fmt.Errorf("server binary: %w", err)
	}
	settings := settingsOf(info)
	return SBOM{
		SHA256: sum, Bytes: size, Go: info.GoVersion, Path: info.Path, Modules: modulesOf(info), Settings: settings,
		DefaultGODEBUG: settings["DefaultGODEBUG"], Symbol: backendSymbol(names),
	}, nil
}

// digest is the SHA-256 of a file, in hexadecimal, and its size in bytes.
func digest(path string) (string, int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, f)
	return hex.EncodeToString(hash.Sum(nil)), n, err
}

func settingsOf(info *debug.BuildInfo) map[string]string {
	settings := map[string]string{}
	for _, s := range info.Settings {
		settings[s.Key] = s.Value
	}
	return settings
}

// modulesOf lists the dependencies. The path of a replacement may be one of this machine: it stays out.
func modulesOf(info *debug.BuildInfo) []Module {
	modules := []Module{}
	for _, d := range info.Deps {
		m := Module{d.Path, d.Version, d.Sum}
		if d.Replace != nil {
			m.Version, m.Sum = d.Replace.Version, d.Replace.Sum
			if m.Version == "" {
				m.Version = "replaced"
			}
		}
		modules = append(modules, m)
	}
	return modules
}

// symbols is the symbol table of an ELF or Mach-O file; nil where it was stripped.
func symbols(path string) ([]string, error) {
	f, err := elf.Open(path)
	var format *elf.FormatError
	if errors.As(err, &format) {
		return machoSymbols(path)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	table, err := f.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	var names []string
	for _, s := range table {
		names = append(names, s.Name)
	}
	return names, nil
}

func machoSymbols(path string) ([]string, error) {
	f, err := macho.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if f.Symtab == nil {
		return nil, nil
	}
	var names []string
	for _, s := range f.Symtab.Syms {
		names = append(names, strings.TrimPrefix(s.Name, "_"))
	}
	return names, nil
}

// backendSymbol is the one of the two symbols that is there; empty where neither is.
func backendSymbol(names []string) string {
	for _, name := range names {
		name = strings.TrimSuffix(name, ".abi0") // both are assembly functions
		if name == BoringSymbol || name == StandardSymbol {
			return name
		}
	}
	return ""
}
