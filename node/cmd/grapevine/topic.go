package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
)

func topicCommand(p *printer, g *globals) *cobra.Command {
	cmd := group("topic", "Found topics, and see what they are")
	cmd.AddCommand(topicCreateCommand(p, g), topicShowCommand(p, g), topicLsCommand(p, g))
	cmd.AddCommand(topicVoteCommands(p, g)...)
	return cmd
}

// topics asks the daemon or, if none runs, reads the home.
func (g *globals) topics(ctx context.Context) (list []client.Topic, err error) {
	err = g.call(ctx, func(ctx context.Context, c *client.Client) (err error) {
		list, err = c.Topics(ctx)
		return err
	})
	if unreached(err) {
		return g.readTopics()
	}
	return list, err
}

// readTopics is what a home without a daemon knows of its topics.
func (g *globals) readTopics() ([]client.Topic, error) {
	dir, err := g.dir()
	if err != nil {
		return nil, err
	}
	c, err := loadConfig(dir, nil)
	if err != nil {
		return nil, err
	}
	out, err := topicsHere(dir, c)
	if err != nil {
		return nil, err
	}
	self, _ := readPublic(dir) // zero: then it is nobody's
	seen := map[string]bool{}
	for i := range out {
		if err := readHead(&out[i], self); err != nil {
			return nil, err
		}
		seen[out[i].ID] = true
	}
	for name, t := range c.Topics {
		if !seen[t.CID] {
			out = append(out, client.Topic{ID: t.CID, Name: name, State: client.Stopped, Reason: "not here yet: grapevine up gets it", Role: t.Role, Data: t.Data})
		}
	}
	return out, nil
}

func readHead(v *client.Topic, self ledger.Author) error {
	r, err := node.Replay(v.Dir, nil)
	if err != nil {
		return readFailure(v.Dir, err)
	}
	a := r.Replica
	account := a.State.Account(self)
	v.Account = client.Account{Balance: account.Balance, Bond: account.Bond, Stake: account.Stake}
	v.Head = client.Head{
		Topic: v.ID, Height: a.Head.Height, Block: a.Head.Block.String(), StateRoot: stateRoot(r), Anchor: a.State.Anchor().String(),
		Round: a.State.Round.Number, Phase: a.State.Round.Phase.String(),
	}
	return nil
}

// pick finds one topic in a list; "" is the first.
func pick(list []client.Topic, name string) (client.Topic, error) {
	var topics []topicName
	for _, t := range list {
		topics = append(topics, topicName{t.Name, t.Title, t.ID})
	}
	if i := meant(name, topics); i >= 0 {
		return list[i], nil
	}
	if len(list) == 0 {
		return client.Topic{}, noTopic()
	}
	return client.Topic{}, usage(fmt.Sprintf("no topic is called %q", name), "grapevine topic ls lists them")
}

func topicLsCommand(p *printer, g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "ls", Short: "List the topics of this home", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			list, err := g.topics(cmd.Context())
			if err != nil {
				return err
			}
			return p.answer(list, func(w io.Writer) {
				t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
				fmt.Fprintln(t, "name\tstate\trole\theight\tround\tbalance\ttopic")
				for _, v := range list {
					fmt.Fprintf(t, "%s\t%s\t%s\t%d\t%d\t%s\t%s\n", v.Name, v.State, v.Role, v.Head.Height, v.Head.Round, tokens(v.Account.Balance), v.ID)
				}
				t.Flush()
			})
		},
	}
}

// topicReport is the data of `topic show -o json`.
type topicReport struct {
	client.Topic
	Classes  []string       `json:"classes"`
	Columns  []string       `json:"columns"`
	Members  []memberLine   `json:"members"` // from the start
	Learning learningReport `json:"learning"`
	Rounds   ledger.Rounds  `json:"rounds"`
	Economy  ledger.Economy `json:"economy"`
}

type memberLine struct {
	Peer    string `json:"peer"`
	Alias   string `json:"alias"`
	Balance uint64 `json:"balance"`
	Bond    uint64 `json:"bond"`
	Stake   uint64 `json:"stake"`
}

