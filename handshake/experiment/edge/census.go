package edge

import (
	"runtime"
	"strings"

	"github.com/tlslab/tlslab/handshake/experiment"
)

// census counts goroutines by what they are at.
type census struct {
	looks   uint64
	partake uint64 // goroutines that take part in handshakes
	blocked uint64 // of those, waiting for a mutex
	inConn  uint64 // of those, for one that a tls.Conn has to itself, such as its handshakeMutex
}

// take looks at all goroutines of this process once.
func (c *census) take() {
	records := make([]runtime.StackRecord, 2*runtime.NumGoroutine()+1024)
	n, ok := runtime.GoroutineProfile(records)
	if !ok {
		return // they have become twice as many meanwhile
	}
	c.looks++
	for _, r := range records[:n] {
		var stack []string
		for frames := runtime.CallersFrames(r.Stack()); ; {
			frame, more := frames.Next()
			stack = append(stack, frame.Function)
			if !more {
				break
			}
		}
		c.count(stack)
	}
}

// count counts a goroutine by the functions on its stack, innermost first.
func (c *census) count(stack []string) {
	if !partakes(stack) {
		return
	}
	c.partake++
	caller, waits := awaits(stack)
	if !waits {
		return
	}
	c.blocked++
	if strings.HasPrefix(caller, "crypto/tls.(*Conn).") {
		c.inConn++
	}
}

// partakes: it is a dialer of a crowd, or serves one of its connections.
func partakes(stack []string) bool {
	for _, f := range stack {
		if strings.HasSuffix(f, "/edge.(*crowd).dial") || strings.HasSuffix(f, "/edge.confirm") || f == "net/http.(*conn).serve" {
			return true
		}
	}
	return false
}

// awaits says whether the goroutine is within the lock of a mutex, and who called that.
func awaits(stack []string) (caller string, waits bool) {
	for _, f := range stack {
		switch {
		case strings.Contains(f, "sync.(*Mutex).") || strings.Contains(f, "sync.(*RWMutex).") || strings.Contains(f, "sync.runtime_SemacquireMutex") || strings.Contains(f, "sync.runtime_SemacquireRWMutex"):
			waits = true
		case waits:
			return f, true
		case !strings.HasPrefix(f, "runtime."):
			return "", false
		}
	}
	return "", waits
}

func (c *census) measures() []experiment.Measure {
	if c.partake == 0 {
		return nil
	}
	share := func(name string, n uint64) experiment.Measure {
		return experiment.Measure{Name: name, Unit: "share", Value: float64(n) / float64(c.partake), Of: c.partake}
	}
	return []experiment.Measure{
		share("blocked_share", c.blocked), share("blocked_in_conn_share", c.inConn),
		experiment.Count("looks", "looks", c.looks, looks),
	}
}
