package p384

import (
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// batch is up to eight signatures that are computed together.
type batch struct {
	n          int
	joined     [maxLanes]time.Duration // since the signer was made
	k, e, r, s [maxLanes][6]uint64
	fate       [maxLanes]reason
	done       sync.WaitGroup
	readers    atomic.Int32 // lanes whose result has not been read
}

// add puts a nonce and a digest into the next lane. Until a run says otherwise, it has not come to an end.
func (b *batch) add(k, e *[6]uint64, now time.Duration) (lane int) {
	lane = b.n
	b.k[lane], b.e[lane], b.joined[lane], b.fate[lane] = *k, *e, now, panicked
	b.n++
	return lane
}

// batches keeps those that are not in use.
type batches struct{ pool sync.Pool }

func (p *batches) get() *batch {
	b, ok := p.pool.Get().(*batch)
	if !ok {
		b = new(batch)
	}
	b.n = 0
	b.done.Add(1)
	return b
}

// read copies a lane's result; the last lane to be read gives the batch back.
func (p *batches) read(b *batch, lane int, r, s *[6]uint64) reason {
	*r, *s = b.r[lane], b.s[lane]
	fate := b.fate[lane]
	if b.readers.Add(-1) == 0 {
		p.pool.Put(b)
	}
	return fate
}

// coalescer gathers the signatures of callers that sign at the same time.
type coalescer struct {
	mu      sync.Mutex
	current *batch   // accepts lanes; nil if there is none
	vain    uint32   // leads in a row that let others run for long, and that nobody joined
	skipped uint32   // leads since then that let nobody run
	_       [40]byte // the rest of a cache line: shards lie side by side
}

// join puts a signature into a batch and returns the batch when it is done, and the lane. run is called for each batch
// once, by one of those who joined it.
func (c *coalescer) join(free *batches, k, e *[6]uint64, now time.Duration, lanes int, run func(*batch)) (*batch, int) {
	c.mu.Lock()
	if c.current == nil {
		c.current = free.get()
	}
	b := c.current
	lane := b.add(k, e, now)
	mine := b.n == lanes
	if mine {
		c.current = nil
	}
	hopeful := lane == 0 && !mine && c.hopeful()
	c.mu.Unlock()
	if lane == 0 && !mine {
		mine = c.lead(b, hopeful)
	}
	if mine {
		run(b)
	} else {
		b.done.Wait()
	}
	return b, lane
}

// To let others run costs the time slice of each that computes and does not sign, 10 ms in Go. So after some leads that
// took long and that nobody joined, only one of many lets them, until one is short again or is joined. A handshake's
// longest stretch without waiting, a key exchange with P-384, takes about 1 ms.
const (
	long     = 3 * time.Millisecond
	patience = 4  // leads
	retry    = 64 // leads
)

// hopeful says whether a lead is to let others run.
func (c *coalescer) hopeful() bool {
	if c.vain < patience {
		return true
	}
	c.skipped++
	return c.skipped%retry == 0
}

// learn notes how long others ran for a lead, and how many signatures there are then.
func (c *coalescer) learn(took time.Duration, n int) {
	if c.vain++; took < long || n > 1 {
		c.vain = 0
	}
}

// lead lets every other goroutine that is ready run, if there is hope that one signs, and again as long as that brings
// lanes; then it takes the batch unless somebody has filled it. Once would do if the scheduler did not look at those who
// yielded first at every 61st turn.
func (c *coalescer) lead(b *batch, hopeful bool) (taken bool) {
	for seen := 1; ; {
		hopeful = hopeful || seen > 1
		begin := time.Now()
		if hopeful {
			runtime.Gosched()
		}
		took := time.Since(begin)
		c.mu.Lock()
		mine, n := c.current == b, b.n
		if mine && n == seen {
			c.current = nil
		}
		if hopeful {
			c.learn(took, n)
		}
		c.mu.Unlock()
		if !mine || n == seen {
			return mine
		}
		seen = n
	}
}

// shards spreads callers over coalescers, so that on a large machine a batch is filled by neighbours.
type shards struct {
	all  []coalescer
	next atomic.Uint32
	near sync.Pool // of *coalescer; a pool prefers what the same P put into it
}

// newShards makes one coalescer, or one per four Ps above eight.
func newShards(ps int) *shards {
	if ps <= 8 {
		return &shards{all: make([]coalescer, 1)}
	}
	return &shards{all: make([]coalescer, (ps+3)/4)}
}

func (s *shards) pick() *coalescer {
	if len(s.all) == 1 {
		return &s.all[0]
	}
	c, ok := s.near.Get().(*coalescer)
	if !ok {
		c = &s.all[int(s.next.Add(1))%len(s.all)]
	}
	s.near.Put(c)
	return c
}
