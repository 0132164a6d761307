package main

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"github.com/grapevine-network/grapevine/learning"
	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/learning/model"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
	"github.com/grapevine-network/grapevine/node/audit"
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
	var members []ledger.Member
	for i := range f.peers {
		dir := f.homeOf(i)
		if _, err := os.Stat(filepath.Join(dir, "manifest.cbor")); err == nil {
			return &failure{code: codeFailed, err: fmt.Errorf("%s holds a peer of an earlier topic", dir), hint: "choose another --home, or remove that one"}
		}
		if _, err := makeHome(f.printer, dir, false, ""); err != nil {
			return err
		}
		author, err := readPublic(dir)
		if err != nil {
			return fault(codeFailed, "read peer ID", err)
		}
		members = append(members, ledger.Member{Author: author, Bond: thousandTokens, Stake: thousandTokens})
		f.all = append(f.all, &process{home: dir})
	}
	manifest, anchor, err := node.Found(node.Founding{Name: "demo", Model: f.spec(), Schema: f.shards.schema, Seed: f.seed, Members: members, Rules: f.rules})
	if err != nil {
		return fault(codeUsage, "--model", err)
	}
	m, id, err := ledger.DecodeManifest(manifest)
	if err != nil {
		return err
	}
	if f.manifest = m; err == nil {
		f.net, _, err = node.ModelOf(m)
	}
	if err != nil {
		return err
	}
	data, err := f.divideData()
	if err != nil {
		return err
	}
	for i, p := range f.all {
		if _, err := keepTopic(p.home, id, manifest, anchor); err != nil {
			return err
		}
		c := topicConfig{CID: id.String(), Data: data[i], Role: roleTrainer, Rest: f.slow.String(), Sequential: !f.overlap}
		if err := setTopic(p.home, "demo", c); err != nil {
			return err
		}
	}
	return nil
}

// divideData gives each peer data of its own: a part of the embedded images, or a
// table in its home.
func (f *fleet) divideData() (specs []string, err error) {
	from, err := parseSource("--data", f.data)
	if err != nil || from.kind == "idx" {
		return nil, usage("--processes: want --data mnist or a table", "IDX folders cannot be divided into files")
	}
	if from.isImages() {
		for i := range f.peers {
			specs = append(specs, fmt.Sprintf("%s:%d:%d:%d:%s", f.data, f.peers, i, f.seed, f.partition))
		}
		return specs, nil
	}
	t, err := from.table()
	if err != nil {
		return nil, f.bad(err)
	}
	if t, _, err = from.split(t, f.label, f.seed); err != nil {
		return nil, f.bad(err)
	}
	parts, err := t.Divide(f.partition, from.label(f.label), f.peers, f.seed)
	if err != nil {
		return nil, usage("--partition: "+err.Error(), "")
	}
	for i, part := range parts {
		file, err := filepath.Abs(filepath.Join(f.homeOf(i), "data.csv"))
		if err == nil {
			err = writeTable(file, part)
		}
		if err != nil {
			return nil, fault(codeFailed, "write a peer's data", err)
		}
		specs = append(specs, "csv:"+file)
	}
	return specs, nil
}

func writeTable(path string, t dataset.Table) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := csv.NewWriter(f)
	err = w.WriteAll(append([][]string{t.Header}, t.Rows...))
	return errors.Join(err, f.Close())
}

// startAll starts the first peer, and the others with its address.
func (f *fleet) startAll(ctx context.Context) error {
	f.say("%d peers, each a process of its own, %s, %d training and %d test samples, model %s with %d parameters",
		f.peers, f.data, f.samples(), f.shards.test.Len(), f.manifest.Learning.Model, f.manifest.Learning.Params())
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
	f.say("round %3d  %s  accuracy %.3f  loss %.3f  merged %d of %d  height %d  %.1f s", s.Round+1,
		bar(f.now.Accuracy), f.now.Accuracy, f.now.Loss, s.Merged, s.Deltas, s.Height, time.Since(f.start).Seconds())
	if f.target > 0 && f.settled >= minRounds && f.now.Accuracy >= f.target {
		f.reached = time.Now()
		return true, nil
	}
	return f.settled >= f.rounds, nil
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
	anchor, err := audit.DecodeAnchor(blob, f.manifest.Learning.Params())
	if err != nil {
		return err
	}
	weights := make(learning.Vector, len(anchor))
	learning.FromAnchor(weights, anchor)
	f.now, err = model.Evaluate(f.net, weights, f.shards.test)
	return err
}

// view is what one home says after its peer has ended.
type view struct {
	report *node.Report
	blocks []string // by height
}

func (f *fleet) views() (out []view, err error) {
	for _, p := range f.all {
		v := view{blocks: []string{f.manifest.Name}}
		v.report, err = node.Replay(p.home, func(h *node.Height) error {
			v.blocks = append(v.blocks, h.Block.CID().String())
			return nil
		})
		if err != nil {
			return nil, readFailure(p.home, err)
		}
		out = append(out, v)
	}
	return out, nil
}

// agreeing tells whether all hold the same blocks up to the least height, and so
// the same models and balances: a block carries the state before it.
func agreeing(all []view) bool {
	least := slices.Min(slices.Collect(func(yield func(int) bool) {
		for _, v := range all {
			if !yield(len(v.blocks)) {
				return
			}
		}
	}))
	for _, v := range all {
		if !slices.Equal(v.blocks[:least], all[0].blocks[:least]) {
			return false
		}
	}
	return true
}
