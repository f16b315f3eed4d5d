//go:build amd64 || arm64

package ebpf

import (
	"errors"
	"fmt"
	"time"
	"unsafe"

	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"github.com/tlslab/tlslab/ebpf/internal/bpf"
	"github.com/tlslab/tlslab/results/account"
)

// totals are what the kernel's sums were at an instant.
type totals struct {
	at              time.Duration // CLOCK_MONOTONIC
	count           uint64        // of threads, those that have ended among them
	threads         account.Times
	onCPU, runQueue time.Duration // of the threads, on the scheduler's clock
	sums            bpf.AccountCounters
	files           map[string]account.FileUse
}

const onThread = 4 // classes of a thread: the first of package account

// read takes all sums. The threads' come from the iterator, which adds their open intervals.
func (o *Observer) read() (r totals, err error) {
	if err := o.threads(&r); err != nil {
		return r, fmt.Errorf("threads: %w", err)
	}
	r.at = monotonic()
	if r.sums, err = o.sums(); err != nil {
		return r, err
	}
	r.files, err = o.files()
	return r, err
}

// threads adds up what is told of all threads, those that have ended among them. One that is about to end may count
// twice or not at all. Then they are counted again, a little later, when it is likely to have ended.
func (o *Observer) threads(r *totals) error {
	const most, pause = 20, time.Millisecond
	for range most {
		alive, err := readAll(o.tasks)
		if err != nil {
			return err
		}
		var ended bpf.AccountTold
		var known uint64
		err = errors.Join(o.loader.get(bpf.AccountVarEnded, &ended), o.loader.get(bpf.AccountVarKnown, &known))
		if err != nil {
			return err
		}
		*r = totals{}
		r.add(ended)
		for size := int(unsafe.Sizeof(ended)); len(alive) >= size; alive = alive[size:] {
			r.add(*(*bpf.AccountTold)(unsafe.Pointer(&alive[0])))
		}
		if r.count == known {
			break
		}
		time.Sleep(pause)
	}
	return nil
}

// add adds what is told of one thread, or of all that have ended.
func (r *totals) add(told bpf.AccountTold) {
	r.count += told.Threads
	for c, d := range told.Time {
		r.threads[c] += time.Duration(d)
	}
	r.onCPU += time.Duration(told.OnCpu)
	r.runQueue += time.Duration(told.RunQueue)
}

// sums are the counters of all CPUs together.
func (o *Observer) sums() (total bpf.AccountCounters, err error) {
	var each []bpf.AccountCounters
	if err := o.loader.maps[bpf.AccountMapSums].Lookup(uint32(0), &each); err != nil {
		return total, fmt.Errorf("counters: %w", err)
	}
	for _, one := range each {
		for i := range one.Calls {
			total.Calls[i] += one.Calls[i]
			total.Spent[i] += one.Spent[i]
		}
		for i := range one.Hits {
			total.Hits[i] += one.Hits[i]
		}
		for i := range one.Phases {
			total.Phases[i] += one.Phases[i]
		}
		total.Others += one.Others
		total.Drops += one.Drops
		total.Missed += one.Missed
		total.Unstamped += one.Unstamped
		total.Accepts += one.Accepts
		total.Unfinished += one.Unfinished
	}
	return total, nil
}

func (o *Observer) files() (map[string]account.FileUse, error) {
	files := map[string]account.FileUse{}
	var name bpf.AccountName
	var use bpf.AccountUse
	entries := o.loader.maps[bpf.AccountMapFiles].Iterate()
	for entries.Next(&name, &use) {
		files[text(name.Text[:])] = account.FileUse{Count: use.Count, Bytes: use.Bytes, Time: time.Duration(use.Time)}
	}
	return files, entries.Err()
}

// text is a string of C.
func text(chars []int8) string {
	var b []byte
	for _, c := range chars {
		if c == 0 {
			break
		}
		b = append(b, byte(c))
	}
	return string(b)
}

func monotonic() time.Duration {
	var now unix.Timespec
	unix.ClockGettime(unix.CLOCK_MONOTONIC, &now) // it cannot fail for this clock
	return time.Duration(now.Nano())
}

