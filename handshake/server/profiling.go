package server

import (
	"bytes"
	"fmt"
	"runtime/pprof"
	"time"
)

const (
	minWindow   = 50 * time.Millisecond // a shorter profile would hold a handful of samples
	maxProfiles = 64 << 20              // bytes of all windows
)

// profiling takes CPU profiles back to back until it is stopped, or one that lasts as long.
type profiling struct {
	began   time.Time
	quit    chan struct{}
	done    chan struct{}
	windows []Profile
	err     error
}

// startProfiling starts profiles of one window each; a window of zero lasts until the profiling is stopped.
func startProfiling(window time.Duration) (*profiling, error) {
	if window < 0 || window > 0 && window < minWindow {
		return nil, fmt.Errorf("profile: a window of %v: it takes at least %v", window, minWindow)
	}
	p := &profiling{began: time.Now(), quit: make(chan struct{}), done: make(chan struct{})}
	first := &bytes.Buffer{}
	if err := pprof.StartCPUProfile(first); err != nil {
		return nil, err
	}
	go p.take(first, window)
	return p, nil
}

// take ends each window and begins the next one.
func (p *profiling) take(data *bytes.Buffer, window time.Duration) {
	defer close(p.done)
	var tick <-chan time.Time // never, without a window
	if window > 0 {
		ticker := time.NewTicker(window)
		defer ticker.Stop()
		tick = ticker.C
	}
	for at, size := time.Duration(0), 0; ; {
		var last bool
		select {
		case <-tick:
		case <-p.quit:
			last = true
		}
		pprof.StopCPUProfile()
		p.windows = append(p.windows, Profile{at, data.Bytes()})
		if size += data.Len(); last {
			return
		} else if size > maxProfiles {
			p.err = fmt.Errorf("profiles: more than %d bytes", maxProfiles)
			return
		}
		at, data = time.Since(p.began), &bytes.Buffer{}
		if p.err = pprof.StartCPUProfile(data); p.err != nil {
			return
		}
	}
}

func (p *profiling) stop() ([]Profile, error) {
	close(p.quit)
	<-p.done
	return p.windows, p.err
}
