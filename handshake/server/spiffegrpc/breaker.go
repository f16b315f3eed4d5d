package spiffegrpc

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/spiffe/go-spiffe/v2/spiffeid"
)

// Limits are what the breaker takes for normal. A zero field stands for the value that its comment names.
type Limits struct {
	Issued  func(id spiffeid.ID, serial uint64) bool // says whether such an identity was issued; nil: nobody knows, and it is not asked
	Grace   time.Duration                            // by which who says that may be late; 250 ms
	Overlap time.Duration                            // from the first handshake with a newer key to the last one with an older key; 2 s
	Burst   int                                      // refused calls within Window that are too many; 20
	Window  time.Duration                            // 1 s
	Cool    time.Duration                            // from the isolation of an identity to a call for trial; 5 s
}

func (l Limits) filled() Limits {
	l.Grace = cmp.Or(l.Grace, 250*time.Millisecond)
	l.Overlap = cmp.Or(l.Overlap, 2*time.Second)
	l.Burst = cmp.Or(l.Burst, 20)
	l.Window = cmp.Or(l.Window, time.Second)
	l.Cool = cmp.Or(l.Cool, 5*time.Second)
	return l
}

// isolated begins the reason of the breaker's own refusals.
const isolated = "isolated: "

// Why an identity is isolated.
const (
	unknownSerial = "a certificate that was never issued"
	twoKeys       = "two keys at once"
	manyRefusals  = "a burst of refused calls"
)

// maxRecords bounds the identities that a breaker remembers; only a trust domain's authority can make so many.
const maxRecords = 4096

// breaker isolates an identity that is used as no rotation uses it. After a while one call is let through for trial: if
// it is allowed and nothing else is wrong, the identity is free again.
//
// An identity is one workload's: two that share an ID, each with a key of its own, look like a stolen one. A rotation
// does not: the older key's connections may live on, but after the overlap nobody shakes hands with it. A resumed
// handshake uses no key and shows a leaf of the past, and is not looked at.
type breaker struct {
	Limits
	mu      sync.Mutex
	records map[spiffeid.ID]*conduct
}

// conduct is what is known of one identity.
type conduct struct {
	key       [32]byte // of the newest certificate that it has shaken hands with
	notBefore time.Time
	since     time.Time            // when that was first seen
	doubtful  map[uint64]time.Time // serials that nobody says were issued, since when they were seen

	window  time.Time // begin of the one that refusals are counted in
	refused int

	opened time.Time // zero: closed
	why    string
	trial  bool // a call is under way for trial
}

func newBreaker(l Limits) *breaker {
	return &breaker{Limits: l.filled(), records: map[spiffeid.ID]*conduct{}}
}

// of is the conduct of an identity. Where there is no room for another one, one that is not isolated is forgotten.
func (b *breaker) of(id spiffeid.ID) *conduct {
	if c := b.records[id]; c != nil {
		return c
	}
	if len(b.records) >= maxRecords {
		for other, c := range b.records {
			if c.opened.IsZero() {
				delete(b.records, other)
				break
			}
		}
	}
	c := &conduct{doubtful: map[uint64]time.Time{}}
	b.records[id] = c
	return c
}

// meet looks at a handshake.
func (b *breaker) meet(p caller) {
	if p.resumed {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c, now := b.of(p.id), time.Now()
	if _, known := c.doubtful[p.serial]; !known && b.Issued != nil && !b.Issued(p.id, p.serial) && len(c.doubtful) < maxRecords {
		c.doubtful[p.serial] = now
	}
	switch {
	case p.key == c.key:
	case !p.notBefore.Before(c.notBefore): // of one second there may be several
		c.key, c.notBefore, c.since = p.key, p.notBefore, now
	case now.Sub(c.since) > b.Overlap:
		c.open(now, twoKeys)
	}
}

// check refuses the calls of an isolated identity.
func (b *breaker) check(_ context.Context, r Request) (Decision, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	c, now := b.of(r.Caller), time.Now()
	if b.forged(c, r, now) {
		c.open(now, unknownSerial)
	}
	switch {
	case c.opened.IsZero():
	case c.trial || now.Sub(c.opened) < b.Cool:
		return Decision{Reason: isolated + c.why}, nil
	default:
		c.trial = true
	}
	return Decision{Allow: true}, nil
}

// forged says whether the caller's serial is still not known to be issued after the grace.
func (b *breaker) forged(c *conduct, r Request, now time.Time) bool {
	since, doubtful := c.doubtful[r.Serial]
	if doubtful && b.Issued(r.Caller, r.Serial) {
		delete(c.doubtful, r.Serial)
		return false
	}
	return doubtful && now.Sub(since) > b.Grace
}

// tell looks at a decision, the breaker's own ones excepted.
func (b *breaker) tell(r Record) {
	if strings.HasPrefix(r.Decision.Reason, isolated) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	c, now := b.of(r.Caller), time.Now()
	if r.Decision.Allow {
		if c.trial {
			c.opened, c.trial, c.refused = time.Time{}, false, 0
		}
		return
	}
	if now.Sub(c.window) > b.Window {
		c.window, c.refused = now, 0
	}
	if c.refused++; c.trial || c.refused >= b.Burst {
		c.open(now, manyRefusals)
	}
}

// open isolates the identity from now on.
func (c *conduct) open(now time.Time, why string) {
	c.opened, c.why, c.trial = now, why, false
}
