//go:build amd64 || arm64

package ebpf

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/ebpf/internal/sampling"
	"github.com/tlslab/tlslab/ebpf/internal/sites"
	"github.com/tlslab/tlslab/results/account"
)

// Observer is a watch under way.
type Observer struct {
	options  Options
	target   target
	loader   *loader
	attached attached
	tasks    *link.Iter
	ring     *ringbuf.Reader
	sampler  *sampling.Sampler // nil: there is none
	pidfd    int
	unseen   error       // why handshakes are not seen; nil: they are, or nobody asked for them
	ran      os.FileInfo // the program; nil: it has none

	began       time.Duration
	before      schedstat
	first, last totals
	account     account.Account

	stop     chan struct{}
	gone     chan struct{}
	ticked   chan error // of the goroutine that reads the windows
	received chan error // of the goroutine that empties the ring
}

// Watch attaches to the process and begins to record. What of the layers cannot be had is a gap in the account; only
// where not even the threads can be followed, the error is an *[Unavailable].
func Watch(ctx context.Context, options Options) (*Observer, error) {
	options.Grid = cmp.Or(options.Grid, Grid)
	options.Layers = cmp.Or(options.Layers, AllLayers)
	o := &Observer{
		options: options, pidfd: -1,
		stop: make(chan struct{}), gone: make(chan struct{}),
		ticked: make(chan error, 1), received: make(chan error, 1),
	}
	if err := o.watch(ctx); err != nil {
		o.close()
		return nil, &Unavailable{gap(fmt.Sprintf("process %d", options.PID), err), err}
	}
	return o, nil
}

func (o *Observer) watch(ctx context.Context) (err error) {
	if o.pidfd, err = openProcess(o.options.PID); err != nil {
		return err
	}
	o.ran, _ = os.Stat(o.executable())
	if err := o.plan(); err != nil {
		return err
	}
	if err := o.load(); err != nil {
		return err
	}
	for _, step := range []func(){o.network, o.goroutines, o.sampling} {
		if err := ctx.Err(); err != nil {
			return err
		}
		step()
	}
	if o.options.Need&^o.options.Layers != 0 {
		return o.unseen
	}
	return o.begin()
}

// plan finds out what there is to attach to.
func (o *Observer) plan() (err error) {
	o.target = target{pid: o.options.PID, files: o.options.Layers&Files != 0}
	if o.options.Client {
		o.target.client = 1
	}
	if o.target.tgid, err = hostTGID(o.options.PID); err != nil {
		return err
	}
	if o.options.Layers&Goroutines == 0 {
		return nil
	}
	if err := o.place(); err != nil {
		o.lackHandshakes(err)
	}
	return nil
}

func (o *Observer) executable() string { return fmt.Sprintf("/proc/%d/exe", o.options.PID) }

// place finds the hooks' sites in the program.
func (o *Observer) place() error {
	file, err := os.Open(o.executable())
	if errors.Is(err, os.ErrNotExist) {
		return errNoProgram
	}
	if err != nil {
		return err
	}
	defer file.Close()
	o.target.program, err = sites.Find(file)
	var missing *sites.Missing
	switch incomplete := errors.As(err, &missing); {
	case err != nil && (!incomplete || missing.Layout != nil):
		return err
	case !o.placed():
		return cmp.Or(err, errNoClient)
	case err != nil && len(missing.Absent) > 0:
		o.lack("hooks", err)
	}
	return nil
}

// placed says whether the hooks that handshakes cannot do without have sites.
func (o *Observer) placed() bool {
	for _, hook := range essential(o.options.Client) {
		if !slices.ContainsFunc(o.target.program.Sites, func(s sites.Site) bool { return s.Hook == hook }) {
			return false
		}
	}
	return true
}

// Why a program has no handshakes to watch, beside what package sites says.
var (
	errNoProgram = errors.New("it runs no program: it is the kernel's, or has ended")
	errNoClient  = errors.New("no TLS client of crypto/tls in this program")
)

func (o *Observer) lackHandshakes(err error) {
	o.lack("handshakes", err)
	o.options.Layers &^= Goroutines
	o.unseen = err
}

func (o *Observer) lack(what string, err error) {
	o.account.Gaps = append(o.account.Gaps, gap(what, err))
}

// load loads the programs and attaches those that follow the threads.
func (o *Observer) load() (err error) {
	if o.loader, err = newLoader(o.target); err != nil {
		return err
	}
	names := []string{bpf.AccountProgSnapshot}
	for _, layer := range []Layers{Syscalls, Scheduler} {
		if o.options.Layers&layer != 0 {
			names = append(names, tracepoints[layer]...)
		}
	}
	programs, err := o.loader.load(names...)
	if err != nil {
		return err
	}
	if o.tasks, err = link.AttachIter(link.IterOptions{Program: programs[bpf.AccountProgSnapshot]}); err != nil {
		return err
	}
	if o.ring, err = ringbuf.NewReader(o.loader.maps[bpf.AccountMapRecords]); err != nil {
		return err
	}
	return o.attached.trace(programs, names[1:], o.options.Prices)
}

