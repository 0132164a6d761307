package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/node/api/client"
)

// globals are the flags of all commands.
type globals struct {
	home    string
	timeout time.Duration
	yes     bool
}

func (g *globals) register(cmd *cobra.Command) {
	homeFlag(cmd, &g.home)
	cmd.PersistentFlags().DurationVar(&g.timeout, "timeout", 30*time.Second, "how long to wait for an answer")
	cmd.PersistentFlags().BoolVar(&g.yes, "yes", false, "answer yes to all questions")
}

// dir is the home, as an absolute path.
func (g *globals) dir() (string, error) {
	dir, err := homeDir(g.home)
	if err != nil {
		return "", err
	}
	return filepath.Abs(dir)
}

func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usage(fmt.Sprintf("%s: takes no arguments, got %q", cmd.Name(), args[0]), cmd.UseLine())
	}
	return nil
}

// optionalArg takes one argument at most.
func optionalArg(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage(fmt.Sprintf("%s: takes one argument at most, got %d", cmd.Name(), len(args)), cmd.UseLine())
	}
	return nil
}

// first is the argument that may be missing.
func first(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// daemon is a client of the daemon in a home.
func (g *globals) daemon() (c *client.Client, dir string, err error) {
	if dir, err = g.dir(); err != nil {
		return nil, "", err
	}
	path, err := socketOf(dir)
	if err != nil {
		return nil, dir, notRunning(dir)
	}
	return client.Unix(path), dir, nil
}

// call asks the daemon of a home, which must answer in time.
func (g *globals) call(ctx context.Context, f func(ctx context.Context, c *client.Client) error) error {
	c, dir, err := g.daemon()
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return daemonFailure(dir, f(ctx, c))
}

func notRunning(dir string) *failure {
	return &failure{code: codeUnreachable, err: fmt.Errorf("no daemon is running in %s", dir), hint: "start one: grapevine up --home " + dir}
}

// daemonFailure gives a problem of the API its exit code.
func daemonFailure(dir string, err error) error {
	p, is := errors.AsType[*client.Problem](err)
	if !is {
		return err
	}
	if p.Code == codeNames[codeUnreachable] {
		return notRunning(dir)
	}
	f := &failure{code: codeFailed, err: p, hint: p.Hint}
	for code, name := range codeNames {
		if name == p.Code {
			f.code = code
		}
	}
	return f
}

// problemOf is how a failure goes through the API.
func problemOf(err error) error {
	if err == nil {
		return nil
	}
	f := asFailure(err)
	status := map[int]int{codeUsage: 422, codeForbidden: 403, codeTimeout: 504, codeNoPeers: 504, codeVerify: 409}[f.code]
	if status == 0 {
		status = 500
	}
	return &client.Problem{Status: status, Title: codeNames[f.code], Code: codeNames[f.code], Detail: f.Error(), Hint: f.hint}
}

// unreached tells that no daemon runs: then the home itself is read.
func unreached(err error) bool {
	f, is := errors.AsType[*failure](err)
	return is && f.code == codeUnreachable
}
