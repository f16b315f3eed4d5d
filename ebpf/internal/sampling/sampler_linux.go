//go:build amd64 || arm64

package sampling

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/ebpf/internal/symbols"
	"github.com/tlslab/tlslab/results/account"
)

// Sampler is a CPU profile being taken. Its methods are for one goroutine.
type Sampler struct {
	Gaps []account.Gap // what its samples will lack

	options Options
	process *symbols.Process
	kernel  *symbols.Table // nil: hidden from us
	objects bpf.SampleObjects
	clocks  []clock
	ring    *ringbuf.Reader
	tally   *tally
	done    chan error // of the goroutine that empties the ring
	began   time.Duration
}

// Start begins to sample.
func Start(o Options) (*Sampler, error) {
	if o.TGID == 0 {
		o.TGID = o.PID
	}
	if o.Program == "" {
		o.Program = fmt.Sprintf("/proc/%d/exe", o.PID)
	}
	s := &Sampler{options: o, tally: newTally(), done: make(chan error, 1)}
	if err := s.start(); err != nil {
		s.close()
		return nil, fmt.Errorf("CPU sampling: %w", err)
	}
	return s, nil
}

func (s *Sampler) start() (err error) {
	if s.process, err = symbols.OfProcess(s.options.PID, s.options.Program); err != nil {
		return err
	}
	if s.kernel, err = symbols.OfKernel(); err != nil {
		s.Gaps = append(s.Gaps, account.Gap{
			What: "names of the kernel's functions in CPU samples", Reason: err.Error(), Hint: "sysctl kernel.kptr_restrict=0, or CAP_SYSLOG",
		})
	}
	if err := s.load(); err != nil {
		return err
	}
	if s.ring, err = ringbuf.NewReader(s.objects.Samples); err != nil {
		return err
	}
	if s.began, err = onCPU(s.options.PID); err != nil {
		return err
	}
	go func() { s.done <- s.tally.drain(s.ring) }()
	s.clocks, err = clocks(s.objects.OnSample, s.options.period())
	return err
}

// load gives the program what it must know of the process.
func (s *Sampler) load() error {
	spec, err := bpf.LoadSample()
	if err != nil {
		return err
	}
	var options ebpf.CollectionOptions
	if threads := s.options.Threads; threads != nil {
		spec.Maps[bpf.SampleMapThreads].ValueSize = threads.ValueSize()
		options.MapReplacements = map[string]*ebpf.Map{bpf.SampleMapThreads: threads}
	}
	if err := s.configure(spec); err != nil {
		return err
	}
	return spec.LoadAndAssign(&s.objects, &options)
}

func (s *Sampler) configure(spec *ebpf.CollectionSpec) error {
	p := s.process
	layout := layoutOf(s.options.Program)
	table, ranges := assembly(p.Program)
	for name, value := range map[string]any{
		bpf.SampleVarProcess:   int32(s.options.TGID),
		bpf.SampleVarText:      p.Program.Text.Start + p.Bias,
		bpf.SampleVarTextEnd:   p.Program.Text.End + p.Bias,
		bpf.SampleVarG_m:       layout.m,
		bpf.SampleVarM_curg:    layout.current,
		bpf.SampleVarG_schedBp: layout.saved,
		bpf.SampleVarAssembly:  table,
		bpf.SampleVarRanges:    ranges,
	} {
		if err := spec.Variables[name].Set(value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

// Window says that from now on samples fall into this window.
func (s *Sampler) Window(n int) error {
	if err := s.objects.Window.Set(uint32(n)); err != nil {
		return fmt.Errorf("CPU sampling: window: %w", err)
	}
	return nil
}

// Stop ends the sampling and gives what was seen.
func (s *Sampler) Stop() ([]account.Sample, account.Sampling, error) {
	defer s.close()
	account := account.Sampling{Hertz: s.options.hertz()}
	ended, err := onCPU(s.options.PID)
	if err == nil { // a process that has ended has no clock any more
		account.Expected = (ended - s.began).Seconds() * float64(account.Hertz)
	}
	s.clocks = closeAll(s.clocks)
	if err := errors.Join(s.ring.Flush(), <-s.done); err != nil {
		return nil, account, fmt.Errorf("CPU sampling: %w", err)
	}
	var lost uint64
	if err := s.objects.Lost.Get(&lost); err != nil {
		return nil, account, fmt.Errorf("CPU sampling: %w", err)
	}
	account.Lost = int64(lost)
	return s.tally.samples(names{s.process, s.kernel}, s.options.Phases, &account), account, nil
}

func (s *Sampler) close() {
	s.clocks = closeAll(s.clocks)
	if s.ring != nil {
		s.ring.Close()
	}
	s.objects.Close()
}

// onCPU is the processor time of all threads that a process has had: its own clock, see clock_getcpuclockid(3).
func onCPU(pid int) (time.Duration, error) {
	const scheduler = 2 // CPUCLOCK_SCHED, of the whole process
	var now unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|scheduler), &now); err != nil {
		return 0, fmt.Errorf("processor time of process %d: %w", pid, err)
	}
	return time.Duration(now.Nano()), nil
}

// clock ticks on one CPU and runs the program at each tick.
type clock struct {
	event int
	link  *link.RawLink
}

func clocks(program *ebpf.Program, period time.Duration) ([]clock, error) {
	count, err := ebpf.PossibleCPU()
	if err != nil {
		return nil, err
	}
	var all []clock
	for cpu := range count {
		c, err := newClock(program, cpu, period)
		if errors.Is(err, unix.ENODEV) {
			continue // it is switched off
		}
		if err != nil {
			closeAll(all)
			return nil, err
		}
		all = append(all, c)
	}
	return all, nil
}

func newClock(program *ebpf.Program, cpu int, period time.Duration) (clock, error) {
	attributes := unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Size: unix.PERF_ATTR_SIZE_VER0,
		Sample: uint64(period), Bits: unix.PerfBitDisabled | unix.PerfBitExcludeIdle,
	}
	event, err := unix.PerfEventOpen(&attributes, -1, cpu, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		return clock{}, os.NewSyscallError("perf_event_open", err)
	}
	l, err := link.AttachRawLink(link.RawLinkOptions{Target: event, Program: program, Attach: ebpf.AttachPerfEvent})
	if err == nil {
		err = unix.IoctlSetInt(event, unix.PERF_EVENT_IOC_ENABLE, 0)
	}
	c := clock{event, l}
	if err != nil {
		closeAll([]clock{c})
		return clock{}, fmt.Errorf("clock of CPU %d: %w", cpu, err)
	}
	return c, nil
}

// closeAll stops clocks; it returns what is left of them, nothing.
func closeAll(all []clock) []clock {
	for _, c := range all {
		if c.link != nil {
			c.link.Close()
		}
		unix.Close(c.event)
	}
	return nil
}
