package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/home"
)

// pruneReport is the data of `ledger prune -o json`.
type pruneReport struct {
	From   uint64 `json:"from"` // height that the ledger begins after now
	Height uint64 `json:"height"`
	Before int64  `json:"bytes_before"` // ledger and blobs
	After  int64  `json:"bytes_after"`
	Blobs  int    `json:"blobs_removed"`
}

func ledgerPruneCommand(p *printer, at *place) *cobra.Command {
	return &cobra.Command{
		Use:   "prune",
		Short: "Let a home begin at its newest checkpoint, and save space",
		Long: `Puts the state at the newest checkpoint, as a quorum certified it, in the place of
all that led to it, and removes the deltas and models that nothing needs any more.

The peer goes on as before: it proves balances, lets others join, and "ledger
verify" says from which height on it derives everything again. What came before, it
can't show any more. Keep at least one home of a topic whole: for auditors, and for
peers that were away since before the checkpoint.

The peer must be stopped. There is no way back.`,
		Example: `  grapevine stop && grapevine ledger prune && grapevine up --detach`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := at.dir()
			if err != nil {
				return err
			}
			got, err := node.Prune(dir)
			if err != nil {
				return pruneFailure(dir, err)
			}
			r := pruneReport(got)
			return p.answer(r, func(w io.Writer) {
				fmt.Fprintf(w, "%s begins after height %d now: %d bytes instead of %d, %s removed\n", dir, r.From, r.After, r.Before, many(r.Blobs, "blob"))
			})
		},
	}
}

func pruneFailure(dir string, err error) error {
	switch {
	case errors.Is(err, home.ErrLocked):
		return &failure{code: codeForbidden, err: err, hint: "stop the peer first: grapevine stop --home " + dir}
	case errors.Is(err, node.ErrNothing):
		return &failure{code: codeFailed, err: err, hint: "there is a checkpoint every 64 heights, unless the topic says otherwise"}
	}
	return readFailure(dir, err)
}
