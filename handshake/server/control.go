package server

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime/pprof"
)

// Control serves one parent: it reads [Settings], listens, answers with a [Hello], then obeys one [Request] a line
// until the input ends, which is how a parent that died is noticed.
func Control(ctx context.Context, in io.Reader, out io.Writer) error {
	requests := json.NewDecoder(bufio.NewReader(in))
	replies := json.NewEncoder(out)
	var settings Settings
	if err := requests.Decode(&settings); err != nil {
		return fmt.Errorf("read settings: %w", err)
	}
	plain, err := newPlain(settings)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	served := make(chan error, 1)
	go func() { served <- plain.serve(ctx) }()
	hello := identity()
	hello.Address = plain.listener.Addr().String()
	if err := replies.Encode(Reply{Hello: &hello}); err != nil {
		return fmt.Errorf("say hello: %w", err)
	}
	c := control{ledger: plain.ledger}
	err = c.obey(ctx, requests, replies)
	cancel()
	return errors.Join(err, <-served)
}

// control carries out requests, one at a time.
type control struct {
	ledger  *ledger
	profile *bytes.Buffer // of the profile that runs or ran last
}

func (c *control) obey(ctx context.Context, requests *json.Decoder, replies *json.Encoder) error {
	for {
		var request Request
		if err := requests.Decode(&request); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read request: %w", err)
		}
		reply, err := c.carryOut(ctx, request.Do)
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

func (c *control) carryOut(ctx context.Context, do string) (reply Reply, err error) {
	switch do {
	case "begin":
		err = c.ledger.begin(ctx)
	case "end":
		reply.Report, err = c.ledger.end(ctx)
	case "profile-start":
		err = c.startProfile()
	case "profile-stop":
		reply.Profile, err = c.stopProfile()
	case "stop":
	default:
		err = fmt.Errorf("unknown request %q", do)
	}
	return reply, err
}

func (c *control) startProfile() error {
	fresh := &bytes.Buffer{}
	if err := pprof.StartCPUProfile(fresh); err != nil {
		return err
	}
	c.profile = fresh
	return nil
}

func (c *control) stopProfile() ([]byte, error) {
	if c.profile == nil {
		return nil, errors.New("no profile was started")
	}
	pprof.StopCPUProfile()
	return c.profile.Bytes(), nil
}
