//go:build amd64 || arm64

package ebpf

import (
	"errors"
	"fmt"
	"os"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/ebpf/internal/sites"
	"github.com/tlslab/tlslab/results/account"
)

// target is the process as the programs must know it.
type target struct {
	pid     int // in our own pid namespace
	tgid    int // in the first one
	program *sites.Program
	files   bool
	client  uint8 // 1: it is watched as a client
}

// loader loads account.c layer by layer. The first load makes the maps, the others share them, so that what this
// kernel does not have costs one layer and not all.
type loader struct {
	spec  *ebpf.CollectionSpec
	maps  map[string]*ebpf.Map
	parts []*ebpf.Collection
}

func newLoader(t target) (*loader, error) {
	spec, err := bpf.LoadAccount()
	if err != nil {
		return nil, err
	}
	if err := configure(spec, t); err != nil {
		return nil, err
	}
	return &loader{spec: spec}, nil
}

func configure(spec *ebpf.CollectionSpec, t target) error {
	rows, kinds := tables(t.files)
	values := map[string]any{
		bpf.AccountVarAsClient:   t.client,
		bpf.AccountVarProcess:    int32(t.tgid),
		bpf.AccountVarStateGiven: stateGiven(),
		bpf.AccountVarSlots:      rows,
		bpf.AccountVarKinds:      kinds,
	}
	if p := t.program; p != nil {
		values[bpf.AccountVarG_status] = uint32(p.G.Status)
		values[bpf.AccountVarG_reason] = uint32(p.G.WaitReason)
		values[bpf.AccountVarIoWait] = uint8(p.Wait.IO)
		values[bpf.AccountVarPreempted] = uint8(p.Wait.Preempted)
	}
	return set(spec, values)
}

func set(spec *ebpf.CollectionSpec, values map[string]any) error {
	for name, value := range values {
		if err := spec.Variables[name].Set(value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

// stateGiven says whether sched_switch tells in which state the thread leaves its CPU: since Linux 5.18. Before, the
// thread itself must be asked, which may have been woken in the meantime.
func stateGiven() uint8 {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		return 0
	}
	var event *btf.Typedef
	if err := kernel.TypeByName("btf_trace_sched_switch", &event); err != nil {
		return 0
	}
	pointer, _ := event.Type.(*btf.Pointer)
	if pointer == nil {
		return 0
	}
	if f, ok := pointer.Target.(*btf.FuncProto); ok && len(f.Params) >= 5 {
		return 1
	}
	return 0
}

// load loads some of the programs.
func (l *loader) load(names ...string) (map[string]*ebpf.Program, error) {
	spec := l.spec.Copy()
	programs := map[string]*ebpf.ProgramSpec{}
	for _, name := range names {
		programs[name] = spec.Programs[name]
	}
	spec.Programs = programs
	part, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{MapReplacements: l.maps})
	if err != nil {
		return nil, err
	}
	l.parts = append(l.parts, part)
	if l.maps == nil {
		l.maps = part.Maps
	}
	return part.Programs, nil
}

// set changes a variable of the running programs.
func (l *loader) set(name string, value any) error { return l.parts[0].Variables[name].Set(value) }

func (l *loader) get(name string, value any) error { return l.parts[0].Variables[name].Get(value) }

// missed is how often a program did not run because it was at work already.
func (l *loader) missed() (n uint64) {
	for _, part := range l.parts {
		for _, program := range part.Programs {
			if stats, err := program.Stats(); err == nil {
				n += stats.RecursionMisses
			}
		}
	}
	return n
}

func (l *loader) close() {
	for _, part := range l.parts {
		part.Close()
	}
	l.parts = nil
}

// gap says why a layer cannot be watched.
func gap(what string, err error) account.Gap {
	return account.Gap{What: what, Reason: brief(err).Error(), Hint: hint(err)}
}

// brief is an error without what nobody but us can read: the verifier's log, and which of many maps came first.
func brief(err error) error {
	var verifier *ebpf.VerifierError
	switch {
	case errors.As(err, &verifier):
		return fmt.Errorf("the kernel refuses the program: %w", verifier.Cause)
	case errors.Is(err, unix.EPERM):
		return fmt.Errorf("load eBPF programs: %w", unix.EPERM)
	}
	return err
}

func hint(err error) string {
	var verifier *ebpf.VerifierError
	var missing *sites.Missing
	switch {
	case errors.Is(err, errThread):
		return "the line Tgid of /proc/ID/status has the id of its process"
	case errors.Is(err, errNoProgram), errors.Is(err, sites.ErrFormat), errors.Is(err, sites.ErrNotGo):
		return "give the id of a program that is written in Go"
	case errors.Is(err, errNoClient):
		return "watch it as a server, without --client"
	case errors.Is(err, sites.ErrNoServer):
		return "if it is a client, watch it as one, with --client"
	case errors.As(err, &missing):
		return "build the program with a release of Go that this tlslab knows"
	case errors.Is(err, unix.ESRCH):
		return "the process has ended: give the id of one that runs"
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return "setcap cap_bpf,cap_perfmon,cap_sys_ptrace=ep on the tool, or run it as root; in a container --cap-add BPF --cap-add PERFMON"
	case errors.Is(err, os.ErrNotExist):
		return "a kernel built with CONFIG_DEBUG_INFO_BTF has /sys/kernel/btf/vmlinux"
	case errors.Is(err, ebpf.ErrNotSupported), errors.As(err, &verifier):
		return "Linux 6.6 or later"
	}
	return ""
}
