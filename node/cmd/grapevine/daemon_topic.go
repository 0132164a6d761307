package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/p2p"
)

// member is one topic that the daemon takes part in.
type member struct {
	name   string
	id     ledger.CID
	dir    string
	config topicConfig
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	node   *node.Node
	reason string // why it is stopped
}

// retryAfter is how long a topic rests after an error.
const retryAfter = 5 * time.Second

// manifestIn returns the topic whose home is in dir.
func manifestIn(dir string) (*ledger.Manifest, ledger.CID, error) {
	data, err := os.ReadFile(filepath.Join(dir, "manifest.cbor"))
	if err != nil {
		return nil, ledger.CID{}, err
	}
	m, id, err := ledger.DecodeManifest(data)
	if err != nil {
		return nil, id, &failure{code: codeVerify, err: fmt.Errorf("%s: %w", filepath.Join(dir, "manifest.cbor"), err), hint: "join the topic again with another --home"}
	}
	return m, id, nil
}

// topicDir is the directory of a topic in a home: the home itself for the first.
func topicDir(dir string, id ledger.CID) (path string, exists bool, err error) {
	_, first, err := manifestIn(dir)
	switch {
	case err == nil && first == id:
		return dir, true, nil
	case errors.Is(err, fs.ErrNotExist):
		path = dir
	case err != nil:
		return "", false, err
	}
	further := filepath.Join(dir, "topics", id.String())
	if _, got, err := manifestIn(further); err == nil && got == id {
		return further, true, nil
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", false, err
	}
	if path == "" {
		path = further
	}
	return path, false, nil
}

// topicsIn returns the directories of all topics of a home, the first at first.
func topicsIn(dir string) []string {
	out, _ := filepath.Glob(filepath.Join(dir, "topics", "*", "manifest.cbor"))
	if _, err := os.Stat(filepath.Join(dir, "manifest.cbor")); err == nil {
		out = append([]string{filepath.Join(dir, "manifest.cbor")}, out...)
	}
	for i, path := range out {
		out[i] = filepath.Dir(path)
	}
	return out
}

// begin takes part in a topic from now on. The first opening happens at once, so
// that its errors reach whoever asked.
func (d *daemon) begin(ctx context.Context, name string, id ledger.CID, c topicConfig) (*member, error) {
	d.joins.Lock()
	defer d.joins.Unlock()
	if err := d.ctx.Err(); err != nil {
		return nil, fault(codeInterrupted, "the daemon stops", err)
	}
	for _, t := range d.members() {
		if t.id == id {
			return nil, usage(fmt.Sprintf("topic %s is running already", t.name), "grapevine leave "+t.name+" ends that")
		}
	}
	d.learnAddrs(c.Addrs)
	t := &member{name: name, id: id, config: c, done: make(chan struct{})}
	n, err := d.open(ctx, t)
	if err != nil {
		return nil, err
	}
	if t.name == "" {
		t.name = d.freshName(n.Manifest().Name, id)
	}
	run, cancel := context.WithCancel(context.WithoutCancel(d.ctx)) // close ends it, after the network
	t.cancel, t.node = cancel, n
	d.mu.Lock()
	d.topics = append(d.topics, t)
	d.mu.Unlock()
	d.work.Go(func() {
		defer close(t.done)
		d.keep(run, t)
	})
	d.events.add(time.Now(), "topic.joined", id.String(), map[string]string{"name": t.name})
	return t, nil
}