// tick reads the sums at the end of each window, until the observer is stopped; then it ends the recording.
func (o *Observer) tick(last totals) {
	ticker := time.NewTicker(o.options.Grid)
	defer ticker.Stop()
	var err error
	for going := true; going && err == nil; {
		select {
		case <-ticker.C:
		case <-o.stop:
			going = false
		}
		if last, err = o.turn(last); err == nil && going {
			o.notice()
		}
	}
	err = errors.Join(err, o.loader.set(bpf.AccountVarRecording, uint32(0)))
	o.account.Length, o.last = last.at-o.began, last
	o.ticked <- err
}

// turn closes a window and opens the next one.
func (o *Observer) turn(last totals) (totals, error) {
	next, err := o.read()
	if err != nil {
		return last, err
	}
	o.account.Windows = append(o.account.Windows, o.window(last, next))
	if o.sampler != nil {
		err = o.sampler.Window(len(o.account.Windows))
	}
	return next, err
}

func (o *Observer) window(last, next totals) account.Window {
	w := account.Window{At: last.at - o.began, Length: next.at - last.at}
	for c := range onThread {
		w.Threads[c] = next.threads[c] - last.threads[c]
	}
	w.Others = time.Duration(next.sums.Others - last.sums.Others)
	w.Syscalls = map[string]account.SyscallUse{}
	for row, calls := range next.sums.Calls {
		if calls -= last.sums.Calls[row]; calls > 0 {
			w.Syscalls[nameOf(row)] = account.SyscallUse{
				Count: calls, Time: time.Duration(next.sums.Spent[row] - last.sums.Spent[row]),
			}
		}
	}
	for name, use := range next.files {
		before := last.files[name]
		use.Count, use.Bytes, use.Time = use.Count-before.Count, use.Bytes-before.Bytes, use.Time-before.Time
		if use != (account.FileUse{}) {
			if w.Files == nil {
				w.Files = map[string]account.FileUse{}
			}
			w.Files[name] = use
		}
	}
	return w
}

// notice closes the channel of Gone when the process has ended.
func (o *Observer) notice() {
	select {
	case <-o.gone:
		return
	default:
	}
	if o.ended() {
		close(o.gone)
	}
}

func (o *Observer) ended() bool {
	poll := []unix.PollFd{{Fd: int32(o.pidfd), Events: unix.POLLIN}}
	n, err := unix.Poll(poll, 0)
	return err == nil && n == 1
}

// mostHandshakes bounds the memory that an account takes: a million are close to one gigabyte.
const mostHandshakes = 1 << 20

// receive takes the records of handshakes until the ring is flushed.
func (o *Observer) receive() {
	var record ringbuf.Record
	for {
		switch err := o.ring.ReadInto(&record); {
		case errors.Is(err, ringbuf.ErrFlushed):
			o.received <- nil
			return
		case err != nil:
			o.received <- fmt.Errorf("records: %w", err)
			return
		}
		if len(record.RawSample) < int(unsafe.Sizeof(bpf.AccountHandshake{})) || len(o.account.Handshakes) == mostHandshakes {
			o.account.Books.Drops++
			continue
		}
		o.account.Handshakes = append(o.account.Handshakes, o.handshake((*bpf.AccountHandshake)(unsafe.Pointer(&record.RawSample[0]))))
	}
}

func (o *Observer) handshake(h *bpf.AccountHandshake) account.Handshake {
	seen := account.Handshake{
		Begin: o.instant(h.Begin), End: o.instant(h.End),
		Established: o.instant(h.Established), Accepted: o.instant(h.Accepted),
		Phases:      make([]account.Times, len(o.account.Phases)),
		Port:        h.Port<<8 | h.Port>>8,
		Retransmits: h.Retransmits,
		Failed:      h.Failed != 0,
	}
	for phase := range seen.Phases {
		for class, d := range h.Time[phase] {
			seen.Phases[phase][class] = time.Duration(d)
		}
		seen.Time.Add(seen.Phases[phase])
	}
	return seen
}

// instant is a time of the kernel as one of the account; zero stays zero.
func (o *Observer) instant(ns uint64) time.Duration {
	if ns == 0 {
		return 0
	}
	return time.Duration(ns) - o.began
}
