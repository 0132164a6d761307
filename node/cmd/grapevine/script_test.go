//go:build unix

package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// TestMain lets a script run this program: as processes of their own.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"grapevine": main})
}

// The commands, as people type them: testdata/script has a file for each story.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("HOME", e.WorkDir)
			e.Defer(func() { endAll(e.WorkDir) })
			for i := 1; i <= 5; i++ {
				if err := os.WriteFile(filepath.Join(e.WorkDir, fmt.Sprintf("shard%d.csv", i)), []byte(patients(i, 200)), 0o600); err != nil {
					return err
				}
			}
			return errors.Join(
				parquet.WriteFile(filepath.Join(e.WorkDir, "ward.parquet"), ward(200)),
				os.WriteFile(filepath.Join(e.WorkDir, "play.txt"), []byte(play(100)), 0o600))
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": exits, "keep": keep, "await": await, "paid": paid, "signal": signalDaemon, "agree": agree,
		},
	})
}

// endAll ends daemons that a script which failed has left.
func endAll(dir string) {
	homes, _ := filepath.Glob(filepath.Join(dir, "p*"))
	for _, home := range homes {
		if pid := daemonPID(home); pid > 0 {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
}

// record is a row of a hospital's table.
type record struct {
	Age     int32    `parquet:"age"`
	Dose    *float64 `parquet:"dose,optional"`
	Smokes  bool     `parquet:"smokes"`
	Outcome string   `parquet:"outcome"`
}

func ward(n int) []record {
	rows := make([]record, n)
	for i := range rows {
		dose := float64(i*7%10) / 10
		rows[i] = record{Age: int32(20 + i*13%60), Dose: &dose, Smokes: i%3 == 0, Outcome: "ill"}
		if rows[i].Age < 50 {
			rows[i].Outcome = "well"
		}
		if i%11 == 0 {
			rows[i].Dose = nil
		}
	}
	return rows
}

// play is a dialogue of two.
func play(speeches int) string {
	var b strings.Builder
	for i := range speeches {
		fmt.Fprintf(&b, "%s:\nI say %d, and you say %d.\n\n", []string{"ADA", "BOB"}[i%2], i, i+1)
	}
	return b.String()
}

// patients is one hospital's table; who gets well follows one rule everywhere.
func patients(seed, n int) string {
	rng := rand.New(rand.NewPCG(uint64(seed), 1))
	var b strings.Builder
	b.WriteString("age,dose,ward,outcome\n")
	for range n {
		age, dose, ward := 50+12*rng.NormFloat64(), 10*rng.Float64(), rng.IntN(3)
		outcome := "ill"
		if (age-50)/12+dose-5+float64(ward-1)+rng.NormFloat64() > 0 {
			outcome = "well"
		}
		fmt.Fprintf(&b, "%.1f,%.2f,%c,%s\n", age, dose, 'a'+ward, outcome)
	}
	return b.String()
}

// exits CODE COMMAND… runs a command that must end with that code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	err := ts.Exec(args[1], args[2:]...)
	got := "0"
	if err != nil {
		got = strings.TrimPrefix(err.Error(), "exit status ")
	}
	if (got == args[0]) == neg {
		ts.Fatalf("exit code %s, want %s", got, args[0])
	}
}

// keep NAME KEY takes a value from the last JSON answer into a variable.
func keep(ts *testscript.TestScript, _ bool, args []string) {
	_, rest, ok := strings.Cut(ts.ReadFile("stdout"), `"`+args[1]+`":"`)
	value, _, ends := strings.Cut(rest, `"`)
	if !ok || !ends {
		ts.Fatalf("no %q in the answer", args[1])
	}
	ts.Setenv(args[0], strings.ReplaceAll(value, `\u0026`, "&"))
}

// daemonIn is a client of the daemon of a home, once it answers.
func daemonIn(ts *testscript.TestScript, home string) *client.Client {
	for end := time.Now().Add(patience); time.Now().Before(end); {
		path, err := socketOf(ts.MkAbs(home))
		if err == nil {
			c := client.Unix(path)
			if _, err = c.Node(context.Background()); err == nil {
				return c
			}
		}
		wait(20 * time.Millisecond)
	}
	ts.Fatalf("no daemon in %s", home)
	return nil
}

// wait is for what other processes do, which no fake clock reaches.
func wait(d time.Duration) { <-time.After(d) }

// patience is how long to wait for what other processes do. It is generous: how
// fast they are is for TestFigures to say.
const patience = 2 * time.Minute

// until asks again and again.
func until(ts *testscript.TestScript, what string, f func() bool) {
	start := time.Now()
	for !f() {
		if time.Since(start) > patience {
			ts.Fatalf("not within %v: %s", patience, what)
		}
		wait(20 * time.Millisecond)
	}
	ts.Logf("%s: after %.1f s", what, time.Since(start).Seconds())
}

// await HOME WHAT N waits until a topic is past a height, a round or a
// number of peers. N may be +K: K more than now.
func await(ts *testscript.TestScript, _ bool, args []string) {
	c := daemonIn(ts, args[0])
	value := func() uint64 {
		n, err := c.Node(context.Background())
		if err != nil || len(n.Topics) == 0 {
			return 0
		}
		return map[string]uint64{"height": n.Topics[0].Head.Height, "round": n.Topics[0].Head.Round, "peers": uint64(n.Peers)}[args[1]]
	}
	want, err := strconv.ParseUint(strings.TrimPrefix(args[2], "+"), 10, 64)
	ts.Check(err)
	if strings.HasPrefix(args[2], "+") {
		want += value()
	}
	until(ts, strings.Join(args[:3], " "), func() bool { return value() >= want })
}

// paid HOME waits until a peer has a balance.
func paid(ts *testscript.TestScript, _ bool, args []string) {
	c := daemonIn(ts, args[0])
	until(ts, args[0]+" is paid", func() bool {
		w, err := c.Wallet(context.Background(), "")
		return err == nil && w.Balance > 0
	})
}

// agree HOME HOME waits until two peers tell of the same model after the
// same round.
func agree(ts *testscript.TestScript, _ bool, args []string) {
	models := map[string]string{}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	found := make(chan string, 64)
	for _, home := range args[:2] {
		c := daemonIn(ts, home)
		go func() {
			for e := range c.Events(ctx, 0, "") {
				if s := eventData[settledEvent](e); e.Kind == "model.updated" {
					select {
					case found <- fmt.Sprintf("%d %s", s.Round, s.Anchor):
					case <-ctx.Done():
						return
					}
				}
			}
		}()
	}
	until(ts, strings.Join(args[:2], " and ")+" agree", func() bool {
		for {
			select {
			case m := <-found:
				round, anchor, _ := strings.Cut(m, " ")
				if other, is := models[round]; is {
					if other != anchor {
						ts.Fatalf("round %s: models %s and %s", round, other, anchor)
					}
					return true
				}
				models[round] = anchor
			default:
				return false
			}
		}
	})
}

// signal NAME HOME sends a signal to a daemon and waits until it is gone.
func signalDaemon(ts *testscript.TestScript, _ bool, args []string) {
	dir := ts.MkAbs(args[1])
	pid := daemonPID(dir)
	sig := map[string]syscall.Signal{"INT": syscall.SIGINT, "KILL": syscall.SIGKILL}[args[0]]
	p, err := os.FindProcess(pid)
	ts.Check(err)
	ts.Check(p.Signal(sig))
	until(ts, args[1]+" is gone", func() bool {
		lock, err := lockDaemon(dir)
		if err != nil {
			return false
		}
		return unlockDaemon(dir, lock) == nil
	})
}
