package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// proofReport is the data of `wallet proof -o json` and of `ledger show --proof`.
type proofReport struct {
	File   string `json:"file"`
	Bytes  int    `json:"bytes"`
	Kind   string `json:"kind"`
	Topic  string `json:"topic"`
	Height uint64 `json:"height"` // of the block whose certificate proves it
	Block  string `json:"block"`
}

// proofFlags say where a proof goes, and what its reader has already.
type proofFlags struct {
	out, checkpoint string
}

func walletProofCommand(p *printer, at *place) *cobra.Command {
	var f proofFlags
	cmd := &cobra.Command{
		Use:   "proof [PEER] --out FILE",
		Short: "Write a file that proves to anybody what a peer holds",
		Long: `Writes a small file that proves, without this home and without the network, what
a peer holds at the last certified height: its account, the way from there to the
state root, and the block that carries the root with the signatures of a quorum.
PEER is a peer ID or an alias; without it, the peer whose home it is.

A block carries the root of the state after the block before: what the newest block
itself did is proved by the next. "grapevine verify FILE" checks it. With
--checkpoint the topic's rules and validators, which make up half of the file, are
left out: whoever checks the proof must have that checkpoint.

It works with and without a running daemon, and needs no key.`,
		Example: `  grapevine wallet proof --out alice.proof --home ./demo/peer-01
  grapevine verify alice.proof`,
		Args: optionalArg,
		RunE: func(_ *cobra.Command, args []string) error { return runWalletProof(p, at, first(args), f) },
	}
	outFlag(cmd, &f.out)
	cmd.Flags().StringVar(&f.checkpoint, "checkpoint", "", "a file of \"ledger checkpoint\" that the reader has")
	return cmd
}

func (f proofFlags) trust() (*ledger.Trust, error) {
	if err := checkOut(f.out); err != nil {
		return nil, err
	}
	if f.checkpoint == "" {
		return nil, nil
	}
	return readTrust(f.checkpoint)
}

func runWalletProof(p *printer, at *place, name string, f proofFlags) error {
	dir, err := at.dir()
	if err != nil {
		return err
	}
	trust, err := f.trust()
	if err != nil {
		return err
	}
	peer, err := peerOrOwn(dir, name)
	if err != nil {
		return err
	}
	c, err := node.Newest(dir)
	if err != nil {
		return readFailure(dir, err)
	}
	proof, err := c.Balance(peer, trust)
	if err != nil {
		return readFailure(dir, err)
	}
	return writeProof(p, proof, f.out)
}

// peerOrOwn is who is meant by a peer ID or an alias, or whose home it is.
func peerOrOwn(dir, name string) (ledger.Author, error) {
	if a, err := ledger.ParseAuthor(name); err == nil {
		return a, nil
	}
	if a, err := readPublic(dir); err == nil && name == "" {
		return a, nil
	}
	r, err := node.Replay(dir, nil)
	if err != nil {
		return ledger.Author{}, readFailure(dir, err)
	}
	if name == "" {
		return ownAuthor(dir, r)
	}
	return authorNamed(r, name)
}

// writeProof puts a proof into a file, all of it or nothing.
func writeProof(p *printer, proof *ledger.Proof, path string) error {
	size, err := writePacked(path, ledger.ProofDomain, proof)
	if err != nil {
		return err
	}
	block, err := proof.Header.CID()
	if err != nil {
		return err
	}
	r := proofReport{path, size, string(proof.Kind), proof.Header.Topic.String(), proof.Header.Height, block.String()}
	return p.answer(r, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d bytes, proof of the %s, certified by block %d\n", path, r.Bytes, r.Kind, r.Height)
		fmt.Fprintf(w, "check it anywhere: grapevine verify %s --topic %s\n", path, r.Topic)
	})
}

// readBounded reads a file of at most ledger.MaxProof bytes.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, &failure{code: codeFailed, err: err, hint: "is the name of the file right?"}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, ledger.MaxProof+1))
	if err != nil {
		return nil, fault(codeFailed, "read "+path, err)
	}
	return data, nil
}

func notVerified(path string, err error) *failure {
	return &failure{
		code: codeVerify, err: fmt.Errorf("%s does not verify: %w", path, err), where: path,
		hint: "it was changed, or made by somebody who does not hold what it claims; ask for it again",
	}
}
