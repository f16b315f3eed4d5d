package main

import (
	"github.com/spf13/cobra"

	"github.com/tlslab/tlslab/scenarios"
)

func schemaCommand(s streams) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "the JSON Schema (draft-07) of scenario files, for editors",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := s.out.Write(scenarios.Schema())
			return err
		},
	}
}
