package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

func ledgerCommand(p *printer) *cobra.Command {
	var at place
	cmd := group("ledger", "Read the ledger of a home and verify it, offline")
	at.register(cmd)
	cmd.AddCommand(ledgerVerifyCommand(p, &at), ledgerLogCommand(p, &at), ledgerShowCommand(p, &at), ledgerHeadCommand(p, &at), ledgerCheckpointCommand(p, &at), ledgerExportCommand(p, &at), ledgerPruneCommand(p, &at))
	return cmd
}

// group is a command that has others below it and does nothing itself.
func group(name, short string) *cobra.Command {
	return &cobra.Command{
		Use: name, Short: short, Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var names []string
			for _, c := range cmd.Commands() {
				names = append(names, c.Name())
			}
			return usage(name+": choose a command: "+strings.Join(names, ", "), "grapevine "+name+" --help says what they do")
		},
	}
}

// homeFlag adds --home to a command and those below it. A reading command works
// beside a running peer: it takes no lock and writes nothing.
func homeFlag(cmd *cobra.Command, dir *string) {
	cmd.PersistentFlags().StringVar(dir, "home", "", "the peer's home (default: $GRAPEVINE_HOME, or else ~/.grapevine)")
}

// homeDir is the home that --home names, or the default.
func homeDir(flag string) (string, error) {
	if flag != "" {
		return flag, nil
	}
	if dir := os.Getenv("GRAPEVINE_HOME"); dir != "" {
		return dir, nil
	}
	user, err := os.UserHomeDir()
	if err != nil {
		return "", usage("no home: "+err.Error(), "name one with --home DIR")
	}
	return filepath.Join(user, ".grapevine"), nil
}

// replayHome replays the ledger that --home and --topic name.
func replayHome(at *place, visit func(h *node.Height) error) (r *node.Report, dir string, err error) {
	if dir, err = at.dir(); err != nil {
		return nil, dir, err
	}
	r, err = node.Replay(dir, visit)
	return r, dir, readFailure(dir, err)
}

// readFailure says what a person can do about an error of reading a home.
func readFailure(dir string, err error) error {
	if err == nil {
		return nil
	}
	if hasNoTopic(dir) {
		return noTopic()
	}
	if f, is := errors.AsType[*node.Fault](err); is {
		return &failure{
			code: codeVerify, err: fmt.Errorf("%s does not verify: %w", dir, f.Err), where: f.Where(),
			hint: "these bytes are not what the peer wrote; restore the home from a backup, or join the topic again with another --home",
		}
	}
	if errors.Is(err, node.ErrNothing) {
		return &failure{code: codeFailed, err: err, hint: "grapevine ledger log lists what is certified"}
	}
	if errors.Is(err, os.ErrNotExist) {
		return &failure{code: codeFailed, err: fmt.Errorf("%s is not a grapevine home", dir), hint: homeHint(dir)}
	}
	return &failure{code: codeFailed, err: err}
}

// homeHint looks for the homes of a demo below dir.
func homeHint(dir string) string {
	below, _ := filepath.Glob(filepath.Join(dir, "*", "manifest.cbor"))
	if len(below) > 0 {
		return "it holds homes; choose one: --home " + filepath.Dir(below[0])
	}
	return "name one with --home DIR; grapevine demo --home DIR makes some"
}

// begunLater is why the home of a peer that joined late, or was pruned, can't show
// something.
func begunLater(what string, r *node.Report) error {
	return &failure{
		code: codeFailed, err: fmt.Errorf("%s is not in this home: its ledger begins after height %d", what, r.From),
		hint: "look into the home of a peer that has all",
	}
}

// authorNamed finds who is meant by a peer ID or an alias.
func authorNamed(r *node.Report, text string) (ledger.Author, error) {
	return authorAmong(r.Replica.State.Authors(), text)
}

// authorAmong finds who is meant by a peer ID, of anybody, or an alias, of one of
// those who have an account.
func authorAmong(authors []ledger.Author, text string) (ledger.Author, error) {
	if a, err := ledger.ParseAuthor(text); err == nil {
		return a, nil
	}
	var found, aliases []string
	var author ledger.Author
	for _, a := range authors {
		alias := node.Alias(a)
		aliases = append(aliases, alias)
		if alias == text {
			author, found = a, append(found, a.String())
		}
	}
	switch len(found) {
	case 1:
		return author, nil
	case 0:
		slices.Sort(aliases)
		if len(aliases) > 20 {
			aliases = append(aliases[:20], "…")
		}
		return author, usage(fmt.Sprintf("no peer is called %q", text), "give a peer ID (12D3KooW…) or one of: "+strings.Join(aliases, ", "))
	}
	return author, usage(fmt.Sprintf("%d peers are called %q", len(found), text), "give the peer ID: "+strings.Join(found, " or "))
}

// oneArg asks for exactly one argument and says which.
func oneArg(what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return usage(fmt.Sprintf("%s: want %s, got %d arguments", cmd.Name(), what, len(args)), cmd.UseLine())
		}
		return nil
	}
}

// shortCID is how much of a CID tables show: nine characters after what all CIDs
// begin with. Commands take that much.
const shortCID = 16
