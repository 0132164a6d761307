package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
)

// statusReport is the data of `status -o json`.
type statusReport struct {
	Running bool `json:"running"`
	client.Node
}

func statusCommand(p *printer, g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "status", Short: "Show what this peer is doing", Args: noArgs,
		Long: `Shows the peer of a home, its topics and what it holds there: as the running daemon
says or, without one, as the home was left.`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var r statusReport
			err := g.call(cmd.Context(), func(ctx context.Context, c *client.Client) (err error) {
				r.Running = true
				r.Node, err = c.Node(ctx)
				return err
			})
			if unreached(err) {
				r.Running = false
				err = g.readStatus(&r)
			}
			if err != nil {
				return err
			}
			return p.answer(r, r.print)
		},
	}
}

// readStatus is the status of a home without a daemon.
func (g *globals) readStatus(r *statusReport) error {
	dir, err := g.dir()
	if err != nil {
		return err
	}
	if _, err := os.Stat(configPath(dir)); errors.Is(err, fs.ErrNotExist) {
		return &failure{code: codeFailed, err: fmt.Errorf("%s is not a grapevine home", dir), hint: homeHint(dir)}
	}
	r.Home, r.Version, r.Addrs = dir, version(), []string{}
	if author, err := readPublic(dir); err == nil {
		r.Peer, r.Alias = author.String(), node.Alias(author)
	}
	r.Topics, err = g.readTopics()
	return err
}

func (r statusReport) print(w io.Writer) {
	if r.Running {
		fmt.Fprintf(w, "running    %s, pid %d, %s\n", time.Since(r.Started).Round(time.Second), r.PID, many(r.Peers, "peer"))
	} else {
		fmt.Fprintf(w, "stopped    %s; grapevine up starts it\n", r.Home)
	}
	printNode(w, r.Node)
}

func peersCommand(p *printer, g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "peers", Short: "List who is connected", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var list []client.Peer
			err := g.call(cmd.Context(), func(ctx context.Context, c *client.Client) (err error) {
				list, err = c.Peers(ctx)
				return err
			})
			if err != nil {
				return err
			}
			return p.answer(list, func(w io.Writer) {
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "alias\tpeer\tsince\t\taddress")
				for _, n := range list {
					way := map[bool]string{true: "in", false: "out"}[n.Inbound]
					fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", n.Alias, n.ID, time.Since(n.Since).Round(time.Second), way, n.Addr)
				}
				t.Flush()
			})
		},
	}
}

func inviteCommand(p *printer, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "invite [TOPIC]",
		Short: "Print an invitation to a topic",
		Long: `Prints one line that others give to "grapevine join": which topic, the addresses of
this peer, and the newest checkpoint, which tells them whom to believe. In a shell,
put it in quotes.`,
		Example: `  grapevine join "$(grapevine invite --home p1)" --home p2 --data csv:shard2.csv`,
		Args:    optionalArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			var i client.Invite
			err := g.call(cmd.Context(), func(ctx context.Context, c *client.Client) error {
				t, err := c.Topics(ctx)
				if err != nil {
					return err
				}
				v, err := pick(t, first(args))
				if err != nil {
					return err
				}
				i, err = c.Invite(ctx, v.ID)
				return err
			})
			if err != nil {
				return err
			}
			p.say("in a shell, put it in quotes: grapevine join 'INVITE'")
			return p.answer(i, func(w io.Writer) { fmt.Fprintln(w, i.Invite) })
		},
	}
}

func stopCommand(p *printer, g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "stop", Short: "Stop the daemon of this home", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := g.dir()
			if err != nil {
				return err
			}
			pid := daemonPID(dir)
			if err := g.call(cmd.Context(), func(ctx context.Context, c *client.Client) error { return c.Shutdown(ctx) }); err != nil {
				return err
			}
			if err := g.awaitEnd(cmd.Context(), dir); err != nil {
				return err
			}
			return p.answer(map[string]int{"stopped": pid}, func(w io.Writer) { fmt.Fprintf(w, "stopped (pid %d)\n", pid) })
		},
	}
}

// awaitEnd waits until the home is free.
func (g *globals) awaitEnd(ctx context.Context, dir string) error {
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	for {
		if lock, err := lockDaemon(dir); err == nil {
			return unlockDaemon(dir, lock)
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return &failure{code: codeTimeout, err: fmt.Errorf("the daemon (pid %d) has not stopped in time", daemonPID(dir)), hint: "wait longer with --timeout"}
		}
	}
}

func eventsCommand(p *printer, g *globals) *cobra.Command {
	var since uint64
	var topic string
	cmd := &cobra.Command{
		Use:   "events",
		Short: "Tell what happens, as it happens",
		Long: `Prints the daemon's events from those that it remembers on, until Ctrl-C or until
the daemon stops: a line of text each or, with -o json, a line of JSON each. With
--since, only those with a larger ID: nothing is told twice to who remembers the
last one.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, dir, err := g.daemon()
			if err != nil {
				return err
			}
			defer c.Close()
			p.answered = true // a stream has no envelope
			for e, err := range c.Events(cmd.Context(), since, topic) {
				if err != nil {
					return daemonFailure(dir, err)
				}
				if err := p.event(e); err != nil {
					return err
				}
			}
			return errDone
		},
	}
	cmd.Flags().Uint64Var(&since, "since", 0, "ID of the last event that is known")
	cmd.Flags().StringVar(&topic, "topic", "", "only events of this topic")
	return cmd
}
