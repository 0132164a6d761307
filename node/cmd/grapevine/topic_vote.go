package main

import (
	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// topicVoteCommands are the votes of members: about each other, and about the end.
func topicVoteCommands(p *printer, g *globals) []*cobra.Command {
	return []*cobra.Command{
		peerOrder(p, g, "admit", "Vote to make a peer a member", "In an invite-only topic, who has the votes of two thirds of the members becomes one."),
		peerOrder(p, g, "remove", "Vote to make a peer a member no longer", "In an invite-only topic, who has the votes of two thirds of the members against it\nis one no longer, and gets its stake back after the unbonding time."),
		topicEndCommand(p, g),
	}
}

func topicEndCommand(p *printer, g *globals) *cobra.Command {
	var f orderFlags
	var successor string
	cmd := &cobra.Command{
		Use:   "end [--successor CID]",
		Short: "Vote to close the topic or, when it is closed, to name its successor",
		Long: `Two thirds close a topic: of the members or, in an open topic, of the stake. From then
on nothing moves. "grapevine topic create --successor-of TOPIC" makes a topic in which
everybody has what it had, with other rules or another model; a second vote, with
--successor, says which topic that is. The daemon must be running.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return f.submit(cmd.Context(), p, g, client.Order{Kind: "end", Successor: successor})
		},
	}
	f.register(cmd)
	cmd.Flags().StringVar(&successor, "successor", "", "CID of the topic that goes on")
	return cmd
}
