//go:build amd64 || arm64

package ebpf

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/hist"
)

// schedstat is what the kernel's own books say of each thread.
type schedstat map[string]struct{ cpu, delay time.Duration }

func readSchedstat(pid int) (schedstat, error) {
	dir := fmt.Sprintf("/proc/%d/task", pid)
	threads, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("schedstat: %w", err)
	}
	all := schedstat{}
	for _, thread := range threads {
		text, err := os.ReadFile(filepath.Join(dir, thread.Name(), "schedstat"))
		if err != nil {
			continue // the thread has ended
		}
		entry := all[thread.Name()]
		if _, err := fmt.Sscan(string(text), &entry.cpu, &entry.delay); err != nil {
			return nil, fmt.Errorf("schedstat of thread %s: %w", thread.Name(), err)
		}
		all[thread.Name()] = entry
	}
	return all, nil
}

// since is what has been added. It is unknown where a thread ended in between and took its books with it.
func (s schedstat) since(before schedstat) (cpu, delay time.Duration) {
	for thread := range before {
		if _, alive := s[thread]; !alive {
			return -1, -1
		}
	}
	for thread, now := range s {
		cpu += now.cpu - before[thread].cpu
		delay += now.delay - before[thread].delay
	}
	return cpu, delay
}

// settle completes the account from the maps, after everything is detached.
func (o *Observer) settle(before, after schedstat) error {
	total, err := o.sums()
	if err != nil {
		return err
	}
	a := &o.account
	a.Books.SchedstatCPU, a.Books.SchedstatRunDelay = after.since(before)
	a.Books.OnCPU, a.Books.RunQueue = o.last.onCPU-o.first.onCPU, o.last.runQueue-o.first.runQueue
	if s := a.Sampling; s != nil && s.Expected == 0 { // the process has ended, and its clock with it
		s.Expected = a.Books.OnCPU.Seconds() * float64(s.Hertz)
	}
	a.Books.Stolen = -a.Books.OnCPU
	for _, w := range a.Windows {
		a.Books.Stolen += w.Threads[account.User] + w.Threads[account.Kernel]
	}
	a.Books.Accepts, a.Books.Unstamped = total.Accepts, total.Unstamped
	a.Books.Drops += total.Drops
	a.Books.Missed = total.Missed + o.loader.missed()
	a.Unfinished = int64(total.Unfinished) + o.underWay()
	o.countHits(total)
	slices.SortFunc(a.Handshakes, func(x, y account.Handshake) int { return cmp.Compare(x.End, y.End) })
	return errors.Join(o.readSyscalls(total), o.readPreemptors(), o.readFiles())
}

// underWay is how many handshakes had not ended.
func (o *Observer) underWay() (n int64) {
	var g uint64
	var h bpf.AccountHandshake
	for entries := o.loader.maps[bpf.AccountMapHandshakes].Iterate(); entries.Next(&g, &h); n++ {
	}
	return n
}

// countHits gives each probe its hits.
func (o *Observer) countHits(total bpf.AccountCounters) {
	hits := map[string]uint64{}
	for i, name := range hooks {
		hits[name] = total.Hits[i]
	}
	hits[bpf.AccountProgSysEnter] = hits[bpf.AccountProgSysExit] // one for each
	o.account.Probes = o.attached.probes
	for i, at := range o.attached.counts {
		o.account.Probes[i].Hits = hits[at.program]
		if at.program == bpf.AccountProgPhase {
			o.account.Probes[i].Hits = total.Phases[at.phase]
		}
	}
}

func (o *Observer) readSyscalls(total bpf.AccountCounters) error {
	for row := range len(syscalls) + 1 {
		if total.Calls[row] == 0 {
			continue
		}
		all, err := o.latency(row)
		if err != nil {
			return err
		}
		call, err := syscallOf(nameOf(row), all)
		if err != nil {
			return err
		}
		o.account.Syscalls = append(o.account.Syscalls, call)
	}
	wait, err := o.latency(acceptWait)
	if err != nil {
		return err
	}
	o.account.AcceptWait, err = wait.histogram(0)
	return err
}

