// Grapevine is a peer-to-peer network in which peers learn together, each from
// its own data, and a ledger that all agree on pays for what is learnt.
package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], printer{out: os.Stdout, err: os.Stderr}))
}

// run executes one command and returns its exit code.
func run(ctx context.Context, args []string, p printer) int {
	p.foresee(args)
	root := rootCommand(&p)
	root.SetArgs(args)
	root.SetOut(p.people())
	root.SetErr(p.err)
	err := root.ExecuteContext(ctx)
	if f, is := errors.AsType[*failure](err); ctx.Err() != nil && !errors.Is(err, errDone) && !(is && f.code == codeInterrupted) {
		err = fault(codeInterrupted, "interrupted", nil)
	}
	return p.finish(err)
}

func rootCommand(p *printer) *cobra.Command {
	root := &cobra.Command{
		Use:   "grapevine",
		Short: "Learn together, peer to peer, and be paid for it",
		Long: `Peers train on their own data, gossip signed model deltas, and keep a ledger of
contributions that decides token rewards. There is no coordinator and no server.

See a whole network at work on this computer:   grapevine demo`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().VarP(&p.format, "output", "o", "how to answer: text, or json for one line on standard output")
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error {
		return usage(err.Error(), "grapevine "+"--help lists commands and flags")
	})
	g := &globals{}
	g.register(root)
	root.AddCommand(initCommand(p, g), upCommand(p, g), stopCommand(p, g), statusCommand(p, g), peersCommand(p, g))
	root.AddCommand(topicCommand(p, g), inviteCommand(p, g), joinCommand(p, g), leaveCommand(p, g), eventsCommand(p, g))
	root.AddCommand(demoCommand(p), labCommand(p))
	root.AddCommand(ledgerCommand(p), explainCommand(p), walletCommand(p, g), modelCommand(p), verifyCommand(p), dataCommand(p, g), versionCommand(p))
	return root
}
