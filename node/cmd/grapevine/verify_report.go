package main

import (
	"fmt"
	"io"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

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
