package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/api/client"
)

// plan turns a wish to join into a section of the configuration. name is empty
// for a topic that has none yet.
func (c *config) plan(dir string, j client.Join) (name string, t topicConfig, err error) {
	switch {
	case j.Topic == "":
		return "", t, usage("no topic is named", "give an invitation, a CID, or the name of a topic of this home")
	case strings.Contains(j.Topic, "://"):
		i, err := parseInvitation(j.Topic)
		if err != nil {
			return "", t, err
		}
		name, t = c.section(i.topic.String())
		t.CID, t.Addrs, t.Checkpoint = i.topic.String(), i.addrs, i.checkpoint
	default:
		if name, t, err = c.named(dir, j.Topic); err != nil {
			return "", t, err
		}
	}
	if j.Data != "" {
		t.Data, t.Label, t.Drop = j.Data, j.Label, j.Drop
	} else if j.Label != "" {
		t.Label = j.Label
	}
	switch {
	case j.Follow:
		t.Role = roleFollower
	case t.Data != "":
		t.Role = roleTrainer
	case t.Role == "" || t.Role == roleLeft:
		t.Role = roleFollower
	}
	return name, t, nil
}

// section is what the configuration has about a topic.
func (c *config) section(id string) (name string, t topicConfig) {
	for name, t := range c.Topics {
		if t.CID == id {
			return name, t
		}
	}
	return "", topicConfig{}
}

// named finds a topic by name or CID, in the configuration or among the homes.
func (c *config) named(dir, name string) (string, topicConfig, error) {
	if t, is := c.Topics[name]; is {
		return name, t, nil
	}
	if id, err := ledger.ParseCID(name); err == nil {
		section, t := c.section(id.String())
		t.CID = id.String()
		return section, t, nil
	}
	var names []string
	for _, d := range topicsIn(dir) {
		m, id, err := manifestIn(d)
		if err != nil {
			return "", topicConfig{}, err
		}
		if m.Name == name || slug(m.Name) == name {
			section, t := c.section(id.String())
			t.CID = id.String()
			return section, t, nil
		}
		names = append(names, m.Name)
	}
	hint := "give an invitation or a CID"
	if len(names) > 0 {
		hint += ", or one of: " + strings.Join(names, ", ")
	}
	return "", topicConfig{}, usage(fmt.Sprintf("no topic is called %q here", name), hint)
}

// note writes the section of a topic. One that has no name gets it from title.
func (c *config) note(dir, name, title string, t topicConfig) (string, error) {
	id, err := ledger.ParseCID(t.CID)
	if err != nil {
		return "", usage(err.Error(), "")
	}
	if name == "" {
		name = freshName(c, title, id)
	}
	return name, setTopic(dir, name, t)
}

// joinFlags say what a peer brings to a topic.
type joinFlags struct {
	data, label string
	drop        []string
	follow      bool
}

func (f *joinFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.data, "data", "", "own data, which never leave this computer: "+sources)
	cmd.Flags().StringVar(&f.label, "label", "", "the column of a table with the class (default: as the topic calls it)")
	cmd.Flags().StringArrayVar(&f.drop, "drop", nil, "a column of a table not to look at; may be repeated")
	cmd.Flags().BoolVar(&f.follow, "follow", false, "only follow: neither train nor score")
}

// wish is what the flags ask for.
func (f *joinFlags) wish(topic string) (client.Join, error) {
	if f.follow && f.data != "" {
		return client.Join{}, usage("--follow and --data exclude each other", "who follows needs no data")
	}
	data, err := checkSpec(f.data)
	return client.Join{Topic: topic, Data: data, Label: f.label, Drop: f.drop, Follow: f.follow}, err
}

func joinCommand(p *printer, g *globals) *cobra.Command {
	var f joinFlags
	cmd := &cobra.Command{
		Use:   "join INVITE",
		Short: "Take part in a topic",
		Long: `Takes part in a topic: as a trainer with --data, else as a follower. INVITE is what
"grapevine invite" printed on a peer of the topic; a CID does, too, if peers that
have the topic are known. The manifest is fetched by its CID and checked.

With a running daemon this happens at once; else it is noted, and "up" does it.`,
		Example: `  grapevine join 'grapevine://bafy…' --data csv:patients.csv --label outcome
  grapevine join 'grapevine://bafy…' --follow`,
		Args: oneArg("an invitation"),
		RunE: func(cmd *cobra.Command, args []string) error { return runJoin(cmd.Context(), p, g, f, args[0]) },
	}
	f.register(cmd)
	return cmd
}

func runJoin(ctx context.Context, p *printer, g *globals, f joinFlags, topic string) error {
	wish, err := f.wish(topic)
	if err != nil {
		return err
	}
	var t client.Topic
	err = g.call(ctx, func(ctx context.Context, c *client.Client) (err error) {
		t, err = c.Join(ctx, wish)
		return err
	})
	if unreached(err) {
		return noteJoin(p, g, wish)
	}
	if err != nil {
		return err
	}
	return p.answer(t, func(w io.Writer) { fmt.Fprintf(w, "joined %s as a %s, topic %s\n", t.Name, t.Role, t.ID) })
}

// noteJoin writes a wish into the configuration of a home without a daemon.
func noteJoin(p *printer, g *globals, wish client.Join) error {
	dir, err := g.dir()
	if err != nil {
		return err
	}
	if _, err := makeHome(p, dir, false, ""); err != nil {
		return err
	}
	c, err := loadConfig(dir, nil)
	if err != nil {
		return err
	}
	name, t, err := c.plan(dir, wish)
	if err != nil {
		return err
	}
	if name, err = c.note(dir, name, "", t); err != nil {
		return err
	}
	return p.answer(client.Topic{ID: t.CID, Name: name, State: client.Stopped, Role: t.Role, Data: t.Data}, func(w io.Writer) {
		fmt.Fprintf(w, "noted in %s; no daemon is running, so it begins with: grapevine up --home %s\n", configPath(dir), dir)
	})
}

func leaveCommand(p *printer, g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "leave TOPIC",
		Short: "Take part in a topic no longer; its ledger stays",
		Args:  oneArg("a topic"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := g.call(cmd.Context(), func(ctx context.Context, c *client.Client) error { return c.Leave(ctx, args[0]) })
			if unreached(err) {
				err = g.noteLeave(args[0])
			}
			if err != nil {
				return err
			}
			return p.answer(map[string]string{"left": args[0]}, func(w io.Writer) {
				fmt.Fprintf(w, "left %s; its ledger stays, and grapevine up --topic %s takes part again\n", args[0], args[0])
			})
		},
	}
}

func (g *globals) noteLeave(topic string) error {
	dir, err := g.dir()
	if err != nil {
		return err
	}
	c, err := loadConfig(dir, nil)
	if err != nil {
		return err
	}
	name, t, err := c.named(dir, topic)
	if err != nil {
		return err
	}
	t.Role = roleLeft
	_, err = c.note(dir, name, topic, t)
	return err
}
