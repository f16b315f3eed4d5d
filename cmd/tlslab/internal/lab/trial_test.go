package lab

import (
	"context"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/tlslab/tlslab/handshake/server"
	"github.com/tlslab/tlslab/handshake/variant"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/profile"
	"github.com/tlslab/tlslab/scenarios"
)

// TestMain lets this test be its own children: a server where the environment says so, and the load generator.
func TestMain(m *testing.M) {
	var err error
	switch {
	case os.Getenv("SERVE") != "":
		err = server.Control(context.Background(), os.Stdin, os.Stdout, map[string]server.App{"plain": server.Plain{}})
	case slices.Contains(os.Args, GenerateCommand):
		err = loadgen.Serve(context.Background(), os.Stdin, os.Stdout, map[string]loadgen.Opener{"stock": loadgen.OpenStock})
	default:
		os.Exit(m.Run())
	}
	if err != nil {
		os.Stderr.WriteString(err.Error())
		os.Exit(1)
	}
}

// laboratory is a run of one variant, whose server is this test, with an observer that works everywhere.
func laboratory(t *testing.T) *Run {
	t.Helper()
	return laboratoryOf(t, "load: {loop: closed, workers: 1}")
}

// laboratoryOf is a run of one variant, with what else its scenario says.
func laboratoryOf(t *testing.T, text string) *Run {
	t.Helper()
	scenario, err := scenarios.Parse("one.yaml", []byte("variants: [{name: std, env: {SERVE: yes}}]\nblocks: {warmup: 10ms}\n"+text))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := scenario.Plan(1, scenarios.Machine{GOOS: "linux", GOARCH: "amd64", Level: 1})
	if err != nil {
		t.Fatal(err)
	}
	tool, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	r := &Run{
		lab: &Lab{Tool: tool, Speak: func(string) {}}, plan: plan, observer: traceObserver{},
		binaries: map[string]*variant.Binary{"std": {Path: tool}}, places: map[string]placement{"std": {}},
	}
	if r.secrets, err = issue(plan.Cells, time.Now()); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestTrial(t *testing.T) {
	r := laboratory(t)
	trial := r.trial()
	trial.cell.Load = loadgen.Load{Loop: loadgen.Closed, Workers: 1, Handshakes: 20}
	trial.disturb = func(ctx context.Context, p *variant.Process) error {
		return p.Plant(ctx, &server.Plant{Component: "goroutine", Size: 5 * time.Millisecond, Every: 2})
	}
	s, err := r.try(t.Context(), trial)
	if err != nil {
		t.Fatal(err)
	}
	if got := len(s.watched.account.Handshakes); got != 20 || len(s.planted()) != 10 {
		t.Errorf("%d handshakes were observed and %d planted, want 20 and 10", got, len(s.planted()))
	}
	for _, p := range s.planted() {
		if p.Size < 4*time.Millisecond || p.Port == 0 {
			t.Errorf("planted %+v", p)
		}
	}
}

// What cannot be planted is a gap; a trial that is interrupted is not.
func TestUnplantable(t *testing.T) {
	r := laboratory(t)
	if _, gap, err := r.plantOne(t.Context(), account.InSyscall); err != nil || gap == nil || gap.What != "plants in syscall" {
		t.Errorf("got the gap %+v, %v", gap, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, gap, err := r.plantOne(ctx, account.User); err == nil || gap != nil {
		t.Errorf("interrupted: got the gap %+v, %v", gap, err)
	}
}

// A stretch is profiled in windows, each with its number.
func TestStretchInWindows(t *testing.T) {
	r := laboratory(t)
	cell := r.plan.Cells[0]
	cell.Load = loadgen.Load{Loop: loadgen.Closed, Workers: 1, Length: profileWindow * 13 / 10}
	process, err := r.start(t.Context(), r.plan.Variants[0], cell.Spec)
	if err != nil {
		t.Fatal(err)
	}
	defer process.Stop(t.Context())
	g, err := startGenerator(t.Context(), r.lab.Tool, nil, r.job(cell, r.plan.Variants[0], process.Hello().Address, 1))
	if err != nil {
		t.Fatal(err)
	}
	defer g.stop()
	s := &stretch{variant: "std", profiled: true, server: process.Process, generator: g}
	if err := s.measure(t.Context()); err != nil {
		t.Fatal(err)
	}
	data, err := profile.Windows(s.profile, map[string]string{"variant": "std"})
	if err != nil {
		t.Fatal(err)
	}
	p, err := profile.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Labels[profile.WindowLabel]; !slices.Contains(got, "0") || !slices.Contains(got, "1") {
		t.Errorf("samples are of the windows %q, want 0 and 1", got)
	}
}
