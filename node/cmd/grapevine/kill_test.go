//go:build unix

package main

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/api/client"
)

// kills is small here; .ci/run says 50 and .ci/nightly 500.
var kills = flag.Int("kills", 3, "how often TestAKilledDaemonGoesOn kills")

// program is this test binary as grapevine, see TestMain.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := exec.LookPath("grapevine") // which testscript.Main has put there
	if err != nil {
		t.Skip("not run by testscript.Main")
	}
	cmd := exec.Command(path, args...)
	cmd.Stderr = os.Stderr
	return cmd
}

// started runs up in a home until it answers.
func started(t *testing.T, home string, args ...string) (*exec.Cmd, *client.Client) {
	t.Helper()
	cmd := program(t, append([]string{"up", "--home", home, "--mdns=false"}, args...)...)
	cmd.Stderr = nil
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); wait(10 * time.Millisecond) {
		if _, ok := announced(t.Context(), home, cmd.Process.Pid); ok {
			path, err := socketOf(home)
			if err != nil {
				t.Fatal(err)
			}
			return cmd, client.Unix(path)
		}
	}
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	t.Fatalf("%s does not answer", home)
	return nil, nil
}

func height(t *testing.T, c *client.Client) uint64 {
	t.Helper()
	h, err := c.Head(context.Background(), "")
	if err != nil {
		t.Fatal(err)
	}
	return h.Height
}

// A peer of three is killed at any moment, again and again. What it has shown as
// certified is there when it is back; it goes on; and nobody is ever slashed,
// which it would be for a second entry or vote in one place.
func TestAKilledDaemonGoesOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var homes, members []string
	for i := range 3 {
		home := filepath.Join(dir, fmt.Sprint(i))
		homes = append(homes, home)
		if o := grapevine("init", "--home", home); o.code != codeOK {
			t.Fatal(o.err)
		}
		author, err := readPublic(home)
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, "--member", author.String())
		if err := os.WriteFile(home+".csv", []byte(patients(i, 100)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	create := append([]string{"topic", "create", "--home", homes[0], "--name", "x", "--schema-from", "csv:" + homes[0] + ".csv", "--label", "outcome"}, members...)
	if o := grapevine(create...); o.code != codeOK {
		t.Fatal(o.err)
	}
	first, c := started(t, homes[0], "--data", "csv:"+homes[0]+".csv")
	defer func() { _ = first.Process.Signal(syscall.SIGINT); _ = first.Wait() }()
	invite, err := c.Invite(t.Context(), "x")
	if err != nil {
		t.Fatal(err)
	}
	second, _ := started(t, homes[1], "--topic", invite.Invite, "--data", "csv:"+homes[1]+".csv")
	defer func() { _ = second.Process.Signal(syscall.SIGINT); _ = second.Wait() }()
	third, victim := started(t, homes[2], "--topic", invite.Invite, "--data", "csv:"+homes[2]+".csv")
	var slowest time.Duration
	for range *kills {
		for begin := height(t, victim); height(t, victim) < begin+2; wait(5 * time.Millisecond) {
		}
		wait(rand.N(300 * time.Millisecond))
		shown := height(t, victim)
		_ = third.Process.Kill()
		_ = third.Wait()
		start := time.Now()
		third, victim = started(t, homes[2])
		if got := height(t, victim); got < shown {
			t.Fatalf("height %d is there after a kill, %d was shown", got, shown)
		}
		for at := height(t, victim); height(t, victim) <= at; wait(5 * time.Millisecond) {
			if time.Since(start) > 20*time.Second {
				for _, home := range homes {
					t.Log(grapevine("status", "--home", home).out, grapevine("peers", "--home", home).out)
				}
				_ = third.Process.Kill()
				t.Fatal("no new block within 20 s of the restart")
			}
		}
		slowest = max(slowest, time.Since(start))
	}
	t.Logf("%d kills; slowest from restart to new block: %.2f s", *kills, slowest.Seconds())
	_ = third.Process.Signal(syscall.SIGINT)
	_ = third.Wait()
	r, err := node.Verify(homes[2])
	if err != nil {
		t.Fatal(err)
	}
	for author, a := range r.Replica.State.Accounts {
		if a.Forked {
			t.Errorf("%v has forked", author)
		}
	}
	if burnt := r.Replica.State.Supply.Burnt; burnt != 0 {
		t.Errorf("%d were burnt: somebody was slashed", burnt)
	}
}
