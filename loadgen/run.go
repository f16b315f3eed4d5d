package loadgen

import (
	"cmp"
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/results/hist"
)

// Dialer makes one handshake. It finds Seq, Due and Began set and fills in each later instant that it reaches, by
// now, and on confirmation Outcome and the bytes. Which instants are set says how far a failed handshake came:
//
//	Connected == 0    TCP failed
//	Complete == 0     TLS failed
//	Confirmed == 0    complete, but the server never confirmed: it may have rejected
//	Confirmed != 0    the error is a [*handshake.Mismatch]
//
// Dial is called by several goroutines at once, ends soon after ctx does, and leaves no connection open.
type Dialer interface {
	Dial(ctx context.Context, now func() time.Duration, o *handshake.Observation) error
}

// Engine is a dialer that a job has opened.
type Engine interface {
	Dialer
	Fill(ctx context.Context) error // makes what the handshakes need, such as tickets; called once, before the first Dial
	Harvest() []Delayed             // the delays since the last harvest; nil where the job asks for none
	Close() error
}

// Opener makes the dialer that a job asks for. It refuses what it cannot do, such as a kind of handshake or a delay.
type Opener func(Job) (Engine, error)

// Unreachable is how many connects in a row may fail before [Run] gives up: it bounds a hot loop of instant
// failures.
const Unreachable = 1000

// patience is how many handshakes in a row may time out before [Run] gives up.
func patience(workers int) uint64 { return 4 * max(uint64(workers), 4) }

// Run asks dialer for the handshakes of the load and returns what became of them once the last has ended. The seed
// decides a Poisson schedule. Failed handshakes are no error: they are in the ledger. The error is of the load, the
// end of ctx, or a server that cannot be reached ([Unreachable]) or does not answer. [Load.Longest] bounds the time.
//
// A server does not answer when 4 handshakes for each worker, and at least 16, time out in a row, with none between
// them that the server confirmed or rejected. In a closed loop that takes at most 4 timeouts with 4 workers or more,
// 16 with one; an open loop may wait longer for as many to fall due.
//
// A due of an open loop that no worker could begin before the drain deadline counts as begun and failed, under the
// reason "not begun: ...", so that Began is what was asked of the server and Began = Confirmed + Unconfirmed +
// Failed.
func Run(ctx context.Context, dialer Dialer, load Load, seed uint64) (Result, error) {
	return run(ctx, dialer, load, seed, nil)
}