type learningReport struct {
	Steps    uint64  `json:"steps"`
	Batch    uint64  `json:"batch"`
	Rate     float64 `json:"rate"`
	Momentum float64 `json:"momentum"`
	Shrink   float64 `json:"weight_decay"`
	Keep     uint64  `json:"keep"`
	Dense    bool    `json:"dense"`
	Alpha    float64 `json:"alpha"`
}

func topicShowCommand(p *printer, g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "show [TOPIC]", Short: "Show what a topic is: model, data, members, rules", Args: optionalArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			list, err := g.topics(cmd.Context())
			if err != nil {
				return err
			}
			t, err := pick(list, first(args))
			if err != nil {
				return err
			}
			if t.Dir == "" {
				return &failure{code: codeFailed, err: fmt.Errorf("topic %s is not here yet", t.Name), hint: "grapevine up gets it from its peers"}
			}
			r, err := describe(t)
			if err != nil {
				return err
			}
			return p.answer(r, r.print)
		},
	}
}

// describe adds what the manifest says.
func describe(t client.Topic) (*topicReport, error) {
	m, _, err := manifestIn(t.Dir)
	if err != nil {
		return nil, err
	}
	_, schema, err := node.ModelOf(m)
	if err != nil {
		return nil, &failure{code: codeVerify, err: err}
	}
	q := func(v uint64) float64 { return float64(v) / ledger.One }
	l := m.Learning
	r := &topicReport{Topic: t, Classes: schema.Classes, Rounds: m.Rounds, Economy: m.Economy,
		Learning: learningReport{l.Steps, l.Batch, q(l.Rate), q(l.Momentum), q(l.Shrink), l.Keep, l.Dense, q(l.Alpha)}}
	for _, c := range schema.Columns {
		r.Columns = append(r.Columns, c.Name)
	}
	for _, x := range m.Genesis {
		r.Members = append(r.Members, memberLine{x.Author.String(), node.Alias(x.Author), x.Balance, x.Bond, x.Stake})
	}
	return r, nil
}

func (r *topicReport) print(w io.Writer) {
	fmt.Fprintf(w, "%s  %s\n\n", r.Title, r.ID)
	fmt.Fprintf(w, "  model     %s, %d parameters\n", r.Model, r.Params)
	fmt.Fprintf(w, "  classes   %d: %.200s\n", len(r.Classes), fmt.Sprint(r.Classes))
	if len(r.Columns) > 0 {
		fmt.Fprintf(w, "  columns   %d: %.400s\n", len(r.Columns), fmt.Sprint(r.Columns))
	}
	fmt.Fprintf(w, "  training  %d steps of %d samples a round, rate %.4g, momentum %.3g, weight decay %.3g\n",
		r.Learning.Steps, r.Learning.Batch, r.Learning.Rate, r.Learning.Momentum, r.Learning.Shrink)
	fmt.Fprintf(w, "  blocks    every %d ms at most\n", r.Rounds.Pace)
	fmt.Fprintf(w, "  supply    %s tokens\n", tokens(r.Economy.Cap))
	who := "invite-only"
	if r.Open {
		who = fmt.Sprintf("open: %d places a round for who has no bond, with %d bits of work", r.Economy.Slots, r.Economy.Work)
	}
	fmt.Fprintf(w, "  members   %s\n", who)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, m := range r.Members {
		fmt.Fprintf(t, "    %s\t%s\tstake %s\tbond %s\n", m.Alias, m.Peer, tokens(m.Stake), tokens(m.Bond))
	}
	t.Flush()
	fmt.Fprintf(w, "  here      %s\n", topicLine(r.Topic))
}

// topicLine is a topic in one line.
func topicLine(t client.Topic) string {
	role := t.Role
	if t.Validator {
		role += " and validator"
	}
	line := fmt.Sprintf("%s  %s, %s, height %d, round %d, balance %s", t.Name, role, t.State, t.Head.Height, t.Head.Round, tokens(t.Account.Balance))
	if t.State == client.Running {
		line += ", " + many(t.Peers, "peer")
	}
	if t.LiveSince != nil {
		line += fmt.Sprintf(", no heights since %s, learning live", t.LiveSince.Local().Format(time.TimeOnly))
	}
	if t.DiskFull {
		line += ", read-only until there is space on the disk"
	}
	if t.Reason != "" {
		line += ": " + t.Reason
	}
	return line
}
