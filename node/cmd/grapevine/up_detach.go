package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// runDetached starts this program again, as a daemon of its own, and waits until
// it answers.
func (f *upFlags) runDetached(ctx context.Context, p *printer, g *globals, dir string) error {
	lock, err := lockDaemon(dir) // to see that no other has it
	if err != nil {
		return err
	}
	if err := unlockDaemon(dir, lock); err != nil {
		return fault(codeFailed, "unlock the home", err)
	}
	child, err := f.child(p, dir)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- child.Wait() }() // it may outlive this process
	ctx, cancel := context.WithTimeout(ctx, g.timeout+5*time.Second)
	defer cancel()
	for {
		n, ready := announced(ctx, dir, child.Process.Pid)
		if ready {
			return p.answer(n, func(w io.Writer) {
				printNode(w, n)
				fmt.Fprintf(w, "\npid %d, messages in %s; grapevine stop stops it\n", n.PID, runPath(dir, "daemon.log"))
			})
		}
		select {
		case err := <-ended:
			return childFailure(dir, err)
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return &failure{code: codeTimeout, err: errors.New("the daemon has not begun in time"), hint: "see " + runPath(dir, "daemon.log") + "; it may still begin"}
		}
	}
}

// announced tells whether the process is ready, which it says in run/ready.
func announced(ctx context.Context, dir string, pid int) (client.Node, bool) {
	path, err := socketOf(dir)
	if err != nil || !slices.Contains(readLines(runPath(dir, "ready")), fmt.Sprint(pid)) {
		return client.Node{}, false
	}
	n, err := client.Unix(path).Node(ctx)
	return n, err == nil && n.PID == pid
}

// childFailure repeats what the daemon wrote at last, with its exit code.
func childFailure(dir string, err error) error {
	code := codeFailed
	if exit, is := errors.AsType[*exec.ExitError](err); is && exit.ExitCode() > 0 {
		code = exit.ExitCode()
	}
	message, hint := "the daemon has ended", "see "+runPath(dir, "daemon.log")
	b, _ := os.ReadFile(runPath(dir, "daemon.log"))
	for line := range strings.Lines(string(b)) {
		if text, is := strings.CutPrefix(line, "grapevine: "); is {
			message = strings.TrimSpace(text)
		}
		if text, is := strings.CutPrefix(strings.TrimSpace(line), "hint: "); is {
			hint = text
		}
	}
	return &failure{code: code, err: errors.New(message), hint: hint}
}

// child is a daemon in the background. A passphrase that had to be asked for goes
// to it through a pipe.
func (f *upFlags) child(p *printer, dir string) (*exec.Cmd, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, fault(codeFailed, "find this program", err)
	}
	if err := os.MkdirAll(runPath(dir, ""), 0o700); err != nil {
		return nil, fault(codeFailed, "make "+runPath(dir, ""), err)
	}
	log, err := os.OpenFile(runPath(dir, "daemon.log"), os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fault(codeFailed, "open the log", err)
	}
	defer log.Close()
	args := slices.DeleteFunc(slices.Clone(os.Args[1:]), func(a string) bool { return a == "--detach" || a == "--detach=true" })
	cmd := exec.Command(program, args...)
	cmd.Stdout, cmd.Stderr, cmd.SysProcAttr = log, log, detached()
	if encrypted(dir) && f.passphrase == "" && os.Getenv(passphraseVariable) == "" {
		if err := f.handPassphrase(p, cmd); err != nil {
			return nil, err
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, fault(codeFailed, "start the daemon", err)
	}
	for _, r := range cmd.ExtraFiles {
		_ = r.Close()
	}
	return cmd, nil
}

func (f *upFlags) handPassphrase(p *printer, cmd *exec.Cmd) error {
	passphrase, err := askPassphrase(p, f.passphrase, false)
	if err != nil {
		return err
	}
	r, w, err := os.Pipe()
	if err != nil {
		return fault(codeFailed, "hand the passphrase on", err)
	}
	_, err = w.Write(append(passphrase, '\n')) // a pipe holds that much
	if err = errors.Join(err, w.Close()); err != nil {
		return fault(codeFailed, "hand the passphrase on", err)
	}
	cmd.ExtraFiles = []*os.File{r}
	cmd.Env = append(os.Environ(), passphraseVariable+"=/dev/fd/3")
	return nil
}