// open makes the node of a topic, and gets the topic from peers first, if it is
// new here.
func (d *daemon) open(ctx context.Context, t *member) (*node.Node, error) {
	dir, exists, err := topicDir(d.dir, t.id)
	if err != nil {
		return nil, err
	}
	t.dir = dir
	c := node.Config{Dir: dir, Key: d.key, Network: d.network, Sequential: t.config.Sequential}
	if t.config.Archive {
		c.PruneAbove = -1
	}
	if !exists {
		if err := d.fetch(ctx, t, &c); err != nil {
			return nil, err
		}
	}
	m := c.Manifest
	if m == nil {
		if m, err = os.ReadFile(filepath.Join(dir, "manifest.cbor")); err != nil {
			return nil, fault(codeFailed, "open topic", err)
		}
	}
	if err := d.checkParent(t, m, exists); err != nil {
		return nil, err
	}
	if c.Trainer, err = t.trains(m, d.author()); err != nil {
		return nil, err
	}
	n, err := node.Open(ctx, c)
	if err != nil {
		return nil, openFailure(dir, err)
	}
	return n, nil
}

// checkParent checks a topic that is new here and goes on from another one.
func (d *daemon) checkParent(t *member, manifest []byte, known bool) error {
	m, id, err := ledger.DecodeManifest(manifest)
	if err != nil || m.Parent == nil || known {
		return nil // trains says what is wrong with a manifest
	}
	if _, here, _ := topicDir(d.dir, m.Parent.Topic); !here {
		d.events.add(time.Now(), "health.changed", t.id.String(), noticeEvent{"this topic goes on from " + m.Parent.Topic.String() + ", which is not here: whether its accounts are what they were there is not checked"})
	}
	return checkParent(d.dir, m, id)
}

// trains makes the trainer of a topic; nil if the peer only follows.
func (t *member) trains(manifest []byte, self ledger.Author) (learning.Trainer, error) {
	m, _, err := ledger.DecodeManifest(manifest)
	if err != nil {
		return nil, &failure{code: codeVerify, err: err, hint: "do not join this topic"}
	}
	_, schema, err := node.ModelOf(m)
	if err != nil {
		return nil, &failure{code: codeVerify, err: err, hint: "do not join this topic"}
	}
	if t.config.Role == roleFollower || t.config.Data == "" {
		return nil, nil
	}
	own, err := t.config.ownData(schema)
	if err != nil {
		return nil, err
	}
	return t.trainer(m, own, self)
}

// fetch gets a topic that is new here.
func (d *daemon) fetch(ctx context.Context, t *member, c *node.Config) error {
	trust, err := parseCheckpoint(t.config.Checkpoint)
	if err != nil {
		return usage(err.Error(), "ask for a new invitation")
	}
	got, err := node.Fetch(ctx, d.network, t.id, t.config.Addrs, trust)
	if err != nil {
		return d.fetchFailure(ctx, err)
	}
	if got.Distant && trust == nil {
		d.events.add(time.Now(), "health.changed", t.id.String(), map[string]string{
			"text": "joined by the topic's name alone, after the unbonding time: whoever has taken a stake back since could have made up its history. Ask a member for an invitation, and join again with it",
		})
	}
	c.Manifest, c.Anchor, c.Snapshot, c.Trusted, c.Links = got.Manifest, got.Anchor, got.Snapshot, got.Trusted, got.Links
	return nil
}

// fetchFailure says what may help.
func (d *daemon) fetchFailure(ctx context.Context, err error) error {
	f := &failure{code: codeNoPeers, err: err, hint: "is the invitation complete, and are its peers running? ask them for a new one"}
	if _, bad := errors.AsType[*node.Fault](err); bad {
		f.code, f.hint = codeVerify, "do not join this topic: its rules cannot work"
		return f
	}
	if ctx.Err() != nil && d.ctx.Err() != nil {
		f.code = codeInterrupted
		return f
	}
	for _, n := range d.network.Neighbours() {
		f.hint = "peers are connected, but none has this topic: compare its CID with theirs, or ask for a new invitation"
		if n.Protocol != "" && n.Protocol != p2p.Protocol {
			f.hint = fmt.Sprintf("%v speaks %q, and this program %q: use the same release", n.ID, n.Protocol, p2p.Protocol)
			break
		}
	}
	return f
}

