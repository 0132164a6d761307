//go:build linux

package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

var (
	figures = flag.Bool("figures", false, "measure daemons against the clock, see TestFigures")
	entries = flag.Int("entries", 10_000, "of the history that TestFigures makes")
)

// usual are the rules of `topic create` without flags.
func usual(m *ledger.Manifest) {
	m.Rounds = ledger.Rounds{Commit: 10, Reveal: 10, Seal: 10, Open: 10, Pace: 500, Propose: 1000, Delta: 300}
}

// racing are rounds as fast as messages travel, for which nobody waits for the
// third: a long history in little time.
func racing(m *ledger.Manifest) {
	m.Rounds = ledger.Rounds{Commit: 6, Reveal: 6, Seal: 6, Open: 6, Pace: 20, Propose: 300, Delta: 150}
	m.Genesis[2].Stake = 0
}

// measured prints a measurement, and fails the test if it is above what was promised.
func measured(t *testing.T, what string, got, most float64, unit string) {
	t.Helper()
	line := fmt.Sprintf("%-52s %8.2f %-3s (promised: %g)", what, got, unit, most)
	if t.Log(line); got > most {
		t.Errorf("too much: %s", line)
	}
}

// TestFigures measures what daemons, each a process of its own, promise:
//
//	go test ./node/cmd/grapevine -run Figures -figures -v
//
// It needs a few minutes, and a computer that does nothing else.
func TestFigures(t *testing.T) {
	if !*figures {
		t.Skip("a figure counts on a quiet computer: -figures")
	}
	t.Run("rounds", figuresOfRounds)
	t.Run("idle", figuresOfIdleness)
	t.Run("history", figuresOfHistory)
}

func figuresOfRounds(t *testing.T) {
	peers, _ := founded(t, 3, topicConfig{Role: roleTrainer}, usual)
	var third time.Time
	for _, p := range peers {
		third = time.Now()
		p.up(t)
	}
	eventually(t, "all have settled a round", func() bool {
		return !slices.ContainsFunc(peers, func(p *daemonProcess) bool { return p.head(t).Round < 1 })
	})
	measured(t, "first round of three, from the third up", time.Since(third).Seconds(), 15, "s")
	const kills = 18
	var worst, all time.Duration
	for i := range kills {
		p := peers[i%3]
		for _, q := range peers {
			q.reaches(t, q.head(t).Height+2) // from before the last kill all are back
		}
		wait(time.Duration(i*37%500) * time.Millisecond)
		p.end(t, syscall.SIGKILL)
		start := time.Now()
		p.up(t)
		p.reaches(t, p.head(t).Height+1)
		took := time.Since(start)
		worst, all = max(worst, took), all+took
	}
	measured(t, "kill -9, restart to first new block, mean of 18", all.Seconds()/kills, 5, "s")
	measured(t, "the same, worst of 18", worst.Seconds(), 5, "s")
	worst = 0
	for range 3 {
		for _, p := range peers {
			p.reaches(t, p.head(t).Height+2)
			worst = max(worst, p.end(t, syscall.SIGINT))
			p.up(t)
		}
	}
	measured(t, "Ctrl-C to exit, worst of 9", worst.Seconds(), 3, "s")
}

func figuresOfIdleness(t *testing.T) {
	peers, _ := founded(t, 3, topicConfig{Role: roleFollower}, usual) // nobody trains
	for _, p := range peers {
		p.up(t)
	}
	wait(5 * time.Second)
	idle(t, "idle, three connected", peers[2])
}

// idle measures a daemon for a while in which nothing should happen.
func idle(t *testing.T, what string, p *daemonProcess) {
	t.Helper()
	const span = 20 * time.Second
	before := p.cpu(t)
	wait(span)
	measured(t, what+": memory", p.memory(t), 80, "MiB")
	measured(t, what+": of one core", 100*(p.cpu(t)-before).Seconds()/span.Seconds(), 2, "%")
}

// cpu is the processor time that a daemon has used.
func (p *daemonProcess) cpu(t *testing.T) time.Duration {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	_, after, _ := strings.Cut(string(b), ") ") // the name may hold anything
	fields := strings.Fields(after)
	user, _ := strconv.ParseUint(fields[11], 10, 64) // utime, proc(5), in hundredths of a second
	system, _ := strconv.ParseUint(fields[12], 10, 64)
	return time.Duration(user+system) * 10 * time.Millisecond
}

// memory is the resident set of a daemon in MiB.
func (p *daemonProcess) memory(t *testing.T) float64 {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, _ := strconv.ParseUint(strings.Fields(string(b))[1], 10, 64)
	return float64(pages) * float64(os.Getpagesize()) / (1 << 20)
}

// figuresOfHistory lets one of three be away while the others make 10,000 entries
// in more than 1,000 heights. It comes back, and a stranger joins.
func figuresOfHistory(t *testing.T) {
	peers, _ := founded(t, 3, topicConfig{Role: roleTrainer, Rest: "1ns"}, racing)
	for _, p := range peers {
		p.up(t)
	}
	first, away := peers[0], peers[2]
	away.reaches(t, 4)
	away.end(t, syscall.SIGINT)
	begin, start := replayed(t, away), time.Now()
	now := begin
	for at := first.head(t).Height; now.Entries < begin.Entries+*entries; now = replayed(t, first) {
		for at += 500; first.head(t).Height < at; wait(100 * time.Millisecond) {
		}
	}
	missed, heights := now.Entries-begin.Entries, now.Replica.Head.Height-begin.Replica.Head.Height
	t.Logf("%d entries in %d heights took %.0f s", missed, heights, time.Since(start).Seconds())
	for _, p := range peers { // from now on at the usual pace
		p.end(t, syscall.SIGINT)
		settle(t, p, func(c *topicConfig) { c.Rest = "" })
	}
	for _, p := range peers[:2] {
		start := time.Now()
		p.up(t)
		measured(t, fmt.Sprintf("start on a ledger of %d entries", now.Entries), time.Since(start).Seconds(), 5, "s")
	}
	start = time.Now()
	away.up(t)
	away.reaches(t, first.head(t).Height)
	measured(t, fmt.Sprintf("back after %d heights with %d entries", heights, missed), time.Since(start).Seconds(), 10, "s")
	i, err := first.Invite(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	stranger := newHome(t, filepath.Join(t.TempDir(), "stranger"))
	start = time.Now()
	stranger.up(t, "--topic", i.Invite, "--follow")
	stranger.reaches(t, first.head(t).Height)
	measured(t, "a stranger joins, from the newest checkpoint", time.Since(start).Seconds(), 10, "s")
	for _, p := range peers {
		p.end(t, syscall.SIGINT)
		settle(t, p, func(c *topicConfig) { c.Role = roleFollower })
	}
	for _, p := range peers {
		p.up(t)
	}
	wait(5 * time.Second)
	idle(t, "idle, with that ledger", away)
}

func replayed(t *testing.T, p *daemonProcess) *node.Report {
	t.Helper()
	r, err := node.Replay(p.home, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// settle changes what a home says about its topic.
func settle(t *testing.T, p *daemonProcess, change func(*topicConfig)) {
	t.Helper()
	c, err := loadConfig(p.home, nil)
	if err != nil {
		t.Fatal(err)
	}
	section := c.Topics["x"]
	change(&section)
	if err := setTopic(p.home, "x", section); err != nil {
		t.Fatal(err)
	}
}
