// Package profile reads and writes the CPU profiles of a bundle: what a server's processor time went into.
//
// A profile is what [runtime/pprof] writes: samples of the stack, one per 10 ms of processor time, as a gzipped
// protocol buffer (https://github.com/google/pprof/blob/main/proto/profile.proto). [Label] makes one fit to publish
// and says in every sample where it belongs, so that profiles of many cells can be merged and told apart again with
// "go tool pprof -tags". [Time] says where the time itself was spent.
//
// # What a sample can tell
//
// Self time is the time of the innermost function. The profiler cannot look into C: while BoringCrypto runs, the
// innermost Go function is runtime.cgocall, and its caller is the bridge to one function of the library. Such time
// is counted for the package "boringcrypto (cgo)" and for the library's function, for example
// _goboringcrypto_ECDSA_sign; it contains the few dozen nanoseconds of the bridge itself.
//
// At 100 samples per second of processor time a share p of n samples is uncertain by about sqrt(p(1-p)/n): 10 % of
// 1000 samples is 9 % to 11 %.
//
// This is the one package that imports github.com/google/pprof.
package profile

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	pprof "github.com/google/pprof/profile"
)

// What is larger was not taken by the lab.
const (
	maxPacked = 32 << 20  // bytes
	maxPlain  = 128 << 20 // bytes
	maxCPU    = 1 << 46   // nanoseconds: 19 hours; a bundle's profiles add up to less than an int64 holds
)

// Profile is a CPU profile.
type Profile struct {
	CPU     time.Duration       // of all samples
	Wall    time.Duration       // that the profile lasted; 0: unknown
	Period  time.Duration       // processor time per sample
	Samples int64               // taken, not the distinct stacks
	Labels  map[string][]string // the values that each label has, sorted

	raw        *pprof.Profile
	cpu, count int // columns of the samples' values; count is -1 where there is none
}

// Parse reads a CPU profile as [runtime/pprof] writes it, gzipped or not, of at most 128 MiB.
func Parse(data []byte) (*Profile, error) {
	raw, err := decode(data)
	if err != nil {
		return nil, fmt.Errorf("CPU profile: %w", err)
	}
	p := &Profile{raw: raw, Wall: time.Duration(raw.DurationNanos), Labels: map[string][]string{}}
	p.cpu = column(raw, "cpu", "nanoseconds")
	p.count = column(raw, "samples", "count")
	if p.cpu < 0 {
		return nil, errors.New("CPU profile: no column of CPU nanoseconds: another kind of profile")
	}
	if raw.PeriodType != nil && raw.PeriodType.Unit == "nanoseconds" {
		p.Period = time.Duration(raw.Period)
	}
	return p, p.sum()
}

func (p *Profile) sum() error {
	for _, s := range p.raw.Sample {
		cpu, count := time.Duration(s.Value[p.cpu]), int64(0)
		if p.count >= 0 {
			count = s.Value[p.count]
		}
		if cpu < 0 || cpu > maxCPU-p.CPU || count < 0 || count > maxCPU-p.Samples {
			return errors.New("CPU profile: a sample is negative or the sum too large")
		}
		p.CPU += cpu
		p.Samples += count
		for key, values := range s.Label {
			p.Labels[key] = append(p.Labels[key], values...)
		}
	}
	for key, values := range p.Labels {
		slices.Sort(values)
		p.Labels[key] = slices.Compact(values)
	}
	return nil
}

func decode(data []byte) (*pprof.Profile, error) {
	plain, err := gunzip(data)
	if err != nil {
		return nil, err
	}
	raw, err := pprof.ParseUncompressed(plain)
	if err != nil {
		return nil, err
	}
	return raw, raw.CheckValid()
}

func gunzip(data []byte) ([]byte, error) {
	if len(data) > maxPacked {
		return nil, fmt.Errorf("%d bytes, more than %d", len(data), maxPacked)
	}
	if !bytes.HasPrefix(data, []byte{0x1f, 0x8b}) {
		return data, nil
	}
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(z, maxPlain+1))
	if err == nil && len(plain) > maxPlain {
		err = fmt.Errorf("unpacks to more than %d bytes", maxPlain)
	}
	return plain, err
}

func column(raw *pprof.Profile, kind, unit string) int {
	return slices.IndexFunc(raw.SampleType, func(t *pprof.ValueType) bool { return t.Type == kind && t.Unit == unit })
}

func encode(raw *pprof.Profile) ([]byte, error) {
	var b bytes.Buffer
	if err := raw.Write(&b); err != nil {
		return nil, fmt.Errorf("CPU profile: %w", err)
	}
	return b.Bytes(), nil
}
