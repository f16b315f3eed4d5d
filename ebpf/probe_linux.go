//go:build amd64 || arm64

package ebpf

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/ebpf/internal/sampling"
)

// Probe finds out what can be watched here, by loading and attaching one of each kind to this very process. What the
// kernel says of its features is not to be trusted: some forbid what they have, others allow what they deny.
func Probe() Capabilities {
	kinds := []struct {
		kind   string
		layers Layers
		try    func() error
	}{
		{"BTF of the kernel", AllLayers, tryBTF},
		{"iter/task", AllLayers, tryIterator},
		{"tp_btf of system calls, task storage", Syscalls | Goroutines, func() error { return tryTracepoints(Syscalls) }},
		{"tp_btf of the scheduler", Scheduler | Goroutines, func() error { return tryTracepoints(Scheduler) }},
		{"tp_btf of the network", Network, func() error { return tryTracepoints(Network) }},
		{"uprobe_multi", Goroutines, tryUprobe},
		{"perf_event", Sampling, trySampling},
	}
	var all Capabilities
	forbidden := tryRight()
	for _, k := range kinds {
		err := forbidden // then anything else that a try could say is confusion
		if err == nil {
			err = k.try()
		}
		c := Capability{Kind: k.kind, Layers: k.layers}
		if err != nil {
			c.Err, c.Hint = brief(err), hint(err)
		}
		all = append(all, c)
	}
	return all
}

// tryRight finds out whether this process may load anything at all.
func tryRight() error {
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if errors.Is(err, unix.EPERM) {
		return unix.EPERM
	}
	if err == nil {
		err = m.Close()
	}
	return err
}

func tryBTF() error {
	_, err := os.Stat("/sys/kernel/btf/vmlinux")
	return err
}

func tryIterator() error {
	_, err := hostTGID(os.Getpid())
	return err
}

func tryTracepoints(layer Layers) error {
	l, err := newLoader(target{})
	if err != nil {
		return err
	}
	defer l.close()
	programs, err := l.load(tracepoints[layer]...)
	if err != nil {
		return err
	}
	var a attached
	return errors.Join(a.trace(programs, tracepoints[layer], Prices{}), a.detach())
}

func tryUprobe() error {
	l, err := newLoader(target{})
	if err != nil {
		return err
	}
	defer l.close()
	probe, err := attachOwn(l, emulated)
	if err != nil {
		return err
	}
	return probe.Close()
}

// attachOwn puts a hook into this process's own probed function.
func attachOwn(l *loader, where func(code []byte) (int, bool)) (link.Link, error) {
	offset, err := probedOffset(where)
	if err != nil {
		return nil, err
	}
	programs, err := l.load(bpf.AccountProgReady)
	if err != nil {
		return nil, err
	}
	executable, err := link.OpenExecutable("/proc/self/exe")
	if err != nil {
		return nil, err
	}
	return executable.UprobeMulti(nil, programs[bpf.AccountProgReady], &link.UprobeMultiOptions{
		Addresses: []uint64{offset}, PID: uint32(os.Getpid()),
	})
}

func trySampling() error {
	tgid, err := hostTGID(os.Getpid())
	if err != nil {
		return err
	}
	s, err := sampling.Start(sampling.Options{PID: os.Getpid(), TGID: tgid})
	if err != nil {
		return err
	}
	if _, _, err := s.Stop(); err != nil {
		return fmt.Errorf("stop: %w", err)
	}
	return nil
}
