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
}

type hostProbe struct {
	Kind   string `json:"kind"`
	Layers string `json:"layers"`
	Works  bool   `json:"works"`
	Reason string `json:"reason,omitempty"`
	Hint   string `json:"hint,omitempty"`
}

func hostCommand(s streams) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "host",
		Short: "what this machine can measure: CPU features, noise, eBPF rights by trying them",
		Args:  noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			switch format {
			case "text":
				return s.writeHost(newHost(c.Context()))
			case "json":
				lines := json.NewEncoder(s.out)
				lines.SetIndent("", "  ")
				return lines.Encode(newHost(c.Context()))
			}
			return usage(fmt.Errorf("unknown format %q", format), "one of json, text")
		},
	}
	c.Flags().StringVar(&format, "format", "text", "json, text")
	return c
}

func newHost(ctx context.Context) host {
	capable := ebpf.Probe()
	h := host{Schema: 1, Environment: lab.Machine(), Tier: capable.Tier(), Prices: map[string]int64{}}
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
	return h
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
	row("as Go sees them", strings.Join(e.GoFeatures, " "))
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
	return writeProbes(s.out, h)
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
