package standalone

import (
	"os"
	"syscall"

	"github.com/tlslab/tlslab/handshake/reload"
)

// crash is how this process is to end, and where in a reload.
type crash struct {
	at reload.Point // empty: now
	by string       // a key of ways
}

var points = []reload.Point{reload.Read, reload.Validated, reload.Committed, reload.Published, reload.Journaled}

// ways to crash: by a signal that cannot be caught, by one that leaves the stacks on stderr, by a bug that ends the
// program in order, and by one that does not.
var ways = map[string]func(){
	"kill":  func() { _ = syscall.Kill(os.Getpid(), syscall.SIGKILL) },
	"abort": func() { _ = syscall.Kill(os.Getpid(), syscall.SIGABRT) },
	"exit":  func() { os.Exit(1) },
	"panic": func() { go panic("CRASH BY panic") },
}

// obey crashes now, or arms the crash for the first reload that comes as far as its point.
func (c crash) obey(s *server) (string, error) {
	if c.at == "" {
		c.now()
	}
	s.armed.Store(&c)
	return "OK", nil
}

// now does not return: nothing of what the caller was about to do happens any more.
func (c crash) now() {
	ways[c.by]()
	select {}
}
