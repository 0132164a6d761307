// Package examples holds programs to read and to run. This test runs them all.
package examples

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	// What the programs are made of: so the go command runs them again when it changes.
	_ "github.com/grapevine-network/grapevine/node"
)

// build returns the path of a program made from examples/name.
func build(t *testing.T, name string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), name)
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	if out, err := exec.Command("go", "build", "-o", program, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", name, err, out)
	}
	return program
}

func TestHelloIsTwoPeersThatAgreeAndAreBothPaid(t *testing.T) {
	program, temp := build(t, "hello"), t.TempDir()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, program)
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "TMP="+temp)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v, %v\n%s%s", err, ctx.Err(), &stdout, &stderr)
	}
	line := regexp.MustCompile(`^after 8 rounds both peers hold model b[a-z2-7]{58}, accuracy (0\.\d\d); alice earned (\d+) tokens, bob (\d+)\n$`)
	found := line.FindStringSubmatch(stdout.String())
	if found == nil {
		t.Fatalf("got %q, want one line that matches %v", &stdout, line)
	}
	if accuracy, _ := strconv.ParseFloat(found[1], 64); accuracy < 0.75 {
		t.Errorf("got accuracy %v after 8 rounds, want 0.75 at least", accuracy)
	}
	for i, name := range []string{"alice", "bob"} {
		if found[2+i] == "0" {
			t.Errorf("%s earned nothing", name)
		}
	}
	if stderr.Len() > 0 {
		t.Errorf("standard error: %q", &stderr)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("left %v behind in the temporary directory (%v)", left, err)
	}
}

func TestHelloIsUnderFortyLines(t *testing.T) {
	source, err := os.ReadFile("hello/main.go")
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(string(source), "\n"); got >= 40 {
		t.Errorf("got %d lines, want fewer than 40", got)
	}
}

func TestHelloSaysWhyItCannotRun(t *testing.T) {
	cmd := exec.Command(build(t, "hello"))
	nowhere := filepath.Join(t.TempDir(), "missing")
	cmd.Env = append(os.Environ(), "TMPDIR="+nowhere, "TMP="+nowhere)
	out, err := cmd.CombinedOutput()
	if code := cmd.ProcessState.ExitCode(); code != 1 || !strings.Contains(string(out), "hello: ") {
		t.Errorf("without a place for its files: got %v, exit code %d and %q, want 1 and a message", err, code, out)
	}
}
