package profile

import (
	"errors"
	"fmt"
	"strconv"

	pprof "github.com/google/pprof/profile"

	"github.com/tlslab/tlslab/results/account"
)

// Samples reads what [FromSamples] wrote.
func Samples(data []byte) ([]account.Sample, error) {
	p, err := Parse(data)
	if err != nil {
		return nil, err
	}
	if p.count < 0 {
		return nil, errors.New("CPU profile: no column of counts: the observer did not write it")
	}
	all := make([]account.Sample, 0, len(p.raw.Sample))
	for i, s := range p.raw.Sample {
		one := account.Sample{Count: s.Value[p.count]}
		if labels := s.Label[PhaseLabel]; len(labels) > 0 {
			one.Phase = labels[0]
		}
		if labels := s.Label[WindowLabel]; len(labels) > 0 {
			if one.Window, err = strconv.Atoi(labels[0]); err != nil || one.Window < 0 {
				return nil, fmt.Errorf("CPU profile: sample %d: %q is no window", i, labels[0])
			}
		}
		for _, l := range s.Location {
			one.Stack = append(one.Stack, frameOf(l))
		}
		all = append(all, one)
	}
	return all, nil
}

func frameOf(l *pprof.Location) account.Frame {
	f := account.Frame{Address: l.Address, Module: binary(l)}
	if function := innermostFunction(l); function != nil {
		f.Function = function.Name
	}
	return f
}
