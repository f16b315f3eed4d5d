package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/accel/proof"
	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/ebpf"
	"github.com/tlslab/tlslab/results"
	"github.com/tlslab/tlslab/results/account"
)

// host is what this machine can measure.
type host struct {
	Schema      int                 `json:"schema"`
	Environment results.Environment `json:"environment"`
	Tier        account.Tier        `json:"tier"`
	Probes      []hostProbe         `json:"probes"`
	Prices      map[string]int64    `json:"prices_ns,omitempty"` // of one hit; what was not measured is left out
	Accelerated accelerated         `json:"accelerated"`
}

type hostProbe struct {
	Kind   string `json:"kind"`
	Layers string `json:"layers"`
	Works  bool   `json:"works"`
	Reason string `json:"reason,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

func hostCommand(s streams) *cobra.Command {
	var format, signer string
	var rounds int
	c := &cobra.Command{
		Use:   "host",
		Short: "what this machine can measure, which code its cryptography runs, and what to choose for that",
		Long: `host says what this machine can measure (CPU features, noise, eBPF rights by trying them), which code each primitive of
a handshake runs here and why, and what to choose for that: suite, group, certificate, signer, and a tls.Config that
follows. The proof times the options in this process, interleaved, in a few seconds; GODEBUG counts, so that
GODEBUG=cpu.all=off tlslab host shows what a CPU without features would choose.`,
		Args: noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return usage(fmt.Errorf("unknown format %q", format), "one of json, text")
			}
			if rounds < 0 || rounds > 1000 {
				return usage(fmt.Errorf("--rounds is 0 to 1000, not %d", rounds), "0 leaves the proof out")
			}
			if signer != "std" && signer != "auto" {
				return usage(fmt.Errorf("unknown accel %q", signer), "one of std, auto")
			}
			h, err := newHost(c.Context(), signer, rounds)
			if err != nil {
				return err
			}
			if format == "json" {
				lines := json.NewEncoder(s.out)
				lines.SetIndent("", "  ")
				return lines.Encode(h)
			}
			return s.writeHost(h)
		},
	}
	c.Flags().StringVar(&format, "format", "text", "json, text")
	c.Flags().StringVar(&signer, "accel", "std", "who may sign with a P-384 key: std, or auto for the lab's experimental signers too")
	c.Flags().IntVar(&rounds, "rounds", proof.Rounds, "rounds of the proof, about 0.1 s each; 0: no proof")
	return c
}

func newHost(ctx context.Context, signer string, rounds int) (h host, err error) {
	capable := ebpf.Probe()
	h = host{Schema: 2, Environment: lab.Machine(), Tier: capable.Tier(), Prices: map[string]int64{}}
	for _, c := range capable {
		p := hostProbe{Kind: c.Kind, Layers: c.Layers.String(), Works: c.Err == nil}
		if c.Err != nil {
			p.Reason, p.Hint = c.Err.Error(), c.Hint
		}
		h.Probes = append(h.Probes, p)
	}
	prices, _ := ebpf.Calibrate(ctx) // what could not be measured is left out
	for name, price := range map[string]int64{
		"system call of the observed process": int64(prices.SysEnter + prices.SysExit),
		"system call of any other process":    int64(prices.Others),
		"uprobe, emulated":                    int64(prices.Emulated),
		"uprobe, single-stepped":              int64(prices.Stepped),
	} {
		if price > 0 {
			h.Prices[name] = price
		}
	}
	h.Accelerated, err = newAccelerated(ctx, signer, rounds)
	return h, err
}

func (s streams) writeHost(h host) error {
	e := h.Environment
	table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
	row := func(name, value string) {
		if value != "" {
			fmt.Fprintf(table, "%s\t%s\n", name, value)
		}
	}
	row("system", fmt.Sprintf("%s %s, %s, %d CPUs", e.OS, e.Kernel, e.Arch, e.CPUs))
	row("CPU", e.CPUModel)
	row("features", strings.Join(e.Features, " "))
	row("as x/sys/cpu sees them", strings.Join(e.GoFeatures, " "))
	row("left by GODEBUG", strings.Join(h.Accelerated.Left, " "))
	row("granted by GOAMD64", strings.Join(h.Accelerated.Granted, " "))
	row("hypervisor", e.Hypervisor)
	row("governor", e.Governor)
	row("clock source", e.Clocksource)
	row("CPU quota", e.CgroupCPU)
	row("load average", e.LoadAverage)
	row("placement", e.Placement)
	row("observer", fmt.Sprintf("tier %s", h.Tier))
	if err := table.Flush(); err != nil {
		return err
	}
	if err := writeProbes(s.out, h); err != nil {
		return err
	}
	return h.Accelerated.write(s.out)
}

func writeProbes(out io.Writer, h host) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "\neBPF, by loading and attaching\tworks\tfor")
	for _, p := range h.Probes {
		fmt.Fprintf(table, "%s\t%s\t%s\n", p.Kind, map[bool]string{true: "yes", false: "no"}[p.Works], p.Layers)
	}
	for _, name := range slices.Sorted(maps.Keys(h.Prices)) {
		fmt.Fprintf(table, "price of a %s\t%d ns\t\n", name, h.Prices[name])
	}
	if err := table.Flush(); err != nil {
		return err
	}
	for _, p := range h.Probes {
		if !p.Works {
			fmt.Fprintf(out, "gap: %s: %s\n", p.Kind, p.Reason)
			if p.Hint != "" {
				fmt.Fprintf(out, "  hint: %s\n", p.Hint)
			}
		}
	}
	return nil
}
