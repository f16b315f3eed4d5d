package main

import (
	"context"
	"io"

	"github.com/spf13/cobra"
)

// streams are where a command reads and writes: out is the product, err is the conversation.
type streams struct {
	in       io.Reader
	out, err io.Writer
}

func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	s := streams{in, out, err}
	root := newRoot(s)
	root.SetArgs(args)
	return s.exit(ctx, root.ExecuteContext(ctx))
}

func newRoot(s streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "tlslab",
		Short: "measure TLS 1.3 handshakes, compare servers, say how sure",
		Long: `tlslab drives TLS 1.3 handshakes against servers of several builds and compares what a handshake costs each.
Both sides keep a ledger; a run whose ledgers do not reconcile is invalid, never a number.`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArguments,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SuggestionsMinimumDistance = 2
	root.SetIn(s.in)
	root.SetOut(s.out)
	root.SetErr(s.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error { return usage(err, c.CommandPath()+" --help") })
	root.AddCommand(
		listCommand(s),
		planCommand(s),
		runCommand(s),
		explainCommand(s),
		hostCommand(s),
		reportCommand(s),
		compareCommand(s),
		replayCommand(s),
		verifyCommand(s),
		historyCommand(s),
		baselineCommand(s),
		ciCommand(s),
		primitivesCommand(s),
		scorecardCommand(s),
		experimentCommand(s),
		schemaCommand(s),
		versionCommand(s),
		selftestCommand(s),
		generateCommand(s),
		hogCommand(s),
	)
	return root
}

// noArguments refuses words that name no command.
func noArguments(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage(errUnknown(c, args[0]), c.CommandPath()+" --help")
}
