package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/scenarios"
)

func listCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "scenarios that come with the tool",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			table := tabwriter.NewWriter(s.out, 0, 0, 2, ' ', 0)
			for _, info := range scenarios.Builtin() {
				fmt.Fprintf(table, "%s\t%s\n", info.Name, strings.Join(strings.Fields(info.Doc), " "))
			}
			return table.Flush()
		},
	}
}
