package main

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/scenarios"
)

// load reads a scenario: a file where there is one, else a built-in of that name.
func load(name string) (*scenarios.Scenario, error) {
	text, err := os.ReadFile(name)
	if err == nil {
		return scenarios.Parse(name, text)
	}
	if !errors.Is(err, fs.ErrNotExist) || strings.ContainsAny(name, `./\`) {
		return nil, usage(fmt.Errorf("read scenario: %w", err), "tlslab list names the scenarios that come with the tool")
	}
	if !slices.Contains(scenarios.Names(), name) {
		return nil, usage(fmt.Errorf("no file and no built-in scenario %q", name), "tlslab list names the scenarios that come with the tool")
	}
	return scenarios.Load(name)
}

// maxSeed bounds seeds to what every JSON reader keeps exact.
const maxSeed = 1 << 53

// planOf makes a scenario concrete for this machine; a seed on the command line wins over the file's, and that over
// chance. Paths in the file are relative to it.
func planOf(s *scenarios.Scenario, seed uint64, asked bool) (*scenarios.Plan, error) {
	switch {
	case asked:
	case s.Seed != nil:
		seed = *s.Seed
	default:
		seed = rand.Uint64N(maxSeed)
	}
	plan, err := s.Plan(seed, machine())
	if err != nil {
		return nil, err
	}
	for i := range plan.Variants {
		b := &plan.Variants[i].Build
		if filepath.IsAbs(b.PGO) || filepath.IsAbs(b.Source.Path) {
			plan.Warnings = append(plan.Warnings, "an absolute path in the scenario will stand in the bundle; bundles get published")
		}
		b.PGO, b.Source.Path = beside(s.File, b.PGO), beside(s.File, b.Source.Path)
	}
	if plan.Null != nil { // of the same sources
		b := plan.Variants[0].Build
		b.Layout = plan.Null.Build.Layout
		plan.Null.Build = b
	}
	return plan, nil
}

func beside(file, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(filepath.Dir(file), path)
}

// machine is what the planner must know of this machine.
func machine() scenarios.Machine {
	cpu := accel.Detect()
	m := scenarios.Machine{GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Level: cpu.Level, Features: cpu.Features, Spread: calibrated()}
	if err := variant.Available(variant.Build{Backend: variant.BoringCrypto}); err != nil {
		m.CgoReason = err.Error()
	} else {
		m.HasCgo = true
	}
	return m
}
