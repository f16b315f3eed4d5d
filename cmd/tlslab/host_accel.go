package main

import (
	"context"
	"crypto/fips140"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/tlslab/tlslab/accel"
	"github.com/tlslab/tlslab/accel/proof"
)

// accelerated is which code this program runs here, what to choose for that, and what the choice rests on.
type accelerated struct {
	Build   accel.Build    `json:"build"`   // this program's, but for its accel
	Granted []string       `json:"granted"` // features that GOAMD64 takes for granted, so that nothing turns them off
	Left    []string       `json:"left"`    // features that GODEBUG leaves to the standard library
	Paths   []accel.Path   `json:"paths"`
	Choices []accel.Choice `json:"choices"`
	Proof   []proof.Timing `json:"proof,omitempty"`
	Config  string         `json:"config"` // Go source of a tls.Config that follows the choices
}

// newAccelerated knows all but the proof without a measurement.
func newAccelerated(ctx context.Context, signer string, rounds int) (accelerated, error) {
	cpu, build := accel.Detect(), ownBuild()
	build.Accel = signer
	a := accelerated{
		Build: build, Granted: accel.Compiled(build.GOAMD64), Left: accel.Left(cpu.Features, build),
		Paths: accel.Paths(cpu.Features, build), Choices: accel.Choose(cpu.Features, build),
	}
	a.Config = accel.Source(a.Choices)
	if rounds == 0 {
		return a, nil
	}
	var err error
	if a.Proof, err = proof.Run(ctx, rounds); err != nil {
		return a, fmt.Errorf("time what the choices rest on: %w", err)
	}
	return a, nil
}

// ownBuild is this program's.
func ownBuild() accel.Build {
	b := accel.Build{
		Go: runtime.Version(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH, Backend: "std",
		FIPS: fips140.Enabled(), GODEBUG: os.Getenv("GODEBUG"),
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "GOAMD64":
			b.GOAMD64 = s.Value
		case "-tags":
			b.Tags = strings.Split(s.Value, ",")
		case "GOEXPERIMENT":
			if strings.Contains(s.Value, "boringcrypto") {
				b.Backend = "boringcrypto"
			}
		}
	}
	return b
}

func (a accelerated) write(out io.Writer) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nprimitive\tcode\twhat it is\twhy")
	for _, p := range a.Paths {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", p.Primitive, p.Expected, p.Code, p.Why)
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, p := range a.Paths {
		for _, r := range p.Refused {
			fmt.Fprintf(out, "%s: not %s: %s\n", p.Primitive, r.Code, r.Because)
		}
		if len(p.Unused) > 0 {
			fmt.Fprintf(out, "%s: detected but unused: %s\n", p.Primitive, strings.Join(p.Unused, ", "))
		}
	}
	if err := a.writeChoices(out); err != nil {
		return err
	}
	fmt.Fprintf(out, "\na tls.Config that follows:\n\n%s", a.Config)
	return nil
}

func (a accelerated) writeChoices(out io.Writer) error {
	fmt.Fprintln(out)
	for _, c := range a.Choices {
		fmt.Fprintf(out, "%s: %s\n  %s\n", c.Subject, c.Pick, c.Why)
		for _, r := range c.Instead {
			fmt.Fprintf(out, "  not %s: %s\n", r.Code, r.Because)
		}
	}
	if a.Proof == nil {
		return nil
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\nmeasured here and now, interleaved\twork\tCPU\tto the first [95 %]")
	for _, t := range a.Proof {
		fmt.Fprintf(table, "%s %s\t%s\t%s\n", t.Subject, t.Option, t.What, timingWords(t))
	}
	return table.Flush()
}

func timingWords(t proof.Timing) string {
	switch {
	case t.Missing != "":
		return "-\t" + t.Missing
	case t.Ratio == nil:
		return t.CPU.String() + "\t1"
	}
	return fmt.Sprintf("%s\t%.2fx [%.2f, %.2f]", t.CPU, t.Ratio.Point, t.Ratio.Lo, t.Ratio.Hi)
}
