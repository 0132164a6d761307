package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

func ledgerCheckpointCommand(p *printer, home *string) *cobra.Command {
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
			dir, err := homeDir(*home)
			if err != nil {
				return err
			}
			if out == "" {
				return usage("--out is missing", "name the file to write: --out FILE")
			}
			c, err := node.Newest(dir)
			if err != nil {
				return readFailure(dir, err)
			}
			return writeTrust(p, c.Trust(), out)
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "the file to write (required)")
	return cmd
}

func writeTrust(p *printer, t *ledger.Trust, path string) error {
	data, err := ledger.Pack(ledger.TrustDomain, t)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return &failure{code: codeFailed, err: err, hint: "choose another --out"}
	}
	r := proofReport{path, len(data), "checkpoint", t.Topic.String(), t.Height, t.Block.String()}
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
	if err := errors.Join(ledger.Unpack(ledger.TrustDomain, data, t)); err != nil {
		return nil, notVerified(path, err)
	}
	if err := t.Validate(); err != nil {
		return nil, notVerified(path, err)
	}
	return t, nil
}
