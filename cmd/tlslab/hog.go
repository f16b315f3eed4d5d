package main

import (
	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/cmd/tlslab/internal/lab"
)

// hogCommand is the other process on the server's CPU: tlslab selftest observer starts the tool again with it.
func hogCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:    lab.HogCommand,
		Short:  "occupy a CPU now and then (started by tlslab selftest)",
		Hidden: true,
		Args:   noArguments,
		Run:    func(c *cobra.Command, _ []string) { lab.Hog(c.Context(), s.in) },
	}
}