// keep runs a topic until ctx ends. After an error, a full disk for instance, it
// rests and opens the topic again.
func (d *daemon) keep(ctx context.Context, t *member) {
	for n := t.node; ; {
		err := d.runNode(ctx, t, n)
		if ctx.Err() != nil {
			return
		}
		if errors.Is(err, engine.ErrTwin) {
			d.stop(twinFailure(err))
			return
		}
		for n = nil; n == nil; {
			d.rest(ctx, t, err)
			if ctx.Err() != nil {
				return
			}
			n, err = d.open(ctx, t)
		}
		t.mu.Lock()
		t.node, t.reason = n, ""
		t.mu.Unlock()
		d.events.add(time.Now(), "health.changed", t.id.String(), map[string]string{"text": "works again"})
	}
}

// rest notes why a topic is stopped, and waits.
func (d *daemon) rest(ctx context.Context, t *member, err error) {
	reason := "it ended"
	if err != nil {
		reason = strings.ReplaceAll(err.Error(), "\n", "; ")
	}
	t.mu.Lock()
	changed := t.reason != reason
	t.node, t.reason = nil, reason
	t.mu.Unlock()
	if changed {
		d.events.add(time.Now(), "health.changed", t.id.String(), map[string]string{"text": "stopped, and tries again: " + reason})
	}
	select {
	case <-time.After(retryAfter):
	case <-ctx.Done():
	}
}

// runNode runs a node and closes it; its events go to the chronicle.
func (d *daemon) runNode(ctx context.Context, t *member, n *node.Node) error {
	ctx, cancel := context.WithCancel(ctx)
	var told sync.WaitGroup
	told.Go(func() { d.tell(ctx, t, n) })
	err := n.Run(ctx)
	cancel()
	told.Wait()
	t.mu.Lock()
	t.node = nil
	t.mu.Unlock()
	return errors.Join(err, n.Close())
}

// running is the topic's node, nil while it rests.
func (t *member) running() *node.Node {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.node
}

// leave ends a topic.
func (d *daemon) leave(t *member) {
	d.mu.Lock()
	for i, other := range d.topics {
		if other == t {
			d.topics = append(d.topics[:i:i], d.topics[i+1:]...)
		}
	}
	d.mu.Unlock()
	t.cancel()
	<-t.done
	d.events.add(time.Now(), "topic.left", t.id.String(), map[string]string{"name": t.name})
}

// rename gives a topic that was noted before its manifest was here the name that
// the manifest has.
func (d *daemon) rename(t *member) error {
	m, _, err := manifestIn(t.dir)
	if err != nil || t.name != freshName(&config{}, "", t.id) {
		return err
	}
	old := t.name
	d.mu.Lock()
	defer d.mu.Unlock()
	t.name = d.freshName(m.Name, t.id)
	delete(d.config.Topics, old)
	d.config.Topics[t.name] = t.config
	return moveTopic(d.dir, old, t.name, t.config)
}

// startAll begins with the topics of the configuration, and with those whose home
// is here though no section names them.
func (d *daemon) startAll(ctx context.Context, except ledger.CID) error {
	named := map[string]bool{except.String(): true}
	for name, c := range maps.Clone(d.config.Topics) {
		if named[c.CID] {
			continue
		}
		named[c.CID] = true
		if c.Role == roleLeft {
			continue
		}
		id, err := ledger.ParseCID(c.CID)
		if err != nil {
			return &failure{code: codeFailed, err: fmt.Errorf("topics.%s.cid: %w", name, err), where: configPath(d.dir)}
		}
		t, err := d.begin(ctx, name, id, c)
		if err != nil {
			return err
		}
		if err := d.rename(t); err != nil {
			return err
		}
	}
	for _, dir := range topicsIn(d.dir) {
		_, id, err := manifestIn(dir)
		if err != nil {
			return err
		}
		if named[id.String()] {
			continue
		}
		if _, err := d.begin(ctx, "", id, topicConfig{CID: id.String(), Role: roleFollower}); err != nil {
			return err
		}
	}
	return nil
}