func (o *Observer) network() {
	if o.options.Layers&Network == 0 {
		return
	}
	programs, err := o.loader.load(tracepoints[Network]...)
	if err == nil {
		err = o.attached.trace(programs, tracepoints[Network], o.options.Prices)
	}
	if err != nil {
		o.lack("arrival of data", err)
	}
}

func (o *Observer) goroutines() {
	if o.options.Layers&Goroutines == 0 {
		return
	}
	var names []string
	for _, name := range uprobes[o.options.Client] {
		names = append(names, name)
	}
	var probes attached
	programs, err := o.loader.load(names...)
	if err == nil {
		err = probes.probe(programs, o.target, o.options)
	}
	if err != nil {
		probes.detach()
		o.lackHandshakes(err)
		return
	}
	o.attached.add(probes)
}

func (o *Observer) sampling() {
	if o.options.Layers&Sampling == 0 {
		return
	}
	sampler, err := sampling.Start(sampling.Options{
		PID: o.target.pid, TGID: o.target.tgid, Hertz: o.options.Hertz,
		Threads: o.loader.maps[bpf.AccountMapThreads], Phases: o.phases(),
	})
	if errors.Is(err, os.ErrNotExist) {
		err = errNoProgram
	}
	if err != nil {
		o.lack("CPU profile", err)
		return
	}
	o.account.Gaps = append(o.account.Gaps, sampler.Gaps...)
	o.sampler = sampler
}

func (o *Observer) phases() []string {
	switch {
	case o.options.Layers&Goroutines == 0:
		return nil
	case o.options.Client:
		return sites.ClientPhases
	}
	return sites.ServerPhases
}

// tier is what the account is.
func (o *Observer) tier() account.Tier {
	const all = Syscalls | Scheduler | Goroutines
	if o.options.Layers&all == all {
		return account.Full
	}
	return account.Partial
}

// begin records from here on.
func (o *Observer) begin() (err error) {
	o.account.Tier, o.account.Phases = o.tier(), o.phases()
	if o.target.files {
		if err := seed(o.target.pid, o.loader); err != nil {
			o.lack("files that were open before", err)
		}
	}
	if o.before, err = readSchedstat(o.target.pid); err != nil {
		return err
	}
	if err := o.loader.set(bpf.AccountVarRecording, uint32(1)); err != nil {
		return err
	}
	if o.first, err = o.read(); err != nil {
		return err
	}
	o.began, o.account.Began = o.first.at, o.first.at
	go o.receive()
	go o.tick(o.first)
	return nil
}

// Gone is closed when the process has ended.
func (o *Observer) Gone() <-chan struct{} { return o.gone }

// Stop ends the recording, detaches everything and returns what was seen. It is to be called once.
func (o *Observer) Stop() (*account.Account, []account.Sample, error) {
	defer o.close()
	close(o.stop)
	err := <-o.ticked // it ends the recording
	after, _ := readSchedstat(o.target.pid)
	samples, sampled := o.endSampling()
	errs := []error{err, sampled, o.attached.detach(), o.ring.Flush(), <-o.received}
	errs = append(errs, o.settle(o.before, after))
	o.doubt()
	if err := errors.Join(errs...); err != nil {
		return nil, nil, fmt.Errorf("watch process %d: %w", o.target.pid, err)
	}
	return &o.account, samples, nil
}

// doubt says what the account does not show of what happened.
func (o *Observer) doubt() {
	now, err := os.Stat(o.executable())
	if err == nil && o.ran != nil && !os.SameFile(o.ran, now) && !o.ended() {
		o.lack("what came after exec", errors.New("the process runs another program than when the observation began"))
	}
	if n := o.account.Unfinished; n > int64(len(o.account.Handshakes)) {
		o.lack("most handshakes", fmt.Errorf("%d began, and their end was not seen: "+
			"TLS 1.2 has none that could be, or the peers do not answer", n))
	}
}

func (o *Observer) endSampling() ([]account.Sample, error) {
	if o.sampler == nil {
		return nil, nil
	}
	samples, sampling, err := o.sampler.Stop()
	o.sampler = nil
	o.account.Sampling = &sampling
	return samples, err
}

// close gives everything back. What Stop has closed already is not there any more.
func (o *Observer) close() {
	if o.sampler != nil {
		o.sampler.Stop()
	}
	o.attached.detach()
	if o.ring != nil {
		o.ring.Close()
	}
	if o.tasks != nil {
		o.tasks.Close()
	}
	if o.loader != nil {
		o.loader.close()
	}
	if o.pidfd >= 0 {
		unix.Close(o.pidfd)
	}
}

// seed makes the files known that the process has open already.
func seed(pid int, l *loader) error {
	opened, files := l.maps[bpf.AccountMapOpened], uint32(0)
	names, err := openFiles(pid)
	if err != nil {
		return err
	}
	for fd, name := range names {
		if err := opened.Update(fd, bpf.AccountName{Text: name}, ebpf.UpdateAny); err != nil {
			return err
		}
		files++
	}
	return l.set(bpf.AccountVarOpenFiles, files)
}
