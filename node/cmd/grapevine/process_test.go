//go:build unix

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/learning/dataset"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
)

// daemonProcess is a home, and `up` in it as a process of its own.
type daemonProcess struct {
	home   string
	author ledger.Author
	addrs  []string // on loopback, with /p2p/
	cmd    *exec.Cmd
	*client.Client
}

// founded makes the homes of n peers that found a topic. None runs yet; each
// knows where all will be.
func founded(t *testing.T, n int, c topicConfig, rules func(*ledger.Manifest)) (peers []*daemonProcess, topic ledger.CID) {
	t.Helper()
	dir := t.TempDir()
	var members []ledger.Member
	for i := range n {
		p := newHome(t, filepath.Join(dir, fmt.Sprint(i)))
		peers = append(peers, p)
		members = append(members, ledger.Member{Author: p.author, Bond: thousandTokens, Stake: thousandTokens})
		c.Addrs = append(c.Addrs, p.addrs...)
	}
	table, err := dataset.ReadCSV(peers[0].home + ".csv")
	if err != nil {
		t.Fatal(err)
	}
	schema, err := dataset.Infer(table, "outcome", nil)
	if err != nil {
		t.Fatal(err)
	}
	manifest, anchor, err := node.Found(node.Founding{Name: "x", Schema: schema, Members: members, Rules: rules})
	if err != nil {
		t.Fatal(err)
	}
	_, topic, err = ledger.DecodeManifest(manifest)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		if _, err := keepTopic(p.home, topic, manifest, anchor); err != nil {
			t.Fatal(err)
		}
		if c.CID = topic.String(); c.Role == roleTrainer {
			c.Data = "csv:" + p.home + ".csv"
		}
		if err := setTopic(p.home, "x", c); err != nil {
			t.Fatal(err)
		}
	}
	return peers, topic
}

// newHome makes a home, with a table beside it.
func newHome(t *testing.T, dir string) *daemonProcess {
	t.Helper()
	if o := grapevine("init", "--home", dir); o.code != codeOK {
		t.Fatal(o.err)
	}
	p := &daemonProcess{home: dir}
	c, err := loadConfig(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	if p.author, err = readPublic(dir); err != nil {
		t.Fatal(err)
	}
	for _, a := range c.Listen {
		p.addrs = append(p.addrs, strings.Replace(a, "0.0.0.0", "127.0.0.1", 1)+"/p2p/"+p.author.String())
	}
	if err := os.WriteFile(dir+".csv", []byte(patients(int(p.author[0]), 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	return p
}

// up starts the daemon, and waits until it answers.
func (p *daemonProcess) up(t *testing.T, args ...string) {
	t.Helper()
	program, err := exec.LookPath("grapevine") // where testscript.Main has put this test
	if err != nil {
		t.Skip("not run by testscript.Main")
	}
	p.cmd = exec.Command(program, append([]string{"up", "--home", p.home, "--mdns=false"}, args...)...)
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.end(t, syscall.SIGKILL) })
	eventually(t, p.home+" answers", func() bool { _, ok := announced(t.Context(), p.home, p.cmd.Process.Pid); return ok })
	path, err := socketOf(p.home)
	if err != nil {
		t.Fatal(err)
	}
	p.Client = client.Unix(path)
}

// end sends a signal to the daemon, if it runs, and tells how long it took to end.
func (p *daemonProcess) end(t *testing.T, s syscall.Signal) time.Duration {
	t.Helper()
	if p.cmd == nil {
		return 0
	}
	start := time.Now()
	_ = p.cmd.Process.Signal(s)
	err := p.cmd.Wait()
	if s != syscall.SIGKILL && err != nil {
		t.Errorf("%s ended with %v", p.home, err)
	}
	p.cmd = nil
	p.Close()
	return time.Since(start)
}

// head is the newest block that the daemon shows as certified.
func (p *daemonProcess) head(t *testing.T) client.Head {
	t.Helper()
	h, err := p.Head(t.Context(), "")
	if err != nil {
		t.Fatalf("%s: %v", p.home, err)
	}
	return h
}

// reaches waits for a height, and tells how long that took.
func (p *daemonProcess) reaches(t *testing.T, height uint64) time.Duration {
	t.Helper()
	start := time.Now()
	eventually(t, fmt.Sprintf("%s is at height %d", p.home, height), func() bool { return p.head(t).Height >= height })
	return time.Since(start)
}

// eventually waits for what other processes do.
func eventually(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); wait(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %v: %s", patience, what)
		}
	}
}
