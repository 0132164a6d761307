package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/api/client"
)

// orderFlags are those of every command that signs an entry.
type orderFlags struct {
	topic string
	wait  time.Duration
}

func (f *orderFlags) register(cmd *cobra.Command) {
	topicFlag(cmd, &f.topic)
	cmd.Flags().DurationVar(&f.wait, "wait", time.Minute, "how long to wait until a block certifies it; 0 does not wait")
}

// submit has the daemon sign an entry, and says what became of it.
func (f *orderFlags) submit(ctx context.Context, p *printer, g *globals, o client.Order) error {
	s, err := f.send(ctx, g, o)
	if err != nil {
		return err
	}
	return p.answer(s, func(w io.Writer) { printSubmission(w, s) })
}

// send has the daemon sign an entry.
func (f *orderFlags) send(ctx context.Context, g *globals, o client.Order) (s client.Submission, err error) {
	if f.wait < 0 || f.wait > time.Hour {
		return s, usage(fmt.Sprintf("--wait %v: want 0 to 1h", f.wait), "")
	}
	o.Wait = int(f.wait.Seconds())
	slow := *g
	slow.timeout += f.wait
	err = slow.call(ctx, func(ctx context.Context, c *client.Client) error {
		t, err := c.Topics(ctx)
		if err != nil {
			return err
		}
		topic, err := pick(t, f.topic)
		if err != nil {
			return err
		}
		s, err = c.Submit(ctx, topic.ID, o)
		return err
	})
	return s, err
}

func printSubmission(w io.Writer, s client.Submission) {
	if s.State == client.Certified {
		fmt.Fprintf(w, "%s is certified at height %d  (entry %d, %s)\n", s.Kind, s.Height, s.Seq, s.Entry)
		return
	}
	fmt.Fprintf(w, "%s is signed and waits for a block after height %d  (entry %d, %s)\n", s.Kind, s.Height, s.Seq, s.Entry)
	fmt.Fprintf(w, "grapevine wallet balance lists what waits\n")
}

// walletSendCommand sends tokens.
func walletSendCommand(p *printer, g *globals) *cobra.Command {
	var f orderFlags
	cmd := &cobra.Command{
		Use:   "send PEER AMOUNT",
		Short: "Send tokens to a peer",
		Long: `Sends tokens to a peer, named by its peer ID or alias. AMOUNT is in tokens, with up
to six decimals. The daemon must be running: it signs, and the command waits until
a block certifies the transfer.`,
		Example: `  grapevine wallet send smart-cyan-adder 12.5`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usage(fmt.Sprintf("send: want PEER and AMOUNT, got %d arguments", len(args)), "grapevine wallet send PEER 12.5")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			units, err := parseTokens(args[1])
			if err != nil {
				return err
			}
			return f.submit(cmd.Context(), p, g, client.Order{Kind: "transfer", Peer: args[0], Amount: units})
		},
	}
	f.register(cmd)
	return cmd
}

// walletLockCommands lock tokens and take them back.
func walletLockCommands(p *printer, g *globals) (all []*cobra.Command) {
	for _, c := range []struct{ kind, short, long string }{
		{"bond", "Lock tokens behind this peer's contributions", "What a peer's deltas weigh, and earn, grows with its bond. It is locked at the end of each\nround's COMMIT phase until the round is settled, and lost in part by who forks its chain."},
		{"unbond", "Take part of the bond back", "It is paid out after the topic's unbonding time, in heights; until then it can be slashed."},
		{"stake", "Lock tokens behind this peer's scores and votes", "A stake gives a seat in the committee from the checkpoint after the next, if it is among the\n64 largest. It is lost in part by who votes twice or forks its chain."},
		{"unstake", "Take part of the stake back", "It is paid out after the topic's unbonding time, in heights; until then it can be slashed.\nThe seat is lost at the checkpoint after the next."},
	} {
		var f orderFlags
		cmd := &cobra.Command{
			Use: c.kind + " AMOUNT", Short: c.short, Long: c.long + "\nAMOUNT is in tokens. The daemon must be running.", Args: oneArg("AMOUNT"),
			RunE: func(cmd *cobra.Command, args []string) error {
				units, err := parseTokens(args[0])
				if err != nil {
					return err
				}
				return f.submit(cmd.Context(), p, g, client.Order{Kind: c.kind, Amount: units})
			},
		}
		f.register(cmd)
		all = append(all, cmd)
	}
	return all
}

// walletRegisterCommand names a payout key.
func walletRegisterCommand(p *printer, g *globals) *cobra.Command {
	return peerOrder(p, g, "register", "Name who is paid should this peer's key be stolen",
		`If this peer's chain forks, or it votes twice, as happens when its key is stolen or its
home is copied, its chain ends, and what the slash leaves is paid to PEER. That can be
named once, and not changed: best a key of yours that is kept offline.`)
}

// peerOrder is a command that signs an entry about one peer.
func peerOrder(p *printer, g *globals, kind, short, long string) *cobra.Command {
	var f orderFlags
	cmd := &cobra.Command{
		Use: kind + " PEER", Short: short, Long: long + "\nPEER is a peer ID or an alias. The daemon must be running.", Args: oneArg("PEER"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return f.submit(cmd.Context(), p, g, client.Order{Kind: kind, Peer: args[0]})
		},
	}
	f.register(cmd)
	return cmd
}

// parseTokens reads an amount of tokens with up to six decimals, exactly.
func parseTokens(text string) (units uint64, err error) {
	whole, part, _ := strings.Cut(text, ".")
	digits := whole + part + strings.Repeat("0", max(0, 6-len(part)))
	if len(part) > 6 || len(digits) > 17 || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return 0, usage(fmt.Sprintf("%q is no amount of tokens", text), "such as 12 or 0.25, with six decimals at most")
	}
	for _, d := range digits {
		units = 10*units + uint64(d-'0')
	}
	if units == 0 || units > ledger.MaxAmount {
		return 0, usage(fmt.Sprintf("%q tokens: want more than 0, and not more than there can be", text), "")
	}
	return units, nil
}
