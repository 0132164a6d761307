package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/api/client"
)

// upFlags are the flags of `up`.
type upFlags struct {
	joinFlags
	topic      string
	listen     []string
	peers      []string
	mdns       bool
	detach     bool
	passphrase string
}

func upCommand(p *printer, g *globals) *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run this peer: train, score, vote, until Ctrl-C",
		Long: `Runs the peer of a home, in all its topics, until Ctrl-C or "grapevine stop". A home
that is missing is made. With --topic it joins one, or takes part again in one
that it left; --data, --label and --follow are about that topic or, without
--topic, about the only one, and are remembered.

Settled rounds are told on standard error.`,
		Example: `  grapevine up
  grapevine up --topic 'grapevine://bafy…' --data csv:patients.csv --label outcome
  grapevine up --detach && grapevine events`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			dir, err := g.dir()
			if err != nil {
				return err
			}
			if _, err := makeHome(p, dir, false, ""); err != nil {
				return err
			}
			if f.detach {
				return f.runDetached(cmd.Context(), p, g, dir)
			}
			return f.run(cmd.Context(), p, g, dir, cmd.Flags())
		},
	}
	f.joinFlags.register(cmd)
	flags := cmd.Flags()
	flags.StringVar(&f.topic, "topic", "", "an invitation, a CID, or the name of a topic of this home")
	flags.StringSliceVar(&f.listen, "listen", nil, "multiaddr to listen on instead of those in config.toml; may be repeated")
	flags.StringSliceVar(&f.peers, "peer", nil, "multiaddr of a peer to begin with, with /p2p/; may be repeated")
	flags.BoolVar(&f.mdns, "mdns", true, "find peers on the local network")
	flags.BoolVar(&f.detach, "detach", false, "go on in the background; messages go to run/daemon.log in the home")
	passphraseFlag(cmd, &f.passphrase)
	return cmd
}

func (f *upFlags) run(ctx context.Context, p *printer, g *globals, dir string, flags *pflag.FlagSet) error {
	wish, err := f.wish(f.topic)
	if err != nil {
		return err
	}
	ask := func() ([]byte, error) { return askPassphrase(p, f.passphrase, false) }
	d, err := openDaemon(ctx, dir, flags, ask)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- d.run() }() // awaited below
	told := make(chan struct{})
	go func() { defer close(told); d.progress(p) }()
	err = f.begin(d, g, wish)
	if err == nil {
		debug.FreeOSMemory() // most of what replaying the ledgers took is free by now
		close(d.ready)
		err = d.announce(p)
	}
	ending := d.ctx.Err() != nil
	if err != nil {
		d.stop(errStopped)
	}
	if runErr := <-ended; err == nil || runErr != nil && ending {
		err = runErr // why the daemon ended says more than that it did
	}
	<-told
	if err != nil {
		return err
	}
	return errDone
}

// begin starts the topics: first the one that the flags are about.
func (f *upFlags) begin(d *daemon, g *globals, wish client.Join) error {
	ctx, cancel := context.WithTimeout(d.ctx, g.timeout)
	defer cancel()
	var first ledger.CID
	if wish.Topic == "" && (wish.Data != "" || wish.Follow) {
		only, err := d.only()
		if err != nil {
			return err
		}
		wish.Topic = only
	}
	if wish.Topic != "" {
		t, err := d.join(ctx, wish)
		if err != nil {
			return err
		}
		first = t.id
	}
	return d.startAll(ctx, first)
}

// only names the single topic of a home.
func (d *daemon) only() (string, error) {
	ids := map[string]bool{}
	for _, t := range d.config.Topics {
		ids[t.CID] = true
	}
	for _, dir := range topicsIn(d.dir) {
		_, id, err := manifestIn(dir)
		if err != nil {
			return "", err
		}
		ids[id.String()] = true
	}
	for id := range ids {
		if len(ids) == 1 {
			return id, nil
		}
	}
	return "", usage(fmt.Sprintf("--data and --follow are about one topic, and this home has %d", len(ids)), "say which with --topic: a name, or an invitation, in quotes")
}

// announce prints what runs now.
func (d *daemon) announce(p *printer) error {
	n, err := backend{d}.Node(d.ctx)
	if err != nil {
		return err
	}
	for _, t := range n.Topics {
		if t.Validator && t.Role == roleFollower {
			p.say("note: %s counts on this peer to score, but it has no data here: give --data", t.Name)
		}
	}
	if err := os.WriteFile(runPath(d.dir, "ready"), fmt.Appendln(nil, n.PID), 0o600); err != nil {
		return fault(codeFailed, "say that the daemon is ready", err)
	}
	return p.answer(n, func(w io.Writer) {
		printNode(w, n)
		fmt.Fprintf(w, "\nCtrl-C stops it; in another terminal: grapevine status\n")
	})
}

func printNode(w io.Writer, n client.Node) {
	fmt.Fprintf(w, "peer       %s  %s\n", n.Alias, n.Peer)
	for i, a := range best(n.Addrs) {
		fmt.Fprintf(w, "%-10s %s\n", map[bool]string{true: "listening"}[i == 0], a)
	}
	for _, t := range n.Topics {
		fmt.Fprintf(w, "topic      %s\n", topicLine(t))
	}
	if len(n.Topics) == 0 {
		fmt.Fprintf(w, "topic      none yet: grapevine topic create, or grapevine join INVITE\n")
	}
}

// progress tells of settled rounds, and of what a person should know.
func (d *daemon) progress(p *printer) {
	for e := range d.events.since(context.Background(), 0) {
		switch e.Kind {
		case "model.updated":
			p.say("%s  %-12s %s", e.Time.Format(time.TimeOnly), d.nameOf(e.Topic), settledText(eventData[settledEvent](e)))
		case "health.changed", "topic.joined", "topic.left":
			p.say("%s  %-12s %s", e.Time.Format(time.TimeOnly), d.nameOf(e.Topic), noticeText(e))
		}
	}
}

func (d *daemon) nameOf(id string) string {
	for _, t := range d.members() {
		if t.id.String() == id {
			return t.name
		}
	}
	return id[:min(len(id), shortCID)]
}

func eventData[T any](e client.Event) (v T) {
	_ = json.Unmarshal(e.Data, &v) // our own; of a newer daemon, what is known
	return v
}

func noticeText(e client.Event) string {
	switch e.Kind {
	case "topic.joined":
		return "takes part"
	case "topic.left":
		return "takes part no longer"
	case "health.changed":
		return eventData[noticeEvent](e).Text
	}
	return string(e.Data)
}
