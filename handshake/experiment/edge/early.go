package edge

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/tlslab/tlslab/handshake"
	"github.com/tlslab/tlslab/handshake/experiment"
)

const (
	earlyRounds = 24 // in which each kind of handshake has a turn
	earlyTurn   = 25
	earlyAfter  = 50 // handshakes of each kind after a rotation, and early ones after a restart
)

func early() experiment.Experiment {
	return experiment.Experiment{
		Name:  "early",
		Title: "full, resumed and early handshakes over QUIC, counted apart",
		Doc: "One request of each connection over HTTP/3, by turns with a full handshake, a resumed one, and one whose " +
			"request is early data. CPU is that of the whole process, so of both sides. Then the certificate is replaced: " +
			"the leaf that resumed and early handshakes show is looked at. Then the server is started again with other " +
			"ticket keys: early handshakes fall back to full ones, and what was sent early is lost.",
		Takes: 10 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runEarly(ctx, earlyRounds, earlyTurn, earlyAfter)
		},
	}
}

// kinds of handshakes over QUIC, in the order of their turns.
var kinds = []handshake.Kind{handshake.Full, handshake.Resumed, handshake.Early}

// earlier is the experiment at work.
type earlier struct {
	*memory
	transport quic.Transport
	stop      func() // ends the server and leaves the transport
	kept      *shelf
	arm       experiment.Arm

	counts map[handshake.Kind]uint64
	cpu    map[handshake.Kind][]float64 // seconds per handshake, of each round
	walls  map[handshake.Kind][]float64 // seconds of each visit
}

func runEarly(ctx context.Context, rounds, turn, after int) ([]experiment.Arm, error) {
	m, err := newMemory()
	if err != nil {
		return nil, err
	}
	socket, err := net.ListenPacket("udp", loopback)
	if err != nil {
		return nil, err
	}
	defer socket.Close()
	e := &earlier{
		memory: m, transport: quic.Transport{Conn: socket}, kept: newShelf(),
		counts: map[handshake.Kind]uint64{}, cpu: map[handshake.Kind][]float64{}, walls: map[handshake.Kind][]float64{},
		arm: experiment.Arm{Name: "quic", Doc: "quic-go and its http3 at both ends, tickets for life"},
	}
	defer e.transport.Close()
	if err := e.serve(); err != nil {
		return nil, err
	}
	defer func() { e.stop() }()
	for range rounds {
		for _, kind := range kinds {
			if err := e.turn(ctx, kind, turn); err != nil {
				return nil, fmt.Errorf("%v: %w", kind, err)
			}
		}
	}
	e.costs()
	if err := e.rotated(ctx, after); err != nil {
		return nil, err
	}
	if err := e.restarted(ctx, after); err != nil {
		return nil, err
	}
	return []experiment.Arm{e.arm}, nil
}

// serve starts a server with ticket keys of its own.
func (e *earlier) serve() error {
	config := e.server("h3")
	var key [32]byte
	rand.Read(key[:])
	config.SetSessionTicketKeys([][32]byte{key})
	stop, err := serveH3(&e.transport, config)
	if err == nil {
		e.stop = stop
	}
	return err
}

// visit makes a handshake that is to be of a kind, and says of which it was.
func (e *earlier) visit(ctx context.Context, kind handshake.Kind) (quic.ConnectionState, handshake.Kind, error) {
	e.kept.empty = kind == handshake.Full
	config := e.client("h3")
	config.ClientSessionCache = e.kept
	v := visitor{address: e.transport.Conn.LocalAddr().String(), config: config, kept: e.kept, early: kind == handshake.Early}
	state, err := v.visit(ctx)
	return state, kindOf(state), err
}

func kindOf(s quic.ConnectionState) handshake.Kind {
	return handshake.Outcome{Resumed: s.TLS.DidResume, Early: s.Used0RTT}.Kind()
}

// turn makes handshakes of one kind, one after the other.
func (e *earlier) turn(ctx context.Context, kind handshake.Kind, handshakes int) error {
	before := handshake.ReadCPU()
	for range handshakes {
		began := time.Now()
		_, got, err := e.visit(ctx, kind)
		if err != nil {
			return err
		}
		e.counts[got]++
		e.walls[kind] = append(e.walls[kind], time.Since(began).Seconds())
	}
	used := handshake.ReadCPU().Sub(before).Total()
	e.cpu[kind] = append(e.cpu[kind], used.Seconds()/float64(handshakes))
	return nil
}

// costs counts the handshakes apart. Visits end when the next ticket has come.
func (e *earlier) costs() {
	var all uint64
	for _, n := range e.counts {
		all += n
	}
	for _, kind := range kinds {
		e.arm.Measures = append(e.arm.Measures,
			experiment.Count(kind.String(), "handshakes", e.counts[kind], all),
			median(kind.String()+"_cpu", "s", e.cpu[kind]),
			median(kind.String()+"_wall_p50", "s", e.walls[kind]))
	}
}

// rotated counts the resumed and early handshakes that show the leaf of before a rotation.
func (e *earlier) rotated(ctx context.Context, handshakes int) error {
	if err := e.rotate(); err != nil {
		return err
	}
	var stale, all uint64
	for _, kind := range kinds[1:] {
		for range handshakes {
			state, _, err := e.visit(ctx, kind)
			if err != nil {
				return fmt.Errorf("%v after a rotation: %w", kind, err)
			}
			all++
			if generationOf(&state.TLS) < e.generation {
				stale++
			}
		}
	}
	state, _, err := e.visit(ctx, handshake.Full)
	if err != nil {
		return err
	}
	e.arm.Notes = append(e.arm.Notes, fmt.Sprintf("a full handshake after the rotation shows generation %d of %d", generationOf(&state.TLS), e.generation))
	e.arm.Measures = append(e.arm.Measures, experiment.Count("stale_leaf", "handshakes", stale, all))
	return nil
}

// restarted counts the early handshakes that a server with other ticket keys made full ones of, and the requests that
// had to be made once more because of that.
func (e *earlier) restarted(ctx context.Context, handshakes int) error {
	counts := map[handshake.Kind]uint64{}
	var again uint64
	for range handshakes {
		e.stop()
		if err := e.serve(); err != nil {
			return err
		}
		state, kind, err := e.visit(ctx, handshake.Early)
		if !state.TLS.HandshakeComplete {
			return fmt.Errorf("after a restart: %w", err)
		}
		counts[kind]++
		if err == nil {
			continue
		}
		e.note(err)
		again++
		if _, _, err = e.visit(ctx, handshake.Full); err != nil {
			return fmt.Errorf("after a restart: %w", err)
		}
	}
	e.arm.Measures = append(e.arm.Measures,
		experiment.Count("early_after_restart", "handshakes", counts[handshake.Early], uint64(handshakes)),
		experiment.Count("fell_back", "handshakes", counts[handshake.Full], uint64(handshakes)),
		experiment.Count("asked_again", "requests", again, uint64(handshakes)))
	return nil
}

// note keeps an error once.
func (e *earlier) note(err error) {
	text := "early data to a server that has other keys: " + err.Error()
	if !slices.Contains(e.arm.Notes, text) {
		e.arm.Notes = append(e.arm.Notes, text)
	}
}
