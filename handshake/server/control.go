package server

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Control serves one parent with the app that it asks for: it reads [Settings], listens, answers with a [Hello], then
// obeys one [Request] a line until the input ends, which is how a parent that died is noticed. It ends with an app that
// ends by itself, too; then a read of the input may outlive it.
func Control(ctx context.Context, in io.Reader, out io.Writer, apps map[string]App) error {
	requests := json.NewDecoder(bufio.NewReader(in))
	replies := json.NewEncoder(out)
	var settings Settings
	if err := requests.Decode(&settings); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	if settings.App == preemptorApp {
		return preempt(replies)
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	house, err := newHouse(ctx, settings, apps)
	if err != nil {
		return err
	}
	served := make(chan error, 1)
	go func() { served <- house.serve(ctx) }()
	hello := Identity()
	hello.Address = house.TCP.Addr().String()
	hello.Signer, hello.SignerWhy = house.signer.identity()
	if err := replies.Encode(Reply{Hello: &hello}); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	c := control{house: house}
	defer c.house.plants.clear()
	obeyed := make(chan error, 1)
	go func() { obeyed <- c.obey(ctx, requests, replies) }()
	select {
	case err := <-obeyed:
		cancel()
		return errors.Join(err, <-served)
	case err := <-served:
		return cmp.Or(err, errors.New("the app ended by itself"))
	}
}

// control carries out requests, one at a time.
type control struct {
	house     *house
	profiling *profiling // nil: none
	tracing   *tracing   // nil: none
}

func (c *control) obey(ctx context.Context, requests *json.Decoder, replies *json.Encoder) error {
	for {
		var request Request
		if err := requests.Decode(&request); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		reply, err := c.carryOut(ctx, request)
		if err != nil {
			reply.Error = err.Error()
		}
		if err := replies.Encode(reply); err != nil {
			return fmt.Errorf("reply to %s: %w", request.Do, err)
		}
		if request.Do == "stop" {
			return nil
		}
	}
}

func (c *control) carryOut(ctx context.Context, request Request) (reply Reply, err error) {
	switch request.Do {
	case "begin":
		c.house.plants.harvest() // of before
		if err = c.house.Ledger.begin(ctx); err == nil {
			c.house.signer.begin()
			c.house.reloading.begin()
		}
	case "end":
		if reply.Report, err = c.house.Ledger.end(ctx); err == nil {
			reply.Report.Planted = c.house.plants.harvest()
			reply.Report.Signer = c.house.signer.end()
			reply.Report.Reload = c.house.reloading.end()
			reply.Report.Began = c.house.plants.clock.When(c.house.Ledger.began)
		}
	case "profile-start":
		err = c.startProfile(request.Window)
	case "profile-stop":
		reply.Profiles, err = c.stopProfile()
	case "trace-start":
		err = c.startTrace(request.Bytes)
	case "trace-stop":
		reply.Trace, err = c.stopTrace()
	case "plant":
		err = c.house.plants.plant(ctx, request.Plant)
	case "reload":
		err = c.house.reloading.command()
	case "stop":
	default:
		err = fmt.Errorf("unknown request %q", request.Do)
	}
	return reply, err
}

func (c *control) startProfile(window time.Duration) (err error) {
	if c.profiling != nil {
		return errors.New("a profile is running already")
	}
	c.profiling, err = startProfiling(window)
	return err
}

func (c *control) stopProfile() ([]Profile, error) {
	if c.profiling == nil {
		return nil, errors.New("no profile was started")
	}
	profiles, err := c.profiling.stop()
	c.profiling = nil
	return profiles, err
}

func (c *control) startTrace(limit int) (err error) {
	if c.tracing != nil {
		return errors.New("a trace is running already")
	}
	c.tracing, err = startTracing(c.house.plants.clock, limit)
	return err
}

func (c *control) stopTrace() (*Trace, error) {
	if c.tracing == nil {
		return nil, errors.New("no trace was started")
	}
	t, err := c.tracing.stop()
	c.tracing = nil
	return t, err
}
