package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake"
)

// Plant is a delay or a burn that the server adds on purpose, so that an observer can be asked how much of it he
// found, and where.
//
// One of a component grows in every Every-th handshake, full or resumed, between its ClientHello and its
// negotiation. Its names are those of the classes of time:
//
//	user       spin in Go
//	kernel     spin in system calls
//	run queue  be able to run while another process has the CPU (needs CAP_SYS_NICE)
//	blocked    sleep in a system call
//	goroutine  wait for a lock that another goroutine holds
//	runnable   give way to a goroutine that occupies the only P
//
// The server cannot plant waiting for the network: a client does, who delays his ClientHello.
//
// An episodic one is what goes wrong in real servers. The first two last for Size in every Period, the third for Size
// in every Every-th handshake; lock and file grow where the certificate is chosen, so in full handshakes of clients
// that name a server:
//
//	gc    a storm of allocations and collections
//	lock  a goroutine holds the lock that GetCertificate takes
//	file  GetCertificate reads a named pipe, which is answered after Size
//
// One of work makes a server that costs more of one thing and next to nothing more of any other, so that a gate can be
// asked whether it trips. It grows where one of a component does, and has a Count or a Size, and no Period:
//
//	burn     Count compressions of SHA-256, of 64 bytes each
//	alloc    Count objects of 16 bytes on the heap
//	syscall  Count times read(2), one byte of /dev/zero each
//	bytes    Count bytes of OCSP response in the certificate, and some 8 around them: in full handshakes of clients
//	         that name a server
//	lock     wait for a lock that another goroutine holds for Size
//	sleep    wait for a timer of Go for Size
type Plant struct {
	Component string        `json:"component"`
	Size      time.Duration `json:"size_ns,omitempty"`
	Count     int           `json:"count,omitempty"`
	Every     int           `json:"every,omitempty"` // zero: in each handshake
	Period    time.Duration `json:"period_ns,omitempty"`
}

// Planted is one growth of a [Plant], as the server measured it.
type Planted struct {
	Port uint16        `json:"port,omitempty"` // of the peer; zero: of no handshake
	At   time.Duration `json:"at_ns"`          // its begin, by [handshake.Clock]
	Size time.Duration `json:"size_ns"`
}

const (
	maxPlantSize = 10 * time.Second
	roomPlanted  = 1 << 10 // of the ledger at the beginning of a stretch
	maxPlanted   = 1 << 20 // then the ledger is full, and nothing more grows
)

// plants is what grows at present, and the ledger of what has grown.
type plants struct {
	clock  handshake.Clock
	serves tls.Certificate        // what the server serves for life; empty where it reloads
	grown  atomic.Pointer[growth] // nil: nothing

	mu     sync.Mutex
	ledger []Planted
}

// growth is a plant at work. Its functions do what the plant does and say how much it came to; zero: nothing was
// planted this time.
type growth struct {
	every  uint64
	hellos atomic.Uint64
	chosen atomic.Uint64
	hello  func() time.Duration                    // in GetConfigForClient; nil: nothing
	choice func() time.Duration                    // in GetCertificate; nil: nothing
	serve  func(*tls.Certificate) *tls.Certificate // what GetCertificate chooses in the place of another one, nil: the server's for life; nil: it does not
	stop   func()                                  // nil: there is nothing to stop
}

// seeds are the plants that exist on every system; see systemSeeds for the others.
var seeds = map[string]func(ctx context.Context, p Plant, l *plants) (*growth, error){
	"goroutine": func(_ context.Context, p Plant, _ *plants) (*growth, error) { return exact(p, waitForLock), nil },
	"runnable":  runnable,
	"lock":      lockEpisodes,
	"gc":        collectionEpisodes,
	"network": func(context.Context, Plant, *plants) (*growth, error) {
		return nil, errors.New("a server cannot plant it: let the client delay its ClientHello")
	},
}

// exact is the growth of what is done within a handshake.
func exact(p Plant, do func(time.Duration) time.Duration) *growth {
	return &growth{hello: func() time.Duration { return do(p.Size) }}
}

