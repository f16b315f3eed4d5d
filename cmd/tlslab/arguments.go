package main

import (
	"fmt"

	"github.com/spf13/cobra"
)

// exactly wants n arguments and says what they are.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usage(fmt.Errorf("%s wants %s", c.CommandPath(), what), c.CommandPath()+" --help")
	}
}
