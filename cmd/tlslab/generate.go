package main

import (
	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
	"github.com/tlslab/tlslab/loadgen"
	"github.com/tlslab/tlslab/loadgen/h3"
	"github.com/tlslab/tlslab/loadgen/spiffegrpc"
)

// dialers are the ways to connect that a job may ask for.
var dialers = map[string]loadgen.Opener{"stock": loadgen.OpenStock, "h3": h3.Open, "spiffegrpc": spiffegrpc.Open}

// generateCommand is the load generator: the lab starts the tool again with it, in a process of its own.
func generateCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    lab.GenerateCommand,
		Short:  "run one job of the load generator (started by tlslab run)",
		Hidden: true,
		Args:   noArguments,
		RunE: func(c *cobra.Command, _ []string) error {
			return loadgen.Serve(c.Context(), s.in, s.out, dialers)
		},
	}
}
