package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/ebpf"
	"github.com/tlslab/tlslab/reports"
	"github.com/tlslab/tlslab/results/account"
	"github.com/tlslab/tlslab/results/analysis"
	"github.com/tlslab/tlslab/results/analysis/attribution"
	"github.com/tlslab/tlslab/results/profile"
)

// question is what the user wants explained.
type question struct {
	pid                     int
	length                  time.Duration
	client                  bool
	format, output, profile string
}

// explainFormats are what an explanation can be written as.
var explainFormats = map[string]func(*reports.Document, io.Writer) error{
	"html":     (*reports.Document).WriteHTML,
	"json":     (*reports.Document).WriteJSON,
	"text":     writeText,
	"markdown": (*reports.Document).WriteMarkdown,
}

func explainCommand(s streams) *cobra.Command {
	var q question
	c := &cobra.Command{
		Use:   "explain --pid PID",
		Short: "where the handshakes of a running Go program spend their time",
		Long: `explain watches a running Go program with eBPF, for as long as --for says or until it is interrupted, and tells where
the wall time of its TLS 1.3 handshakes went. The program needs no preparation and may be stripped; it goes on as if
nothing had been, but for what the probes cost. It takes root, or CAP_BPF and CAP_PERFMON: see tlslab host.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := errors.Join(q.check(), q.ready()); err != nil {
				return err
			}
			return s.explain(c.Context(), q)
		},
	}
	f := c.Flags()
	f.IntVar(&q.pid, "pid", 0, "the program's process id")
	f.DurationVar(&q.length, "for", 30*time.Second, "how long to watch")
	f.BoolVar(&q.client, "client", false, "watch the handshakes that the program begins, not those that it answers")
	f.StringVar(&q.format, "format", "text", strings.Join(slices.Sorted(maps.Keys(explainFormats)), ", "))
	f.StringVarP(&q.output, "output", "o", "", "file to write (default: standard output)")
	f.StringVar(&q.profile, "profile", "", "file for the CPU profile, for go tool pprof")
	return c
}

// longestWatch bounds what the observer has to remember.
const longestWatch = 10 * time.Minute

func (q question) check() error {
	formats := strings.Join(slices.Sorted(maps.Keys(explainFormats)), ", ")
	switch _, known := explainFormats[q.format]; {
	case q.pid <= 0:
		return usage(errors.New("tlslab explain wants --pid, the process id of a running Go program"), "tlslab explain --pid $(pgrep NAME) --for 30s")
	case q.length < 100*time.Millisecond || q.length > longestWatch:
		return usage(fmt.Errorf("--for is 100ms to %v, not %v", longestWatch, q.length), "")
	case !known:
		return usage(fmt.Errorf("unknown format %q", q.format), "one of "+formats)
	}
	return nil
}

// ready finds out before anything is watched that the files can be written.
func (q question) ready() error {
	for _, name := range []string{q.output, q.profile} {
		if name == "" {
			continue
		}
		if err := writable(filepath.Dir(name)); err != nil {
			return usage(fmt.Errorf("%s cannot be written: %w", name, err), "")
		}
	}
	return nil
}

func (s streams) explain(ctx context.Context, q question) error {
	began := time.Now()
	books, samples, err := q.watch(ctx, s)
	if err != nil {
		return err
	}
	seen := attribution.Observed{Account: books, Samples: samples, Server: -1, Client: -1, Steal: -1}
	explained := attribution.Explain([]attribution.Observed{seen})
	a := &analysis.Analysis{Explanations: []analysis.Explanation{{Explained: explained}}}
	a.Manifest.Scenario.Name = fmt.Sprintf("process %d", q.pid)
	a.Manifest.Started, a.Manifest.Environment = began.UTC(), lab.Machine()
	d := reports.New(a, reports.Explaining()...)
	write := func(w io.Writer) error { return explainFormats[q.format](d, w) }
	if q.output == "" {
		err = write(s.out)
	} else {
		err = writeFile(q.output, write)
	}
	if err == nil && q.profile != "" {
		err = q.keepProfile(books, samples)
	}
	if err == nil && slices.ContainsFunc(explained.Audit, func(c attribution.Check) bool { return c.State == attribution.Failed }) {
		err = verdict(exitInvalid)
	}
	return err
}

// watch watches until the time is over. An interruption ends it early and loses nothing.
func (q question) watch(ctx context.Context, s streams) (*account.Account, []account.Sample, error) {
	prices, _ := ebpf.Calibrate(ctx) // what could not be measured is shown as that
	o, err := ebpf.Watch(context.WithoutCancel(ctx), ebpf.Options{
		PID: q.pid, Client: q.client, Need: ebpf.Goroutines, Prices: prices,
	})
	if err != nil {
		return nil, nil, err
	}
	s.tell(fmt.Sprintf("watching process %d for %v: interrupt to end early", q.pid, q.length))
	select {
	case <-time.After(q.length):
	case <-ctx.Done():
	case <-o.Gone():
		s.tell("the process has ended")
	}
	return o.Stop()
}

func (q question) keepProfile(books *account.Account, samples []account.Sample) error {
	if books.Sampling == nil {
		return usage(errors.New("--profile: no CPU profile could be taken"), "tlslab host says why")
	}
	data, err := profile.FromSamples(samples, time.Second/time.Duration(books.Sampling.Hertz), nil)
	if err != nil {
		return err
	}
	return writeFile(q.profile, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}
