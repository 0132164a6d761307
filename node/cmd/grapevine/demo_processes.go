package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/api/client"
	"github.com/grapevine-network/grapevine/node/home"
)

// fleet is a demo whose peers are processes of their own: each runs `up` in its
// home, and this one only watches.
type fleet struct {
	*demo
	all []*process
}

// process is one peer.
type process struct {
	home  string
	cmd   *exec.Cmd
	ended chan error
	api   *client.Client
}

// runProcesses is the demo with --processes.
func runProcesses(ctx context.Context, p *printer, d *demo) (err error) {
	if len(d.attacks) > 0 {
		return usage("--processes: peers of their own are all honest", "leave out --attack, or --processes")
	}
	f := &fleet{demo: d}
	defer func() { err = errors.Join(err, f.end()) }()
	if err := f.prepare(); err != nil {
		return err
	}
	limit, cancel := context.WithDeadline(ctx, d.start.Add(d.length()-d.reserve()))
	defer cancel()
	if err := f.startAll(limit); err != nil {
		return err
	}
	err = f.watch(limit)
	d.trainEnd = time.Now()
	if err != nil && !errors.Is(limit.Err(), context.DeadlineExceeded) {
		return err
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err := f.end(); err != nil {
		return err
	}
	r, err := f.report()
	if err != nil {
		return err
	}
	return p.answer(r, r.print)
}

// prepare makes homes, the topic that their peers found, and each one's data.
func (f *fleet) prepare() error {
	manifest, anchor, err := f.found(f.identity)
	if err != nil {
		return err
	}
	data, err := f.divideData()
	if err != nil {
		return err
	}
	for i := range f.peers {
		p := &process{home: f.homeOf(i)}
		f.all = append(f.all, p)
		if _, err := keepTopic(p.home, f.topic, manifest, anchor); err != nil {
			return err
		}
		c := topicConfig{CID: f.topic.String(), Data: data[i], Role: roleTrainer, Rest: f.slow.String(), Sequential: !f.overlap}
		if err := setTopic(p.home, "demo", c); err != nil {
			return err
		}
	}
	return nil
}

func (f *fleet) identity(dir string) (ledger.Author, error) {
	if _, err := makeHome(f.printer, dir, false, ""); err != nil {
		return ledger.Author{}, err
	}
	return readPublic(dir)
}

// startAll starts the first peer, and the others with its address.
func (f *fleet) startAll(ctx context.Context) error {
	f.sayWhat("peers, each a process of its own")
	if err := f.all[0].start(); err != nil {
		return err
	}
	n, err := f.all[0].ready(ctx)
	if err != nil {
		return err
	}
	for _, p := range f.all[1:] {
		if err := p.start("--peer", n.Addrs[0]); err != nil {
			return err
		}
	}
	for _, p := range f.all[1:] {
		if _, err := p.ready(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (p *process) start(more ...string) error {
	program, err := os.Executable()
	if err != nil {
		return fault(codeFailed, "find this program", err)
	}
	if err := os.MkdirAll(runPath(p.home, ""), 0o700); err != nil {
		return fault(codeFailed, "start a peer", err)
	}
	log, err := os.OpenFile(runPath(p.home, "daemon.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return fault(codeFailed, "start a peer", err)
	}
	defer log.Close()
	p.cmd = exec.Command(program, append([]string{"up", "--home", p.home, "--listen", "/ip4/127.0.0.1/tcp/0", "--mdns=false"}, more...)...)
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.SysProcAttr = log, log, detached() // Ctrl-C ends this one, which ends them
	if err := p.cmd.Start(); err != nil {
		return fault(codeFailed, "start a peer", err)
	}
	p.ended = make(chan error, 1)
	go func() { p.ended <- p.cmd.Wait() }() // end waits for it
	return nil
}

// ready waits until a peer answers.
func (p *process) ready(ctx context.Context) (n client.Node, err error) {
	for {
		if n, ok := announced(ctx, p.home, p.cmd.Process.Pid); ok {
			path, err := socketOf(p.home)
			p.api = client.Unix(path)
			return n, err
		}
		select {
		case err := <-p.ended:
			p.ended <- nil
			return n, childFailure(p.home, err)
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return n, fault(codeTimeout, "wait for "+p.home, ctx.Err())
		}
	}
}

// end stops all peers, who have three seconds.
func (f *fleet) end() error {
	for _, p := range f.all {
		if p.cmd != nil {
			_ = p.cmd.Process.Signal(os.Interrupt)
		}
	}
	var err error
	for _, p := range f.all {
		if p.cmd == nil {
			continue
		}
		select {
		case <-p.ended:
		case <-time.After(3 * time.Second):
			err = fmt.Errorf("%s had to be killed: it did not stop in time", p.home)
			_ = p.cmd.Process.Kill()
			<-p.ended
		}
		p.cmd = nil
	}
	return err
}

// watch follows the first peer, round by round.
func (f *fleet) watch(ctx context.Context) error {
	for e, err := range f.all[0].api.Events(ctx, 0, "") {
		if err != nil {
			return err
		}
		if e.Kind != "model.updated" {
			continue
		}
		if done, err := f.round(eventData[settledEvent](e)); done || err != nil {
			return err
		}
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return childFailure(f.all[0].home, nil)
}

func (f *fleet) round(s settledEvent) (done bool, err error) {
	f.settled++
	if err := f.measureAnchor(s.Anchor); err != nil {
		return true, err
	}
	f.sayRound(s.Round, s.Merged, s.Deltas, s.Height)
	return f.last(), nil
}

// measureAnchor tests the model that the first peer keeps under a name.
func (f *fleet) measureAnchor(name string) error {
	id, err := ledger.ParseCID(name)
	if err != nil {
		return err
	}
	h, err := home.View(f.all[0].home)
	if err != nil {
		return err
	}
	blob, err := h.Blobs().Get(id.Cid)
	if err = errors.Join(err, h.Close()); err != nil {
		return err
	}
	return f.measureBlob(blob)
}
