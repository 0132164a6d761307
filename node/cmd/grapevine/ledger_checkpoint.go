package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

func ledgerCheckpointCommand(p *printer, at *place) *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "checkpoint --out FILE",
		Short: "Write the newest checkpoint and its validators, to check proofs with",
		Long: `Writes the newest checkpoint that a home has: height, block, and the table of
those who vote after it. Whoever got it from somebody they believe checks proofs
against it: grapevine verify FILE --checkpoint CHECKPOINT.`,
		Example: `  grapevine ledger checkpoint --out topic.checkpoint --home ./demo/peer-01`,
		Args:    noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := at.dir()
			if err != nil {
				return err
			}
			if err := checkOut(out); err != nil {
				return err
			}
			c, err := node.Newest(dir)
			if err != nil {
				return readFailure(dir, err)
			}
			return writeTrust(p, c.Trust(), out)
		},
	}
	outFlag(cmd, &out)
	return cmd
}

func writeTrust(p *printer, t *ledger.Trust, path string) error {
	size, err := writePacked(path, ledger.TrustDomain, t)
	if err != nil {
		return err
	}
	r := proofReport{path, size, "checkpoint", t.Topic.String(), t.Height, t.Block.String()}
	return p.answer(r, func(w io.Writer) {
		fmt.Fprintf(w, "%s: checkpoint %d of topic %s, %d validators\n", path, t.Height, t.Topic, len(t.Committee))
	})
}

// readTrust reads a checkpoint's file.
func readTrust(path string) (*ledger.Trust, error) {
	data, err := readBounded(path)
	if err != nil {
		return nil, err
	}
	t := new(ledger.Trust)
	if err := ledger.Unpack(ledger.TrustDomain, data, t); err != nil {
		return nil, notVerified(path, err)
	}
	if err := t.Validate(); err != nil {
		return nil, notVerified(path, err)
	}
	return t, nil
}
