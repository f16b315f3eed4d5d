package edge

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/tlslab/tlslab/handshake/experiment"
	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/server/gateway"
)

const (
	healthSwitches = 20
	healthPatience = time.Second // for a switch
	healthPause    = 150 * time.Millisecond
)

func health() experiment.Experiment {
	return experiment.Experiment{
		Name:  "health",
		Title: "how soon a gateway prefers another protocol when a backend fails",
		Doc: "A gateway that lists h2 before http/1.1 and asks a backend of each every 100 ms whether it is healthy; a client " +
			"that offers both and makes one request of a new connection after the other. The backend of h2 fails and " +
			"recovers, again and again: from the failure to the end of the first request over HTTP/1.1.",
		Takes: 12 * time.Second,
		Run: func(ctx context.Context, b experiment.Bench) ([]experiment.Arm, error) {
			return runHealth(ctx, b, healthSwitches)
		},
	}
}

// backend says whether it is healthy, as it is told.
type backend struct {
	sick atomic.Bool
	url  string
	stop func()
}

func serveBackend() (*backend, error) {
	b := &backend{}
	address, stop, err := serveHTTP(&http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if b.sick.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})})
	b.url, b.stop = "http://"+address+"/", stop
	return b, err
}

// switches is an arm at work.
type switches struct {
	*memory
	address            string
	h2                 *backend
	random             *rand.Rand
	handshakes, failed uint64
	after, back        []float64 // seconds
	notes              []string
}

func runHealth(ctx context.Context, b experiment.Bench, times int) (arms []experiment.Arm, err error) {
	for _, a := range []struct {
		name   string
		role   experiment.Role
		doc    string
		prefer string
		times  int
	}{
		{"static", experiment.Control, "the order is that of the settings", "", 1},
		{"health", experiment.Reference, "protocols whose backend is healthy come first", "health", times},
	} {
		b.Speak("health: " + a.name)
		arm := experiment.Arm{Name: a.name, Role: a.role, Doc: a.doc}
		if err := watchHealth(ctx, &arm, a.prefer, a.times, rand.New(rand.NewPCG(b.Seed, 4))); err != nil {
			return nil, fmt.Errorf("%s: %w", a.name, err)
		}
		arms = append(arms, arm)
	}
	return arms, nil
}

// watchHealth makes an arm.
func watchHealth(ctx context.Context, arm *experiment.Arm, prefer string, times int, random *rand.Rand) (err error) {
	m, err := newMemory()
	if err != nil {
		return err
	}
	h2, err := serveBackend()
	if err != nil {
		return err
	}
	defer h2.stop()
	h1, err := serveBackend()
	if err != nil {
		return err
	}
	defer h1.stop()
	address, stop, err := serveGateway(m.server("h2", "http/1.1"), gateway.Settings{Gateway: server.Gateway{
		Prefer: prefer, Health: []server.Backend{{Protocol: "h2", URL: h2.url}, {Protocol: "http/1.1", URL: h1.url}},
	}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	s := &switches{memory: m, address: address, h2: h2, random: random}
	if err := s.run(ctx, times); err != nil {
		return err
	}
	s.tell(arm, times)
	return nil
}

// run fails and heals the backend of h2, at instants that the gateway's own clock knows nothing of. A switch that does
// not come is none.
func (s *switches) run(ctx context.Context, times int) error {
	if _, ok, err := s.until(ctx, 2); err != nil {
		return err
	} else if !ok {
		return fmt.Errorf("a gateway whose backends are healthy does not speak HTTP/2: %s", strings.Join(s.notes, "; "))
	}
	for range times {
		after, switched, err := s.turn(ctx, true, 1)
		if err != nil {
			return err
		}
		back, returned, err := s.turn(ctx, false, 2)
		if err != nil {
			return err
		}
		if switched && returned {
			s.after, s.back = append(s.after, after.Seconds()), append(s.back, back.Seconds())
		}
	}
	return nil
}

// turn makes the backend of h2 sick or well and waits for a version of HTTP.
func (s *switches) turn(ctx context.Context, sick bool, major int) (time.Duration, bool, error) {
	if err := wait(ctx, time.Duration(s.random.Int64N(int64(healthPause)))); err != nil {
		return 0, false, err
	}
	s.h2.sick.Store(sick)
	return s.until(ctx, major)
}

// until makes requests until one is over a version of HTTP, and says how long that took.
func (s *switches) until(ctx context.Context, major int) (time.Duration, bool, error) {
	began := time.Now()
	for time.Since(began) < healthPatience {
		_, got, err := knock(ctx, s.address, s.client("h2", "http/1.1"))
		if ctx.Err() != nil {
			return 0, false, context.Cause(ctx)
		}
		s.handshakes++
		switch {
		case err != nil:
			s.failed++
			s.notes = []string{"a request failed: " + err.Error()}
		case got == major:
			return time.Since(began), true, nil
		}
	}
	return 0, false, nil
}

func (s *switches) tell(arm *experiment.Arm, times int) {
	if len(s.after) > 0 {
		arm.Measures = append(arm.Measures, median("switched_after", "s", s.after), median("back_after", "s", s.back))
	}
	arm.Measures = append(arm.Measures,
		experiment.Count("switched", "switches", len(s.after), times),
		experiment.Count("failed_handshakes", "handshakes", s.failed, s.handshakes))
	arm.Notes = s.notes
}
