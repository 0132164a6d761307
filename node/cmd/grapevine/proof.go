package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/incentives"
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

func walletProofCommand(p *printer, dir *string) *cobra.Command {
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
		RunE: func(_ *cobra.Command, args []string) error { return runWalletProof(p, *dir, first(args), f) },
	}
	cmd.Flags().StringVar(&f.out, "out", "", "the file to write (required)")
	cmd.Flags().StringVar(&f.checkpoint, "checkpoint", "", "a file of \"ledger checkpoint\" that the reader has")
	return cmd
}

func (f proofFlags) trust() (*ledger.Trust, error) {
	if f.out == "" {
		return nil, usage("--out is missing", "name the file to write: --out FILE")
	}
	if f.checkpoint == "" {
		return nil, nil
	}
	return readTrust(f.checkpoint)
}

func runWalletProof(p *printer, flag, name string, f proofFlags) error {
	dir, err := homeDir(flag)
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
	data, err := ledger.Pack(ledger.ProofDomain, proof)
	if err != nil {
		return err
	}
	if err := os.WriteFile(path, data, 0o644); err != nil {
		return &failure{code: codeFailed, err: err, hint: "choose another --out"}
	}
	block, err := proof.Header.CID()
	if err != nil {
		return err
	}
	r := proofReport{path, len(data), string(proof.Kind), proof.Header.Topic.String(), proof.Header.Height, block.String()}
	return p.answer(r, func(w io.Writer) {
		fmt.Fprintf(w, "%s: %d bytes, proof of the %s, certified by block %d\n", path, r.Bytes, r.Kind, r.Height)
		fmt.Fprintf(w, "check it anywhere: grapevine verify %s --topic %s\n", path, r.Topic)
	})
}

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

func notVerified(path string, err error) error {
	return &failure{
		code: codeVerify, err: fmt.Errorf("%s does not verify: %w", path, err), where: path,
		hint: "it was changed, or made by somebody who does not hold what it claims; ask for it again",
	}
}

// provenReport is the data of `verify -o json`. What a file says nothing about is
// null or empty.
type provenReport struct {
	OK      bool    `json:"ok"`
	Kind    string  `json:"kind"`
	Topic   string  `json:"topic"`
	Height  uint64  `json:"height"` // of the block that certifies it; a balance is that after the block before
	Peer    string  `json:"peer"`
	Balance *uint64 `json:"balance"`
	Trusted bool    `json:"trusted"` // by --topic or --checkpoint, and not by the file's own word only
	Bond    *uint64 `json:"bond"`
	Stake   *uint64 `json:"stake"`
	Entry   string  `json:"entry"`
	Block   string  `json:"block"`

	Row    string         `json:"row"`    // of a set of data, as a line of CSV
	In     *bool          `json:"in"`     // whether it was declared
	Ledger *archiveReport `json:"ledger"` // of a history, else null

	lines []field
}

// provenBy says what a proof proves.
func provenBy(proof *ledger.Proof) (*provenReport, error) {
	block, err := proof.Header.CID()
	if err != nil {
		return nil, err
	}
	r := &provenReport{OK: true, Kind: string(proof.Kind), Topic: proof.Header.Topic.String(), Height: proof.Header.Height, Block: block.String()}
	if proof.Kind == ledger.ProofEntry {
		e, err := ledger.DecodeEntry(proof.Leaf)
		if err != nil {
			return nil, err
		}
		r.Peer, r.Entry = e.Author.String(), e.CID().String()
		r.lines = append([]field{{"entry", r.Entry}, {"kind", e.Kind}, {"author", r.Peer}, {"seq", e.Seq}}, bodyOf(e)...)
		return r, nil
	}
	author, account, err := incentives.DecodeAccount(proof.Leaf)
	if err != nil {
		return nil, err
	}
	r.Peer, r.Balance, r.Bond, r.Stake = author.String(), &account.Balance, &account.Bond, &account.Stake
	r.lines = []field{
		{"peer", node.Alias(author) + "  " + r.Peer},
		{"balance", tokens(account.Balance)}, {"bond", tokens(account.Bond)}, {"stake", tokens(account.Stake)},
	}
	return r, nil
}

func (r *provenReport) print(w io.Writer) {
	if r.Ledger != nil {
		r.Ledger.print(w, r)
		return
	}
	what := "the proof holds: a quorum certified it"
	switch r.Kind {
	case string(ledger.ProofBalance):
		what += fmt.Sprintf(" in block %d, whose header has the root of the state after %d", r.Height, r.Height-1)
	case "row":
		is := "is"
		if !*r.In {
			is = "is not"
		}
		what = fmt.Sprintf("the row %.200q %s in the set that was declared in block %d; that says nothing of what was trained on", r.Row, is, r.Height)
	case string(ledger.ProofEntry):
		what += fmt.Sprintf(" in block %d", r.Height)
	default:
		what = fmt.Sprintf("checkpoint %d: it is for you to believe in, or not", r.Height)
	}
	fmt.Fprintf(w, "%s\n\n", what)
	printFields(w, append([]field{{"topic", r.Topic}, {"block", r.Block}}, r.lines...))
}
