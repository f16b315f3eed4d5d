//go:build amd64 || arm64

package ebpf

import (
	"errors"
	"fmt"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/ebpf/internal/sites"
	"github.com/tlslab/tlslab/results/account"
)

// hooks are the programs in the order of enum hook of account.c, which counts their hits.
var hooks = [...]string{
	bpf.AccountProgSysEnter,
	bpf.AccountProgSysExit,
	bpf.AccountProgSchedSwitch,
	bpf.AccountProgSchedWakeup,
	bpf.AccountProgSchedWakeupNew,
	bpf.AccountProgSkDataReady,
	bpf.AccountProgInetSockSetState,
	bpf.AccountProgTcpRetransmitSkb,
	bpf.AccountProgSchedule,
	bpf.AccountProgStopm,
	bpf.AccountProgExecute,
	bpf.AccountProgReady,
	bpf.AccountProgBegin,
	bpf.AccountProgPhase,
	bpf.AccountProgEnd,
	bpf.AccountProgFailed,
}

// tracepoints are the kernel's events of each layer.
var tracepoints = map[Layers][]string{
	Syscalls:  {bpf.AccountProgSysEnter, bpf.AccountProgSysExit},
	Scheduler: {bpf.AccountProgSchedSwitch, bpf.AccountProgSchedWakeup, bpf.AccountProgSchedWakeupNew},
	Network:   {bpf.AccountProgSkDataReady, bpf.AccountProgInetSockSetState, bpf.AccountProgTcpRetransmitSkb},
}

// uprobes are the programs of the hooks into the program, as server and as client.
var uprobes = map[bool]map[sites.Hook]string{
	false: {
		sites.Schedule: bpf.AccountProgSchedule, sites.StopM: bpf.AccountProgStopm,
		sites.Execute: bpf.AccountProgExecute, sites.Ready: bpf.AccountProgReady,
		sites.ServerBegin: bpf.AccountProgBegin, sites.ServerPhase: bpf.AccountProgPhase,
		sites.ServerEnd: bpf.AccountProgEnd, sites.Failed: bpf.AccountProgFailed,
	},
	true: {
		sites.Schedule: bpf.AccountProgSchedule, sites.StopM: bpf.AccountProgStopm,
		sites.Execute: bpf.AccountProgExecute, sites.Ready: bpf.AccountProgReady,
		sites.ClientBegin: bpf.AccountProgBegin, sites.ClientPhase: bpf.AccountProgPhase,
		sites.ClientEnd: bpf.AccountProgEnd, sites.Failed: bpf.AccountProgFailed,
	},
}

// attached is what is hooked in.
type attached struct {
	links  []link.Link
	probes []account.Probe
	counts []counted // where each probe's hits are
}

// counted is a program, and a phase where the program serves several.
type counted struct {
	program string
	phase   int
}

// trace attaches tracepoints.
func (a *attached) trace(programs map[string]*ebpf.Program, names []string, prices Prices) error {
	price := map[string]account.Probe{
		bpf.AccountProgSysEnter: {Price: prices.SysEnter},
		bpf.AccountProgSysExit:  {Price: prices.SysExit},
	}
	for _, name := range names {
		l, err := link.AttachTracing(link.TracingOptions{Program: programs[name], AttachType: ebpf.AttachTraceRawTp})
		if err != nil {
			return fmt.Errorf("attach %s: %w", name, err)
		}
		a.links = append(a.links, l)
		a.probes = append(a.probes, account.Probe{Name: name, Site: "tp_btf", Cheap: true, Price: price[name].Price})
		a.counts = append(a.counts, counted{program: name})
	}
	return nil
}

// probe attaches the hooks into the program, one link for each hook: the kernel takes all sites of a link away at
// once, where it would take a quarter of a second for each probe of the older kind.
func (a *attached) probe(programs map[string]*ebpf.Program, t target, o Options) error {
	executable, err := link.OpenExecutable(fmt.Sprintf("/proc/%d/exe", t.pid))
	if err != nil {
		return err
	}
	for hook, name := range uprobes[o.Client] {
		at := link.UprobeMultiOptions{PID: uint32(t.pid)}
		for _, site := range t.program.Sites {
			if site.Hook == hook {
				at.Addresses = append(at.Addresses, site.Offset)
				at.Cookies = append(at.Cookies, cookie(site))
				a.tell(site, name, o.Prices)
			}
		}
		if len(at.Addresses) == 0 {
			continue
		}
		l, err := executable.UprobeMulti(nil, programs[name], &at)
		if err != nil {
			return fmt.Errorf("attach %s: %w", hook, err)
		}
		a.links = append(a.links, l)
	}
	return nil
}

// add takes over what others are.
func (a *attached) add(others attached) {
	a.links = append(a.links, others.links...)
	a.probes = append(a.probes, others.probes...)
	a.counts = append(a.counts, others.counts...)
}

// cookie is what the program is told of the site: the phase that begins there, or which result is the error.
func cookie(s sites.Site) uint64 {
	switch s.Hook {
	case sites.ServerPhase, sites.ClientPhase:
		return uint64(s.Phase)
	case sites.ClientEnd:
		return 1
	}
	return 0
}

func (a *attached) tell(s sites.Site, program string, prices Prices) {
	price := prices.Stepped
	if s.Cheap {
		price = prices.Emulated
	}
	a.probes = append(a.probes, account.Probe{Name: s.Function, Site: s.Instruction, Cheap: s.Cheap, Price: price})
	a.counts = append(a.counts, counted{program, s.Phase})
}

// detach takes all hooks away, all at once: for each the kernel waits until nobody runs it any more.
func (a *attached) detach() error {
	errs := make([]error, len(a.links))
	var all sync.WaitGroup
	for i, l := range a.links {
		all.Go(func() { errs[i] = l.Close() })
	}
	all.Wait()
	a.links = nil
	return errors.Join(errs...)
}

// essential are the hooks without which handshakes cannot be followed.
func essential(client bool) []sites.Hook {
	if client {
		return []sites.Hook{sites.Schedule, sites.StopM, sites.Execute, sites.ClientBegin, sites.ClientEnd}
	}
	return []sites.Hook{sites.Schedule, sites.StopM, sites.Execute, sites.ServerBegin, sites.ServerEnd}
}
