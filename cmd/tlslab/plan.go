package main

import (
	"encoding/json"

	"github.com/spf13/cobra"
)

func planCommand(s streams) *cobra.Command {
	var asJSON bool
	var asked uint64
	c := &cobra.Command{
		Use:   "plan FILE|NAME",
		Short: "check a scenario; print its cells, builds, blocks, minutes and skips",
		Args:  exactly(1, "the scenario: a file, or a name from tlslab list"),
		RunE: func(c *cobra.Command, args []string) error {
			scenario, err := load(args[0])
			if err != nil {
				return err
			}
			plan, err := planOf(scenario, asked, c.Flags().Changed("seed"))
			if err != nil {
				return err
			}
			if !asJSON {
				return plan.Describe(s.out)
			}
			encoder := json.NewEncoder(s.out)
			encoder.SetIndent("", "  ")
			return encoder.Encode(plan)
		},
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print the plan as JSON")
	c.Flags().Uint64Var(&asked, "seed", 0, "seed of the order of blocks (default: by chance)")
	return c
}
