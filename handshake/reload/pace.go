package reload

import "time"

const (
	quietTime   = 5 * time.Millisecond
	mostQuiets  = 10 // files that never come to rest are read all the same
	firstRetry  = 20 * time.Millisecond
	longestWait = time.Second
	tick        = 20 * time.Millisecond // a file system's clock may stand still for as long
)

// pace says when the files are due to be read: when a change is followed by quiet, and again, less and less often, as
// long as what they hold is not served. It knows no clock.
type pace struct {
	quiet       time.Duration
	seen, read  sight     // at the last look; when the files were last read
	first, last time.Time // of the changes that were not read; zero: there is none
	retry       time.Time // zero: there is no need
	wait        time.Duration
}

// look is told what was seen.
func (p *pace) look(s sight, now time.Time) {
	if s == p.seen {
		return
	}
	p.seen, p.last, p.wait = s, now, 0
	if p.first.IsZero() {
		p.first = now
	}
	if s == p.read { // by somebody else in the meantime
		p.first = time.Time{}
	}
}

// due is when the files are to be read; zero: as long as nothing changes, never.
func (p *pace) due() time.Time {
	if p.first.IsZero() {
		return p.retry
	}
	rest, patience := p.last.Add(p.quiet), p.first.Add(mostQuiets*p.quiet)
	if patience.Before(rest) {
		return patience
	}
	return rest
}

// took is told that the files were read, as they were when they looked like s.
func (p *pace) took(s sight) {
	p.read, p.first, p.retry = s, time.Time{}, time.Time{}
}

// failed is told that what was read is not served; it may be at some time, where that is not zero.
func (p *pace) failed(now, likely time.Time) {
	p.wait = min(max(2*p.wait, firstRetry), longestWait)
	p.retry = now.Add(p.wait)
	if likely.After(now) && likely.Before(p.retry) {
		p.retry = likely
	}
}

// served is told that what was read is served. Files that had changed within a tick could change once more and look
// the same: they are read once more.
func (p *pace) served(now time.Time) {
	p.wait = 0
	if age := now.Sub(p.read.changed()); age >= 0 && age < tick {
		p.retry = now.Add(tick - age)
	}
}