// run is [Run]; an open loop may take turns.
func run(ctx context.Context, dialer Dialer, load Load, seed uint64, turns *Turns) (Result, error) {
	if err := load.Check(); err != nil {
		return Result{}, fmt.Errorf("load: %w", err)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	schedule := load.Schedule(seed)
	if schedule == nil {
		return closedLoop(ctx, newStretch(dialer, load.Workers, cancel), load)
	}
	sleep, closePace, err := newPace(ctx)
	if err != nil {
		return Result{}, err
	}
	defer closePace()
	return openLoop(ctx, newStretch(dialer, load.Workers, cancel), load, schedule, turns, sleep)
}

// stretch is one unbroken stretch of load under way.
type stretch struct {
	dialer Dialer
	cancel context.CancelCauseFunc
	start  time.Time
	now    func() time.Duration // since start
	clock  handshake.Clock
	cpu    handshake.CPU

	patience    uint64
	unconnected streak
	timedOut    streak

	handshake, service, response, lateness *hist.Recorder
}

func newStretch(dialer Dialer, workers int, cancel context.CancelCauseFunc) *stretch {
	s := &stretch{
		dialer:    dialer,
		cancel:    cancel,
		clock:     handshake.NewClock(),
		patience:  patience(workers),
		handshake: hist.NewRecorder(),
		service:   hist.NewRecorder(),
		response:  hist.NewRecorder(),
		lateness:  hist.NewRecorder(),
	}
	s.now = func() time.Duration { return time.Since(s.start) }
	s.cpu = handshake.ReadCPU()
	s.start = time.Now()
	return s
}

// work runs the workers until next says that there is no handshake left to begin, and adds up what they counted.
// next fills in Seq, Due and Began.
func (s *stretch) work(ctx context.Context, workers int, next func(*handshake.Observation) bool) *tally {
	tallies := make([]tally, workers)
	var running sync.WaitGroup
	for i := range tallies {
		running.Go(func() {
			var o handshake.Observation
			t := newTally()
			for ctx.Err() == nil && next(&o) {
				s.one(ctx, &o, &t)
			}
			tallies[i] = t
		})
	}
	running.Wait()
	total := newTally()
	for i := range tallies {
		total.add(&tallies[i])
	}
	return &total
}

// one makes a handshake and records it.
func (s *stretch) one(ctx context.Context, o *handshake.Observation, t *tally) {
	s.lateness.Record(o.Lateness())
	err := s.dialer.Dial(ctx, s.now, o)
	t.count(o, err)
	t.last = s.now()
	if err == nil && o.Confirmed != 0 {
		if took := o.HandshakeTime(); took > 0 { // a live call has none
			s.handshake.Record(took)
		}
		s.service.Record(o.ServiceTime())
		s.response.Record(o.ResponseTime())
	}
	s.watch(o, err)
}

// watch ends the stretch when the server cannot be reached or does not answer.
func (s *stretch) watch(o *handshake.Observation, err error) {
	late := o.Confirmed == 0 && timedOut(err)
	if late && s.timedOut.grow() == s.patience {
		s.cancel(unanswered(s.patience))
	}
	if o.Connected == 0 {
		if s.unconnected.grow() == Unreachable {
			s.cancel(fmt.Errorf("server is unreachable: %d connects failed in a row, the last by %s", Unreachable, Reason(o, err)))
		}
		return
	}
	s.unconnected.end()
	if !late {
		s.timedOut.end()
	}
}

func unanswered(n uint64) error {
	return fmt.Errorf("server does not answer: %d handshakes in a row timed out", n)
}

// streak counts failures in a row.
type streak struct{ length atomic.Uint64 }

func (s *streak) grow() uint64 { return s.length.Add(1) }

// end starts anew. Where nothing fails it writes nothing, so that workers do not wait for each other's caches.
func (s *streak) end() {
	if s.length.Load() != 0 {
		s.length.Store(0)
	}
}

// result closes the books; first is the first due time.
func (s *stretch) result(ctx context.Context, total *tally, first time.Duration) (Result, error) {
	cpu := handshake.ReadCPU().Sub(s.cpu)
	if ctx.Err() != nil {
		return Result{}, context.Cause(ctx)
	}
	return Result{
		Ledger:     total.client(),
		Wall:       max(total.last-first, 0),
		CPU:        cpu,
		Handshake:  s.handshake.Snapshot(),
		Service:    s.service.Snapshot(),
		Response:   s.response.Snapshot(),
		Lateness:   s.lateness.Snapshot(),
		BytesIn:    total.bytesIn,
		BytesOut:   total.bytesOut,
		NoPort:     total.noPort,
		GOMAXPROCS: runtime.GOMAXPROCS(0),
		Began:      s.clock.When(s.start),
		Seen:       identify(),
	}, nil
}

// closedLoop lets each worker begin as soon as its last handshake has ended. Those under way when the length is over
// end as usual.
func closedLoop(ctx context.Context, s *stretch, load Load) (Result, error) {
	var asked atomic.Uint64
	next := func(o *handshake.Observation) bool {
		seq, at := asked.Add(1)-1, s.now()
		*o = handshake.Observation{Seq: seq, Due: at, Began: at}
		return (load.Handshakes == 0 || seq < load.Handshakes) && (load.Length == 0 || at < load.Length)
	}
	return s.result(ctx, s.work(ctx, load.Workers, next), 0)
}

// due is one handshake of an open loop.
type due struct {
	seq uint64
	at  time.Duration
}

// openLoop hands the dues of the schedule to the workers. A due that finds them all busy waits, its time kept, and
// those behind it with it.
func openLoop(ctx context.Context, s *stretch, load Load, schedule Schedule, turns *Turns, sleep func(time.Duration) error) (Result, error) {
	drain := cmp.Or(load.Drain, defaultDrain)
	beginning, cancel := context.WithTimeout(ctx, turns.At(span(load.Phases))+drain-s.now())
	defer cancel()
	dues := make(chan due)
	var first time.Duration
	var lost uint64
	go func() {
		defer close(dues)
		first, lost = s.dispatch(beginning, turns.schedule(schedule), sleep, dues)
	}()
	next := func(o *handshake.Observation) bool {
		d, ok := <-dues
		*o = handshake.Observation{Seq: d.seq, Due: d.at, Began: s.now()}
		return ok
	}
	total := s.work(ctx, load.Workers, next)
	for range dues { // the workers may have left first, at the end of ctx
	}
	total.lose(lost)
	result, err := s.result(ctx, total, first)
	result.Wall = max(turns.own(total.last)-turns.own(first), 0)
	return result, err
}

// dispatch sends each due when its time has come, or as soon after as a worker is free. It returns the first due
// time, and how many dues were not begun before ctx ended.
func (s *stretch) dispatch(ctx context.Context, schedule Schedule, sleep func(time.Duration) error, dues chan<- due) (first time.Duration, lost uint64) {
	var seq uint64
	for at := range schedule {
		if seq == 0 {
			first = at
		}
		for wait := at - s.now(); wait > 0 && ctx.Err() == nil; wait = at - s.now() {
			if err := sleep(wait); err != nil && ctx.Err() == nil {
				s.cancel(fmt.Errorf("wait for a due time: %w", err))
				return first, lost
			}
		}
		if !send(ctx, dues, due{seq, at}) {
			lost++
		}
		seq++
	}
	return first, lost
}

func send(ctx context.Context, dues chan<- due, d due) bool {
	if ctx.Err() != nil {
		return false
	}
	select {
	case dues <- d:
		return true
	case <-ctx.Done():
		return false
	}
}
