package main

import (
	"context"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-network/grapevine/node/engine"
)

const (
	enoughPeers = 8 // with which no more are looked for
	dialEvery   = 3 * time.Second
	dialTimeout = 10 * time.Second
	mostKnown   = 256 // addresses
)

// stayConnected dials known addresses while peers are few, and notes where the
// peers of now can be found: after a restart, they are whom we know.
func (d *daemon) stayConnected() {
	for {
		if len(d.network.Peers()) < enoughPeers {
			d.dialKnown()
		}
		if d.network.Twin(d.ctx) {
			d.stop(twinFailure(engine.ErrTwin))
			return
		}
		d.rememberPeers()
		select { // peers that lost each other must not dial in step
		case <-time.After(dialEvery + rand.N(dialEvery/2)):
		case <-d.news:
		case <-d.ctx.Done():
			return
		}
	}
}

// twinFailure says why one of two daemons with one key stops.
func twinFailure(err error) error {
	return &failure{code: codeFailed, err: err, hint: "this home is a copy; one key must not run twice: it would fork its chain and lose its bond"}
}

// dialKnown tries the peers that are known and not connected, all at once.
func (d *daemon) dialKnown() {
	connected := map[string]bool{d.network.ID().String(): true}
	for _, p := range d.network.Peers() {
		connected[p.String()] = true
	}
	ctx, cancel := context.WithTimeout(d.ctx, dialTimeout)
	defer cancel()
	done := make(chan struct{})
	n := 0
	for _, addr := range d.knownAddrs() {
		if _, id, _ := strings.Cut(addr, "/p2p/"); connected[id] {
			continue
		}
		n++
		d.work.Go(func() {
			_ = d.network.Connect(ctx, addr) // it is tried again
			done <- struct{}{}
		})
	}
	for range n {
		<-done
	}
}

func (d *daemon) knownAddrs() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Sorted(maps.Keys(d.known))
}

// learnAddrs adds addresses to those that are dialled.
func (d *daemon) learnAddrs(addrs []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range addrs {
		if d.known[a] || len(d.known) >= mostKnown {
			continue
		}
		d.known[a] = true
		select {
		case d.news <- struct{}{}:
		default:
		}
	}
}

// rememberPeers writes where the peers of now listen. With none connected, those
// of before stay.
func (d *daemon) rememberPeers() {
	var lines []string
	for _, n := range d.network.Neighbours() {
		lines = append(lines, n.Known[:min(len(n.Known), 8)]...)
	}
	d.learnAddrs(lines)
	slices.Sort(lines)
	if path := runPath(d.dir, "peers"); len(lines) > 0 && !slices.Equal(lines, readLines(path)) {
		_ = replaceFile(path, []byte(strings.Join(lines, "\n")+"\n")) // they are found otherwise, if slower
	}
}

func readLines(path string) (out []string) {
	b, _ := os.ReadFile(path)
	for line := range strings.Lines(string(b)) {
		if line = strings.TrimSpace(line); line != "" && len(out) < mostKnown {
			out = append(out, line)
		}
	}
	return out
}