// latency is one row of the table, all CPUs together.
type latency struct {
	errors, again uint64
	time          [4]uint64 // the whole, then kernel, run queue, blocked
	counts        [4][]uint64
}

func (o *Observer) latency(row int) (all latency, err error) {
	var each []bpf.AccountLatency
	if err := o.loader.maps[bpf.AccountMapLatencies].Lookup(uint32(row), &each); err != nil {
		return all, fmt.Errorf("histogram of %s: %w", nameOf(min(row, len(syscalls))), err)
	}
	for _, one := range each {
		all.errors += one.Errors
		all.again += one.Again
		for part := range all.counts {
			all.time[part] += one.Time[part]
			if all.counts[part] == nil {
				all.counts[part] = make([]uint64, len(one.Counts[part]))
			}
			for i, n := range one.Counts[part] {
				all.counts[part][i] += uint64(n)
			}
		}
	}
	return all, nil
}

// layout is that of bucket_of in account.c.
const layout hist.Layout = 3

func (l latency) histogram(part int) (hist.Histogram, error) {
	return hist.FromCounts(layout, l.counts[part], l.time[part])
}

func syscallOf(name string, l latency) (call account.Syscall, err error) {
	call.Name, call.Errors, call.Again = name, l.errors, l.again
	for part, to := range []*hist.Histogram{&call.Latency, &call.Parts.Kernel, &call.Parts.RunQueue, &call.Parts.Blocked} {
		if *to, err = l.histogram(part); err != nil {
			return call, fmt.Errorf("%s: %w", name, err)
		}
	}
	call.Count = call.Latency.Count()
	for class := account.Kernel; class <= account.Blocked; class++ {
		call.Time[class] = time.Duration(l.time[class])
	}
	return call, nil
}

const mostPreemptors = 32

func (o *Observer) readPreemptors() error {
	var command bpf.AccountCommand
	var ns uint64
	entries := o.loader.maps[bpf.AccountMapPreemptors].Iterate()
	for entries.Next(&command, &ns) {
		o.account.Preemptors = append(o.account.Preemptors, account.Preemptor{Command: text(command.Name[:]), Time: time.Duration(ns)})
	}
	slices.SortFunc(o.account.Preemptors, func(a, b account.Preemptor) int { return cmp.Compare(b.Time, a.Time) })
	o.account.Preemptors = o.account.Preemptors[:min(len(o.account.Preemptors), mostPreemptors)]
	return entries.Err()
}

func (o *Observer) readFiles() error {
	files, err := o.files()
	for name, use := range files {
		o.account.Files = append(o.account.Files, account.FileRead{Path: name, FileUse: use})
	}
	slices.SortFunc(o.account.Files, func(a, b account.FileRead) int { return cmp.Compare(a.Path, b.Path) })
	return err
}

// openFiles are the names of the regular files and FIFOs that a process has open, by descriptor.
func openFiles(pid int) (map[uint32][64]int8, error) {
	dir := fmt.Sprintf("/proc/%d/fd", pid)
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	names := map[uint32][64]int8{}
	for _, entry := range entries {
		fd, err := strconv.ParseUint(entry.Name(), 10, 32)
		if err != nil {
			continue
		}
		path := filepath.Join(dir, entry.Name())
		target, err := os.Readlink(path)
		if err != nil || !filepath.IsAbs(target) {
			continue
		}
		var stat unix.Stat_t
		if unix.Stat(path, &stat) != nil || stat.Mode&unix.S_IFMT != unix.S_IFREG && stat.Mode&unix.S_IFMT != unix.S_IFIFO {
			continue
		}
		names[uint32(fd)] = chars(filepath.Base(target))
	}
	return names, nil
}

// chars is a name as the kernel keeps it: cut, and ended by a zero.
func chars(name string) (to [64]int8) {
	for i := range min(len(name), len(to)-1) {
		to[i] = int8(name[i])
	}
	return to
}
