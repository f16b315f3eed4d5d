package identity

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/server/spiffegrpc"
	"github.com/tlslab/tlslab/handshake/spiffe"
	"github.com/tlslab/tlslab/handshake/variant"
)

// honest is how many processes open the agent's socket, each a server that serves a call by its identity then.
const honest = 3

// socketRule is the rule that was published for an observer in the kernel, on processes that have a right to an identity.
func socketRule(ctx context.Context, b experiment.Bench) (experiment.Arm, error) {
	a := experiment.Arm{
		Name: "socket-rule", Role: experiment.Published,
		Doc: "every process other than the agent that opens the Workload API's socket is an intruder; here they are servers that were given an identity and served a call by it",
	}
	if b.Server == nil || !peersKnown {
		a.Skipped = "it takes servers in processes of their own, and a system that tells which process opens a socket (Linux)"
		return a, nil
	}
	path, err := b.Server(ctx, "spiffegrpc")
	if err != nil {
		return a, err
	}
	estate, err := found(b, workloads(time.Hour)...)
	if err != nil {
		return a, err
	}
	defer estate.agent.Stop()
	o, err := observe(strings.TrimPrefix(estate.agent.Address(), "unix://"))
	if err != nil {
		return a, err
	}
	err = errors.Join(employ(ctx, path, o.socket, estate), o.close())
	reported := 0
	for pid := range o.opened {
		reported += one(pid != os.Getpid()) // the agent's
	}
	a.Measures = []experiment.Measure{experiment.Count("false_positives", "processes", reported, len(o.opened))}
	return a, err
}

// employ starts the servers, one after the other, and calls each.
func employ(ctx context.Context, path, socket string, e *estate) error {
	source, err := e.source(ctx, clientPath, nil)
	if err != nil {
		return err
	}
	defer source.Close()
	settings := handshake.SPIFFE{Socket: "unix://" + socket, Domain: trustDomain, Resumption: spiffe.Off}
	for range honest {
		p, err := variant.Start(ctx, variant.Binary{Path: path}, variant.Options{Settings: server.Settings{App: "spiffegrpc", SPIFFE: &settings}})
		if err != nil {
			return err
		}
		err = callAt(ctx, p.Hello().Address, spiffegrpc.ClientOptions{SPIFFE: settings, Source: source})
		_ = p.Stop(context.WithoutCancel(ctx)) // one that has to be killed has served all the same
		if err != nil {
			return err
		}
	}
	return nil
}

func callAt(ctx context.Context, address string, o spiffegrpc.ClientOptions) error {
	v, err := visit(ctx, address, o)
	if err != nil {
		return err
	}
	defer v.client.Close()
	_, _, err = v.call(ctx)
	return err
}

// observer stands before an agent's socket with one of its own, passes everything on, and sees which processes come.
type observer struct {
	socket   string
	listener net.Listener
	agent    string
	opened   map[int]bool // to be read after close
	err      error        // of asking who it was
	running  sync.WaitGroup

	mu    sync.Mutex
	conns []net.Conn
}

func observe(agent string) (*observer, error) {
	socket := filepath.Join(filepath.Dir(agent), "seen")
	l, err := net.Listen("unix", socket)
	if err != nil {
		return nil, err
	}
	o := &observer{socket: socket, listener: l, agent: agent, opened: map[int]bool{}}
	o.running.Go(o.serve)
	return o, nil
}

func (o *observer) serve() {
	for {
		client, err := o.listener.Accept()
		if err != nil {
			return // closed
		}
		pid, err := peerOf(client.(*net.UnixConn))
		if err != nil {
			o.err = err
		}
		o.opened[pid] = true
		agent, err := net.Dial("unix", o.agent)
		if err != nil {
			client.Close()
			continue
		}
		o.mu.Lock()
		o.conns = append(o.conns, client, agent)
		o.mu.Unlock()
		o.running.Go(func() { io.Copy(agent, client); agent.Close() })
		o.running.Go(func() { io.Copy(client, agent); client.Close() })
	}
}

func (o *observer) close() error {
	o.listener.Close()
	o.mu.Lock()
	for _, c := range o.conns {
		c.Close()
	}
	o.mu.Unlock()
	o.running.Wait()
	return o.err
}