// plant puts p in the place of what grew before; nil: nothing.
func (l *plants) plant(ctx context.Context, p *Plant) error {
	l.clear()
	if p == nil {
		return nil
	}
	g, err := l.seed(ctx, *p)
	if err != nil {
		return fmt.Errorf("plant %q: %w", p.Component, err)
	}
	g.every = uint64(max(p.Every, 1))
	l.grown.Store(g)
	return nil
}

func (l *plants) seed(ctx context.Context, p Plant) (*growth, error) {
	sow := seeds[p.Component]
	if sow == nil {
		sow = systemSeeds[p.Component]
	}
	w, works := works[p.Component]
	switch {
	case p.Every < 0:
		return nil, fmt.Errorf("every %d. handshake: it must not be negative", p.Every)
	case works && (p.Period == 0 || sow == nil):
		return w.seed(p, l)
	case sow == nil:
		return nil, fmt.Errorf("there is none; known: %s", strings.Join(plantNames(), ", "))
	}
	if err := p.checkSize(); err != nil {
		return nil, err
	}
	return sow(ctx, p, l)
}

func plantNames() []string {
	names := slices.Collect(maps.Keys(seeds))
	names = slices.AppendSeq(names, maps.Keys(systemSeeds))
	names = slices.AppendSeq(names, maps.Keys(works))
	slices.Sort(names)
	return slices.Compact(names) // lock is an episode and work
}

// checkSize checks a plant that has a size and no count.
func (p Plant) checkSize() error {
	if p.Count != 0 {
		return fmt.Errorf("a count of %d: it has a size", p.Count)
	}
	if p.Size <= 0 || p.Size > maxPlantSize {
		return fmt.Errorf("a size of %v: it must be positive and at most %v", p.Size, maxPlantSize)
	}
	return nil
}

// clear takes away what grows.
func (l *plants) clear() {
	if g := l.grown.Swap(nil); g != nil && g.stop != nil {
		g.stop()
	}
}

// hello lets grow what grows after a ClientHello.
func (l *plants) hello(client *tls.ClientHelloInfo) {
	if g := l.grown.Load(); g != nil && g.hello != nil && g.hellos.Add(1)%g.every == 0 {
		l.grow(client.Conn, g.hello)
	}
}

// choice lets grow what grows where a certificate is chosen, and returns the one to serve; nil: the server's for life.
func (l *plants) choice(client *tls.ClientHelloInfo, served *tls.Certificate) *tls.Certificate {
	g := l.grown.Load()
	if g == nil || g.choice == nil && g.serve == nil || g.chosen.Add(1)%g.every != 0 {
		return served
	}
	if g.choice != nil {
		l.grow(client.Conn, g.choice)
	}
	if g.serve == nil {
		return served
	}
	return g.serve(served)
}

func (l *plants) grow(peer net.Conn, do func() time.Duration) {
	at := l.clock.Now()
	if size := do(); size > 0 {
		l.record(Planted{port(peer.RemoteAddr()), at, size})
	}
}

func (l *plants) record(p Planted) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ledger) < maxPlanted {
		l.ledger = append(l.ledger, p)
	}
}

// harvest returns the ledger and begins a new one, with room, so that no handshake pays for it.
func (l *plants) harvest() []Planted {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.ledger
	l.ledger = nil
	if l.grown.Load() != nil {
		l.ledger = make([]Planted, 0, roomPlanted)
	}
	return all
}

// waitForLock waits for a lock that another goroutine gives back after size. What comes after that is waiting for a
// thread, and not counted.
func waitForLock(size time.Duration) time.Duration {
	var lock sync.Mutex
	var held time.Duration
	began := time.Now()
	lock.Lock()
	time.AfterFunc(size, func() {
		held = time.Since(began)
		lock.Unlock()
	})
	lock.Lock()
	return held
}

// runnable plants a wait for the only P.
func runnable(_ context.Context, p Plant, _ *plants) (*growth, error) {
	return exact(p, new(giver).giveWay), nil
}
