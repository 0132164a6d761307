package store

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"testing"
)

// childEnv makes the test binary a process that writes until it is killed.
const childEnv = "GRAPEVINE_STORE_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		fmt.Fprintln(os.Stderr, child(dir))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// child appends numbered records in batches and prints the number it will begin
// with and then each number that Sync acknowledged.
func child(dir string) error {
	l, err := open(disk{}, dir, 64<<10)
	if err != nil {
		return err
	}
	n, err := numbered(l)
	if err != nil {
		return err
	}
	fmt.Println(n)
	rng := rand.New(rand.NewPCG(n, 0))
	for {
		for range 1 + rng.IntN(4) {
			data := binary.BigEndian.AppendUint64(make([]byte, 0, 4096), n)
			if _, err := l.Append(1, data[:8+rng.IntN(4000)]); err != nil {
				return err
			}
			n++
		}
		if err := l.Sync(); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

// numbered checks that records are numbered 0, 1, … and returns how many.
func numbered(l *Log) (n uint64, err error) {
	for r, err := range l.Records() {
		if err != nil {
			return n, err
		}
		if got := binary.BigEndian.Uint64(r.Data); got != n {
			return n, fmt.Errorf("record %d has number %d", n, got)
		}
		n++
	}
	return n, nil
}

func TestKillLosesNothingAcknowledged(t *testing.T) {
	dir := t.TempDir()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	var acked uint64
	torn := 0
	for round := range 10 {
		acked = killOnce(t, dir, rng.IntN(100), acked)
		v, err := View(dir)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if n, err := numbered(v); err != nil || n < acked {
			t.Fatalf("round %d: %d records, %v; %d were acknowledged", round, n, err, acked)
		}
		if v.Torn() != nil {
			torn++
		}
	}
	l, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	n, err := numbered(l)
	if err := errors.Join(err, l.Close()); err != nil || n < acked {
		t.Fatalf("%d records, %v; %d were acknowledged", n, err, acked)
	}
	for _, err := range Check(dir) {
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d acknowledged, %d there, %d torn tails", acked, n, torn)
}

// killOnce starts a child, kills it after some acknowledgements and returns the
// last one it gave.
func killOnce(t *testing.T, dir string, after int, before uint64) uint64 {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	acked := before
	lines := bufio.NewReader(out)
	for i := 0; ; i++ {
		line, err := lines.ReadString('\n')
		if err == io.EOF {
			break // an unfinished line was not an answer
		}
		n, err := strconv.ParseUint(line[:max(len(line)-1, 0)], 10, 64)
		if err != nil || n < before {
			t.Fatalf("the child says %q after %d were acknowledged", line, before)
		}
		acked = n
		if i == after {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	_ = cmd.Wait() // killed
	return acked
}
