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
	"os/exec"
	"slices"

	"github.com/tlslab/tlslab/handshake/counted"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/scenarios"
)

// benchSide is a variant whose operations are timed.
type benchSide struct {
	variant    scenarios.Variant
	binary     *variant.Binary
	order      counted.Timing
	operations []counted.Operation // that its sources know
	missing    map[string]string   // operations that it refuses, and why
}

func (r *Run) newBench(ctx context.Context) (*bench, error) {
	b := &bench{cpus: r.places[r.plan.Variants[0].Name].server, seed: r.plan.Seed, rounds: primitiveRounds, speak: r.lab.Speak}
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	for _, v := range r.plan.Variants {
		binary, err := r.lab.Builder.BuildCounter(ctx, v.Build)
		if err != nil {
			return nil, fmt.Errorf("build the primitives of %s: %w", v.Name, err)
		}
		order := counted.Timing{RSA: pkcs8, Accel: v.Server.Accel}
		b.sides = append(b.sides, &benchSide{variant: v, binary: binary, order: order, missing: map[string]string{}})
	}
	return b, nil
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

// known is all operations that a process's sources know. Older ones do not list them.
func known(r counted.Ready) []counted.Operation {
	if r.Operations != nil {
		return r.Operations
	}
	names := slices.Collect(maps.Keys(r.Iterations))
	names = slices.AppendSeq(names, maps.Keys(r.Missing))
	slices.Sort(names)
	var all []counted.Operation
	for _, name := range slices.Compact(names) {
		all = append(all, counted.Operation{Name: name})
	}
	return all
}

func (s *benchSide) start(ctx context.Context, cpus []int) (*timer, error) {
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
	if err := t.greet(s.order); err != nil {
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
func (s *benchSide) environment() (lines []string) {
	env := countEnvironment(s.variant.Env)
	for _, name := range slices.Sorted(maps.Keys(env)) {
		lines = append(lines, name+"="+env[name])
	}
	return lines
}
