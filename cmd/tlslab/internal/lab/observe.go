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
	var possible ebpf.Layers
	var prices ebpf.Prices
	if r.lab.Without["ebpf"] {
		r.lack("observation by eBPF", "left out by --without ebpf", "run without that flag")
	} else {
		capable := ebpf.Probe()
		if possible = capable.Layers(); layers&^possible != 0 {
			r.lackCapabilities(capable)
		}
		prices, _ = ebpf.Calibrate(ctx) // what has no price is shown as not measured
	}
	tier := tierOf(layers, possible)
	kernel := kernelObserver{layers & possible, prices}
	names := namesOf(tier, layers&possible)
	switch {
	case tier == account.Runtime:
		r.observer = traceObserver{}
	case layers&^possible&ebpf.Goroutines != 0:
		r.observer = bothObserver{kernel}
		names = append(names, "execution trace")
	default:
		r.observer = kernel
	}
	r.Manifest.Observer = &results.Observer{Tier: tier, Layers: names}
	return nil
}

// tierOf is what the layers that were asked for make where some are possible. Without goroutines there are no
// handshakes but those of an execution trace, which is taken where they were asked for.
func tierOf(asked, possible ebpf.Layers) account.Tier {
	const threads = ebpf.Syscalls | ebpf.Scheduler
	switch seen := asked & possible; {
	case possible&threads != threads || seen == 0:
		return account.Runtime
	case seen&ebpf.Goroutines == 0:
		return account.Partial
	}
	return account.Full
}

// namesOf are the layers that watch; none where all do, or the execution trace does alone.
func namesOf(tier account.Tier, layers ebpf.Layers) []string {
	if tier == account.Runtime || layers == ebpf.AllLayers {
		return nil
	}
	return strings.Split(layers.String(), ", ")
}

// layersOf are the layers that a plan asks for, on those that follow the threads: without them nothing has a time.
func layersOf(o scenarios.Observe) (ebpf.Layers, error) {
	if len(o.Layers) == 0 {
		return ebpf.AllLayers, nil
	}
	layers := ebpf.Syscalls | ebpf.Scheduler
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
