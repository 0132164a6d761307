package main

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofrs/flock"
	"github.com/spf13/pflag"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/api"
	"github.com/grapevine-network/grapevine/p2p"
)

// daemon is the one process of a home: a network, a node for each topic, and the
// API.
type daemon struct {
	dir     string
	config  *config
	key     ed25519.PrivateKey
	started time.Time

	lock    *flock.Flock
	network *p2p.Host
	events  *chronicle
	socket  net.Listener
	unlink  func() // what listenSocket left

	ctx    context.Context // ends with the daemon: topics that are joined later run in it
	stop   context.CancelCauseFunc
	work   sync.WaitGroup
	joins  sync.Mutex // one topic at a time finds its directory
	mu     sync.Mutex
	topics []*member
	ready  chan struct{}   // closed when the topics of the home are open; questions wait for it
	known  map[string]bool // addresses to connect to while peers are few
	news   chan struct{}   // holds one when known has grown
}

// errStopped is why a daemon ends that was asked to.
var errStopped = errors.New("stopped")

// openDaemon takes the home, which must have a key and a configuration, and begins
// to listen. Nothing happens before run.
func openDaemon(ctx context.Context, dir string, flags *pflag.FlagSet, passphrase func() ([]byte, error)) (_ *daemon, err error) {
	d := &daemon{dir: dir, started: time.Now(), events: newChronicle(), known: map[string]bool{}, news: make(chan struct{}, 1), ready: make(chan struct{})}
	d.ctx, d.stop = context.WithCancelCause(ctx)
	defer func() {
		if err != nil {
			err = errors.Join(err, d.close())
		}
	}()
	if d.lock, err = lockDaemon(dir); err != nil {
		return nil, err
	}
	if d.config, err = loadConfig(dir, flags); err != nil {
		return nil, err
	}
	for _, a := range d.config.Peers {
		if err := p2p.CheckAddr(a); err != nil {
			return nil, &failure{code: codeFailed, err: err, hint: "correct peers in " + configPath(dir) + ", or give --peer, such as /ip4/192.0.2.1/tcp/4001/p2p/12D3KooW…"}
		}
	}
	if d.key, err = openKey(dir, passphrase); err != nil {
		return nil, err
	}
	if err := d.listen(); err != nil {
		return nil, err
	}
	for _, a := range append(d.config.Peers, readLines(runPath(dir, "peers"))...) {
		d.known[a] = true
	}
	return d, nil
}

func (d *daemon) author() ledger.Author { return ledger.Author(d.key.Public().(ed25519.PublicKey)) }

func (d *daemon) listen() (err error) {
	for _, a := range d.config.Listen {
		if err := checkPort(a); err != nil {
			return err
		}
	}
	d.network, err = p2p.Open(d.ctx, p2p.Config{Key: d.key, Listen: d.config.Listen, MDNS: d.config.MDNS, Agent: "grapevine", Expelled: d.expelled})
	if err != nil {
		f := fault(codeFailed, "open the network", err)
		if strings.Contains(err.Error(), "listen on") {
			f.hint = "correct listen in " + configPath(d.dir) + ", or give --listen, such as /ip4/0.0.0.0/tcp/0"
		}
		return f
	}
	d.socket, _, d.unlink, err = listenSocket(d.dir, d.config.API.Socket)
	return err
}

// checkPort refuses a port that another process has. libp2p would share it, and
// each process would get some of the other's connections.
func checkPort(addr string) error {
	parts := strings.Split(addr, "/")
	if len(parts) < 5 || parts[4] == "0" || parts[3] != "tcp" && parts[3] != "udp" {
		return nil // p2p says what is wrong, if anything is
	}
	network, at := parts[3], net.JoinHostPort(parts[2], parts[4])
	var c interface{ Close() error }
	var err error
	if network == "tcp" {
		c, err = net.Listen(network, at)
	} else {
		c, err = net.ListenPacket(network, at)
	}
	if errors.Is(err, syscall.EADDRINUSE) {
		return &failure{code: codeFailed, err: fmt.Errorf("%s port %s is in use by another program", network, parts[4]), where: addr,
			hint: "stop that one, or choose another port: listen in config.toml, or --listen"}
	}
	if err != nil {
		return nil
	}
	return c.Close()
}

// run serves until ctx ends or somebody asks to stop; then everything has ended.
// The error is nil unless the daemon could not go on.
func (d *daemon) run() error {
	server := &http.Server{Handler: api.Handler(backend{d}, version()), ReadHeaderTimeout: 10 * time.Second}
	d.work.Go(func() {
		select {
		case <-d.ready:
			_ = server.Serve(d.socket)
		case <-d.ctx.Done():
		}
	})
	d.work.Go(d.stayConnected)
	<-d.ctx.Done()
	d.events.close() // streams end, so that Shutdown needs not wait for them
	over, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	_ = server.Shutdown(over)
	_ = server.Close()
	cause := context.Cause(d.ctx)
	if errors.Is(cause, errStopped) || errors.Is(cause, context.Canceled) {
		cause = nil
	}
	return errors.Join(cause, d.close())
}

// close ends all work and gives back what openDaemon took.
func (d *daemon) close() (err error) {
	d.stop(errStopped)
	d.joins.Lock() // nobody begins a topic from now on
	defer d.joins.Unlock()
	if d.network != nil { // first, so that peers see a lost connection and take us back at once
		d.rememberPeers()
		err = d.network.Close()
	}
	for _, t := range d.members() {
		t.cancel()
	}
	d.work.Wait()
	if d.unlink != nil {
		_ = d.socket.Close()
		d.unlink()
	}
	if d.lock != nil {
		_ = os.Remove(runPath(d.dir, "ready"))
		err = errors.Join(err, unlockDaemon(d.dir, d.lock))
	}
	return err
}

// topic finds a topic by its name, its CID or the end of that; "" is the first.
func (d *daemon) topic(name string) (*member, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	var topics []topicName
	for _, t := range d.topics {
		names = append(names, t.name)
		topics = append(topics, topicName{name: t.name, id: t.id.String()})
	}
	if i := meant(name, topics); i >= 0 {
		return d.topics[i], nil
	}
	if len(names) == 0 {
		return nil, noTopic()
	}
	return nil, usage(fmt.Sprintf("no topic is called %q", name), "topics here: "+strings.Join(names, ", "))
}

// members are the topics of now.
func (d *daemon) members() []*member {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]*member(nil), d.topics...)
}

// fresh is a name for a topic that no other has.
func (d *daemon) freshName(title string, id ledger.CID) string {
	return freshName(d.config, title, id)
}

// freshName makes a name for a section of config.toml.
func freshName(c *config, title string, id ledger.CID) string {
	tail := id.String()[len(id.String())-6:]
	name := cmp.Or(slug(title), "topic-"+tail)
	if old, taken := c.Topics[name]; taken && old.CID != id.String() {
		name += "-" + tail
	}
	return name
}

// slug leaves what needs no quotes in TOML.
func slug(title string) string {
	out := strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return '-'
	}, title)
	return strings.Trim(out, "-")
}
