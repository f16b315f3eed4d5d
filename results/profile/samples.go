package profile

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	pprof "github.com/google/pprof/profile"

	"github.com/tlslab/tlslab/results/account"
)

// Labels that [FromSamples] gives to samples.
const (
	PhaseLabel  = "tls_phase" // of the handshake; none outside of handshakes
	WindowLabel = "window"    // of the common time grid
)

// FromSamples writes samples that were taken every so often as a gzipped profile, with these labels on all of them.
// The modules take the place of binaries, so that "go tool pprof" can focus on the kernel's or C's part; nothing tells
// whose machine it was, nor where its kernel lies in memory.
func FromSamples(samples []account.Sample, period time.Duration, labels map[string]string) ([]byte, error) {
	if period <= 0 {
		return nil, errors.New("CPU profile: samples without a period")
	}
	b := builder{mappings: map[string]*pprof.Mapping{}, functions: map[string]*pprof.Function{}, locations: map[account.Frame]*pprof.Location{}}
	b.raw = &pprof.Profile{
		SampleType: []*pprof.ValueType{{Type: "samples", Unit: "count"}, {Type: "cpu", Unit: "nanoseconds"}},
		PeriodType: &pprof.ValueType{Type: "cpu", Unit: "nanoseconds"},
		Period:     int64(period),
	}
	for _, s := range samples {
		b.add(s, period)
	}
	for key, value := range labels {
		if key == "" || value == "" {
			return nil, fmt.Errorf("CPU profile: label %q=%q: neither may be empty", key, value)
		}
		b.raw.SetLabel(key, []string{value})
	}
	if err := b.raw.CheckValid(); err != nil {
		return nil, fmt.Errorf("CPU profile: %w", err)
	}
	return encode(b.raw)
}

// builder gives each module, function and address one entry in a profile.
type builder struct {
	raw       *pprof.Profile
	mappings  map[string]*pprof.Mapping
	functions map[string]*pprof.Function
	locations map[account.Frame]*pprof.Location
}

func (b *builder) add(s account.Sample, period time.Duration) {
	sample := &pprof.Sample{
		Value: []int64{s.Count, s.Count * int64(period)},
		Label: map[string][]string{WindowLabel: {strconv.Itoa(s.Window)}},
	}
	if s.Phase != "" {
		sample.Label[PhaseLabel] = []string{s.Phase}
	}
	for _, f := range s.Stack {
		if f.Module == "kernel" {
			f.Address = 0
		}
		sample.Location = append(sample.Location, b.location(f))
	}
	b.raw.Sample = append(b.raw.Sample, sample)
}

func (b *builder) location(f account.Frame) *pprof.Location {
	if l, known := b.locations[f]; known {
		return l
	}
	l := &pprof.Location{ID: uint64(len(b.raw.Location) + 1), Mapping: b.mapping(f.Module), Address: f.Address}
	if f.Function != "" {
		l.Line = []pprof.Line{{Function: b.function(f.Function)}}
	}
	b.raw.Location = append(b.raw.Location, l)
	b.locations[f] = l
	return l
}

// mapping is a module. It claims to have its symbols, or pprof would look for its binary.
func (b *builder) mapping(module string) *pprof.Mapping {
	if m, known := b.mappings[module]; known {
		return m
	}
	m := &pprof.Mapping{ID: uint64(len(b.raw.Mapping) + 1), File: module, HasFunctions: true}
	b.raw.Mapping = append(b.raw.Mapping, m)
	b.mappings[module] = m
	return m
}

func (b *builder) function(name string) *pprof.Function {
	if f, known := b.functions[name]; known {
		return f
	}
	f := &pprof.Function{ID: uint64(len(b.raw.Function) + 1), Name: name, SystemName: name}
	b.raw.Function = append(b.raw.Function, f)
	b.functions[name] = f
	return f
}
