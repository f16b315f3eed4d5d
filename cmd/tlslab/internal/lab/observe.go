package lab

import (
	"context"
	"fmt"
	"strings"

	"github.com/tlslab/tlslab/ebpf"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/scenarios"
)

// observe chooses the observer of the plan's observed blocks: the best that this machine and the user allow. What it
// lacks is a gap of the run.
func (r *Run) observe(ctx context.Context) error {
	if !r.plan.Observe.On() {
		return nil
	}
	layers, err := layersOf(r.plan.Observe)
	if err != nil {
		return err
	}
	capable := ebpf.Probe()
	prices, err := ebpf.Calibrate(ctx)
	if err != nil {
		prices = ebpf.Prices{} // shown as not measured
	}
	tier := capable.Tier()
	switch {
	case r.lab.Without["ebpf"]:
		tier = account.Runtime
		r.lack("observation by eBPF", "left out by --without ebpf", "run without that flag")
	case tier != account.Full:
		r.lackCapabilities(capable)
	}
	layers &= capable.Layers()
	switch {
	case tier == account.Runtime:
		r.observer = traceObserver{}
	case tier == account.Partial:
		r.observer = &bothObserver{kernelObserver{layers: layers, prices: prices}}
	default:
		r.observer = &kernelObserver{layers: layers, prices: prices}
	}
	r.Manifest.Observer = &results.Observer{Tier: tier, Layers: r.plan.Observe.Layers}
	return nil
}

// layersOf are the layers that a plan asks for; goroutines need what follows their threads.
func layersOf(o scenarios.Observe) (ebpf.Layers, error) {
	if len(o.Layers) == 0 {
		return ebpf.AllLayers, nil
	}
	var layers ebpf.Layers
	for _, name := range o.Layers {
		one, err := ebpf.ParseLayer(name)
		if err != nil {
			return 0, &Unusable{err}
		}
		layers |= one
	}
	return layers, nil
}

func (r *Run) lack(what, reason, hint string) {
	r.Manifest.Gaps = append(r.Manifest.Gaps, results.Gap{What: what, Reason: reason, Hint: hint})
}

func (r *Run) lackCapabilities(capable ebpf.Capabilities) {
	for _, c := range capable {
		if c.Err != nil {
			r.lack(fmt.Sprintf("eBPF: %s (%s)", c.Kind, c.Layers), strings.TrimSpace(c.Err.Error()), c.Hint)
		}
	}
}
