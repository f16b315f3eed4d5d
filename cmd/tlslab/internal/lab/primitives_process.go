package lab

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	mathrand "math/rand/v2"
	"os/exec"
	"slices"

	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/scenarios"
)

// bench times the operations of two variants: the baseline, then the candidate.
type bench struct {
	sides   [2]benchSide
	cpus    []int
	seed    uint64
	turns   int // ABBA or BAAB in a group
	speak   func(string)
	order   counted.Timing
	groups  [][2]batches
	missing [2]map[string]string // operations that a side refuses, and why
}

// batches are nanoseconds for one operation, batch by batch, by operation.
type batches map[string][]float64

type benchSide struct {
	variant scenarios.Variant
	binary  *variant.Binary
}

func (r *Run) newBench(ctx context.Context, baseline, candidate string) (*bench, error) {
	b := &bench{cpus: r.places[baseline].server, seed: r.plan.Seed, turns: primitiveTurns, speak: r.lab.Speak}
	for i, name := range []string{baseline, candidate} {
		v := r.variant(name)
		binary, err := r.lab.Builder.BuildCounter(ctx, v.Build)
		if err != nil {
			return nil, fmt.Errorf("build the primitives of %s: %w", name, err)
		}
		b.sides[i] = benchSide{v, binary}
	}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	b.order.RSA, err = x509.MarshalPKCS8PrivateKey(key)
	return b, err
}

// calibrate lets the baseline find out how many operations make a batch, once for all processes.
func (b *bench) calibrate(ctx context.Context) error {
	t, err := b.sides[0].start(ctx, b.cpus, b.order)
	if err != nil {
		return err
	}
	t.stop()
	b.order.Iterations = t.ready.Iterations
	return nil
}

// group starts a fresh process of each side and lets them take turns.
func (b *bench) group(ctx context.Context, random *mathrand.Rand) error {
	var timers [2]*timer
	for _, side := range random.Perm(2) {
		t, err := b.sides[side].start(ctx, b.cpus, b.order)
		if err != nil {
			return err
		}
		defer t.stop()
		timers[side], b.missing[side] = t, t.ready.Missing
	}
	measured := [2]batches{{}, {}}
	for range b.turns {
		first := random.IntN(2)
		for _, side := range []int{first, 1 - first, 1 - first, first} {
			turn, err := timers[side].turn()
			if err != nil {
				return cmp.Or(context.Cause(ctx), err)
			}
			for name, ns := range turn {
				measured[side][name] = append(measured[side][name], ns)
			}
		}
	}
	b.groups = append(b.groups, measured)
	return nil
}

// timer is a process that times when it is told to.
type timer struct {
	name   string // of the variant
	cmd    *exec.Cmd
	in     io.WriteCloser
	out    *bufio.Reader
	stderr bytes.Buffer
	ready  counted.Ready
}

func (s benchSide) start(ctx context.Context, cpus []int, order counted.Timing) (*timer, error) {
	t := &timer{name: s.variant.Name, cmd: exec.CommandContext(ctx, s.binary.Path, counted.TimingArguments()...)}
	t.cmd.Env, t.cmd.Stderr = s.environment(), &t.stderr
	var err error
	if t.in, err = t.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := t.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	t.out = bufio.NewReader(out)
	if err := variant.StartPinned(t.cmd, cpus); err != nil {
		return nil, fmt.Errorf("primitives of %s: %w", t.name, err)
	}
	if err := t.greet(order); err != nil {
		t.stop()
		return nil, cmp.Or(context.Cause(ctx), err)
	}
	return t, nil
}

// greet sends the order and waits until its operations are ready. A test program of other sources may have no test
// that times: it passes at once.
func (t *timer) greet(order counted.Timing) error {
	if err := json.NewEncoder(t.in).Encode(order); err != nil {
		return t.fault(err)
	}
	text, err := t.out.ReadBytes('\n')
	switch {
	case err == nil && json.Unmarshal(text, &t.ready) != nil:
		return t.fault(errors.New("its sources time no primitives"))
	case err == nil && t.ready.Error != "":
		return t.fault(errors.New(t.ready.Error))
	case err != nil:
		return t.fault(err)
	}
	return nil
}

// turn lets the process time one batch of each operation.
func (t *timer) turn() (turn counted.Turn, err error) {
	if _, err := io.WriteString(t.in, "\n"); err != nil {
		return nil, t.fault(err)
	}
	text, err := t.out.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(text, &turn)
	}
	if err != nil {
		return nil, t.fault(err)
	}
	return turn, nil
}

func (t *timer) fault(err error) error {
	t.stop()
	return fmt.Errorf("primitives of %s: %w%s", t.name, err, said(t.stderr.String()))
}

// stop ends the process at once; it is harmless when it has ended already.
func (t *timer) stop() {
	t.in.Close()
	t.cmd.Process.Kill()
	t.cmd.Wait()
}

// environment is the variant's under a quiet runtime. The test program collects its garbage itself, between batches.
func (s benchSide) environment() (lines []string) {
	env := countEnvironment(s.variant.Env)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		lines = append(lines, name+"="+env[name])
	}
	return lines
}
