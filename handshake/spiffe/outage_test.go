package spiffe

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/spiffe/go-spiffe/v2/workloadapi"
)

func TestOutage(t *testing.T) {
	a := startAgent(t, AgentOptions{Entries: pair})
	l := dial(t, a, "/client")
	a.Stop()
	if got := a.Streams(); got != 0 {
		t.Errorf("%d streams during an outage", got)
	}
	if _, err := os.Lstat(a.options.Socket); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is there during an outage: %v", err)
	}
	if svid, err := l.GetX509SVID(); err != nil || svid == nil {
		t.Errorf("the source lost its identity: %v", err)
	}
	generation := a.Rotate()
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	if a.Start() == nil {
		t.Error("it started twice")
	}
	until(t, l, func() bool { return l.Serial() == generation })
}

// TestReady is a source whose identity comes to its end, with the agent gone.
func TestReady(t *testing.T) {
	t.Parallel()
	a := startAgent(t, AgentOptions{Entries: []Entry{{Path: "/a", UID: -1, TTL: time.Second}}})
	ctx, cancel := context.WithTimeout(context.Background(), never)
	defer cancel()
	l, err := DialWith(ctx, a.Address(), DialOptions{Path: "/a", Margin: 100 * time.Millisecond, Backoff: Reference()})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !l.Ready() {
		t.Error("not ready with a new identity")
	}
	a.Stop()
	<-time.After(time.Until(l.NotAfter()))
	if svid, err := l.GetX509SVID(); err != nil || svid == nil {
		t.Errorf("go-spiffe no longer gives an identity that has expired: %v", err)
	}
	if l.Ready() {
		t.Error("ready with an identity that has expired")
	}
	if err := a.Start(); err != nil {
		t.Fatal(err)
	}
	until(t, l, l.Ready)
}

func TestNotReadyBeforeTheEnd(t *testing.T) {
	a := startAgent(t, AgentOptions{Entries: []Entry{{Path: "/a", UID: -1, TTL: time.Minute}}})
	ctx, cancel := context.WithTimeout(context.Background(), never)
	defer cancel()
	l, err := DialWith(ctx, a.Address(), DialOptions{Margin: 2 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if l.Ready() || time.Now().After(l.NotAfter()) {
		t.Errorf("ready %v, with a minute left and two wanted", l.Ready())
	}
}

// TestRenewals asks the agent what is due at times that the test makes up.
func TestRenewals(t *testing.T) {
	const ttl = time.Hour
	many := make([]Entry, 100)
	for i := range many {
		many[i] = Entry{Path: "/a", TTL: ttl}
	}
	a, err := NewAgent(AgentOptions{Socket: "/nowhere", Domain: newTestDomain(t, "lab.example"), Entries: many, Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	first, _ := a.due(start)
	last := first
	for _, id := range a.identities {
		if after := id.due.Sub(start); after < 27*time.Minute || after > 33*time.Minute {
			t.Fatalf("due after %v, want half an hour and a tenth at most", after)
		}
		if id.due.After(last) {
			last = id.due
		}
	}
	if spread := last.Sub(first); spread < 5*time.Minute {
		t.Errorf("a hundred renewals within %v", spread)
	}
	before := a.generation
	if next, _ := a.due(first); a.generation != before+1 || !next.After(first) {
		t.Errorf("%d renewed at once, next %v", a.generation-before, next)
	}
	if next, _ := a.due(first); a.generation != before+1 || !next.After(first) {
		t.Error("renewed again at once")
	}
}

func TestRenewedAtHalfLife(t *testing.T) {
	a := startAgent(t, AgentOptions{Entries: []Entry{{Path: "/a", UID: -1, TTL: 100 * time.Millisecond}}})
	l := dial(t, a, "/a")
	first := l.Serial()
	until(t, l, func() bool { return l.Serial() >= first+3 })
}

func TestSockets(t *testing.T) {
	domain := newTestDomain(t, "lab.example")
	agent := func(path string) error {
		a, err := NewAgent(AgentOptions{Socket: path, Domain: domain})
		if err != nil {
			return err
		}
		defer a.Stop()
		return a.Start()
	}
	dir, err := os.MkdirTemp("", "spiffe")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := agent(filepath.Join(dir, strings.Repeat("x", 120))); err == nil || !strings.Contains(err.Error(), "107") && runtime.GOOS == "linux" {
		t.Errorf("long path: %v", err)
	}
	if err := agent(filepath.Join(dir, "new", "s")); err != nil {
		t.Errorf("a folder that is missing: %v", err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if agent(file) == nil {
		t.Error("a file was taken for a socket")
	}
	left := filepath.Join(dir, "left")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: left, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	if agent(left) == nil {
		t.Error("the socket of another was taken")
	}
	l.SetUnlinkOnClose(false)
	l.Close()
	if err := agent(left); err != nil {
		t.Errorf("a socket that was left behind: %v", err)
	}
}

// TestNothingIsLeft starts and stops a hundred times, with a client each.
func TestNothingIsLeft(t *testing.T) {
	a := startAgent(t, AgentOptions{Entries: pair})
	round := func() {
		ctx, cancel := context.WithTimeout(context.Background(), never)
		defer cancel()
		c, err := workloadapi.New(ctx, workloadapi.WithAddr(a.Address()))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.FetchX509Context(ctx); err != nil {
			t.Fatal(err)
		}
		a.Stop()
		c.Close()
		if err := a.Start(); err != nil {
			t.Fatal(err)
		}
	}
	round()
	goroutines, files := runtime.NumGoroutine(), descriptors()
	for range 100 {
		round()
	}
	settled := func() bool { return runtime.NumGoroutine() <= goroutines+2 && descriptors() <= files+2 }
	for deadline := time.Now().Add(never); !settled(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("%d goroutines, then %d; %d descriptors, then %d", goroutines, runtime.NumGoroutine(), files, descriptors())
		}
	}
}

// descriptors is how many this process has open, where the system tells.
func descriptors() int {
	all, _ := os.ReadDir("/proc/self/fd")
	return len(all)
}
