package main

import (
	"context"
	"fmt"
	"iter"
	"net/netip"
	"os"
	"slices"
	"strings"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api"
	"github.com/grapevine-network/grapevine/node/api/client"
)

// backend is the daemon as the API sees it.
type backend struct{ *daemon }

var _ api.Backend = backend{}

// Node implements api.Backend.
func (b backend) Node(ctx context.Context) (client.Node, error) {
	topics, err := b.Topics(ctx)
	author := b.author()
	return client.Node{
		Peer: author.String(), Alias: node.Alias(author), Version: version(), PID: os.Getpid(), Home: b.dir, Started: b.started,
		Addrs: b.network.Addrs(), Peers: len(b.network.Peers()), Topics: topics,
	}, err
}

// Shutdown implements api.Backend.
func (b backend) Shutdown() { b.stop(errStopped) }

// Peers implements api.Backend.
func (b backend) Peers(context.Context) ([]client.Peer, error) {
	out := []client.Peer{}
	for _, n := range b.network.Neighbours() {
		p := client.Peer{ID: n.ID.String(), Addr: n.Addr, Inbound: n.Inbound, Since: n.Since}
		if a, err := ledger.ParseAuthor(p.ID); err == nil {
			p.Alias = node.Alias(a)
		}
		out = append(out, p)
	}
	return out, nil
}

// Topics implements api.Backend.
func (b backend) Topics(ctx context.Context) ([]client.Topic, error) {
	out := []client.Topic{}
	for _, t := range b.members() {
		view, err := b.view(ctx, t)
		if err != nil {
			return nil, problemOf(err)
		}
		out = append(out, view)
	}
	return out, nil
}

// Topic implements api.Backend.
func (b backend) Topic(ctx context.Context, name string) (client.Topic, error) {
	t, err := b.topic(name)
	if err != nil {
		return client.Topic{}, problemOf(err)
	}
	view, err := b.view(ctx, t)
	return view, problemOf(err)
}

// view is how a topic stands.
func (b backend) view(ctx context.Context, t *member) (client.Topic, error) {
	m, _, err := manifestIn(t.dir)
	if err != nil {
		return client.Topic{}, err
	}
	v := topicView(t.name, t.dir, t.id, m, t.config, b.author())
	n := t.running()
	if n == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		v.State, v.Reason = client.Stopped, t.reason
		return v, nil
	}
	s := n.Status()
	v.State, v.Peers, v.DiskFull = client.Running, s.Peers, s.Full
	v.Head = client.Head{
		Topic: v.ID, Height: s.Height, Block: s.Block.String(), Anchor: s.Anchor.String(),
		Round: s.Round, Phase: s.Phase.String(), Instance: s.Instance,
	}
	if s.State != (ledger.Hash{}) {
		root := fmt.Sprintf("%x", s.State[:])
		v.Head.StateRoot = &root
	}
	v.Account = client.Account{Balance: s.Account.Balance, Bond: s.Account.Bond, Stake: s.Account.Stake}
	v.Validator = s.Account.Stake > 0
	if !s.Live.Since.IsZero() {
		v.LiveSince = &s.Live.Since
	}
	return v, ctx.Err()
}

// topicView is what a topic's manifest and configuration say.
func topicView(name, dir string, id ledger.CID, m *ledger.Manifest, c topicConfig, self ledger.Author) client.Topic {
	v := client.Topic{
		ID: id.String(), Name: name, Title: m.Name, State: client.Stopped, Role: roleTrainer, Open: m.Economy.Slots > 0,
		Model: m.Learning.Model, Params: m.Learning.Params(), Data: c.Data, Dir: dir,
	}
	if c.Data == "" || c.Role == roleFollower {
		v.Role = roleFollower
	}
	if c.Role == roleLeft {
		v.Role = roleLeft
	}
	v.Validator = slices.ContainsFunc(m.Genesis, func(g ledger.Member) bool { return g.Author == self && g.Stake > 0 })
	return v
}

// Join implements api.Backend.
func (b backend) Join(ctx context.Context, j client.Join) (client.Topic, error) {
	t, err := b.join(ctx, j)
	if err != nil {
		return client.Topic{}, problemOf(err)
	}
	view, err := b.view(ctx, t)
	return view, problemOf(err)
}

// join takes part in a topic and writes that into the configuration.
func (d *daemon) join(ctx context.Context, j client.Join) (*member, error) {
	name, c, err := d.config.plan(d.dir, j)
	if err != nil {
		return nil, err
	}
	id, err := ledger.ParseCID(c.CID)
	if err != nil {
		return nil, usage(err.Error(), "")
	}
	t, err := d.begin(ctx, name, id, c)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.config.Topics == nil {
		d.config.Topics = map[string]topicConfig{}
	}
	d.config.Topics[t.name] = c
	return t, setTopic(d.dir, t.name, c)
}

// Leave implements api.Backend.
func (b backend) Leave(_ context.Context, name string) error {
	t, err := b.topic(name)
	if err != nil {
		return problemOf(err)
	}
	b.leave(t)
	t.config.Role = roleLeft
	b.mu.Lock()
	defer b.mu.Unlock()
	b.config.Topics[t.name] = t.config
	return problemOf(setTopic(b.dir, t.name, t.config))
}

// Invite implements api.Backend.
func (b backend) Invite(ctx context.Context, name string) (client.Invite, error) {
	t, err := b.topic(name)
	if err != nil {
		return client.Invite{}, problemOf(err)
	}
	n := t.running()
	if n == nil {
		return client.Invite{}, problemOf(fault(codeFailed, "topic "+t.name+" is stopped: grapevine status says why", nil))
	}
	at, err := n.Checkpoint(ctx)
	if err != nil {
		return client.Invite{}, problemOf(fault(codeTimeout, "ask the topic's node", err))
	}
	i := invitation{topic: t.id, addrs: best(b.network.Addrs()), checkpoint: checkpointText(at)}
	return client.Invite{Topic: t.id.String(), Invite: i.String(), Addrs: i.addrs, Height: at.Height}, nil
}

// best leaves out loopback addresses if there are others that a peer elsewhere
// can reach, and keeps an invitation short.
func best(addrs []string) []string {
	const most = 4
	far, near := []string{}, []string{}
	for _, a := range addrs {
		parts := strings.Split(a, "/")
		if ip, err := netip.ParseAddr(parts[min(2, len(parts)-1)]); err == nil && ip.IsLoopback() {
			near = append(near, a)
		} else {
			far = append(far, a)
		}
	}
	if len(far) < most { // the first of loopback costs little and always works on this computer
		far = append(far, near[:min(len(near), 2)]...)
	}
	return far[:min(len(far), most)]
}

// Wallet implements api.Backend.
func (b backend) Wallet(ctx context.Context, topic string) (client.Wallet, error) {
	v, err := b.Topic(ctx, topic)
	return client.Wallet{Topic: v.ID, Peer: b.author().String(), Height: v.Head.Height, Account: v.Account}, err
}

// History implements api.Backend.
func (b backend) History(_ context.Context, topic string) ([]client.Payment, error) {
	t, err := b.topic(topic)
	if err != nil {
		return nil, problemOf(err)
	}
	list, err := history(t.dir, b.author())
	return list, problemOf(err)
}

// Head implements api.Backend.
func (b backend) Head(ctx context.Context, topic string) (client.Head, error) {
	v, err := b.Topic(ctx, topic)
	return v.Head, err
}

// Events implements api.Backend.
func (b backend) Events(ctx context.Context, since uint64) iter.Seq[client.Event] {
	return b.events.since(ctx, since)
}
