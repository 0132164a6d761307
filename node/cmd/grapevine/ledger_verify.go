package main

import (
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// verifyReport is the data of `ledger verify -o json`. Other programs read it.
// After a fault it tells how far the ledger was sound.
type verifyReport struct {
	OK        bool         `json:"ok"`
	Topic     string       `json:"topic"`
	Name      string       `json:"name"`
	From      uint64       `json:"from"` // height from which everything was derived again; 0 is the beginning
	Height    uint64       `json:"height"`
	Block     string       `json:"block"`
	Entries   int          `json:"entries"` // certified after From
	Voids     int          `json:"voids"`   // of them without effect
	Pending   int          `json:"pending"` // not certified yet
	Blocks    uint64       `json:"blocks"`
	Authors   int          `json:"authors"` // of certified entries
	Rounds    uint64       `json:"rounds"`  // settled
	Votes     int          `json:"votes"`
	Blobs     int          `json:"blobs"`
	StateRoot *string      `json:"state_root"` // null while a round waits to be settled
	Anchor    string       `json:"anchor"`
	Supply    supplyReport `json:"supply"`
}

func ledgerVerifyCommand(p *printer, at *place) *cobra.Command {
	return &cobra.Command{
		Use:   "verify",
		Short: "Check every byte of a home and derive every balance again",
		Long: `Reads all of a home's ledger and blobs and believes none of it: every checksum,
name, link and signature is checked, the quorum under every block too, and from
the topic's manifest on every score, payment, balance and model is computed
again, in integers. No network and no key is needed, and nothing is changed.

If anything is not what was written and signed, the exit code is 7 and the exact
place is named: file and byte, height, author and number of the entry.

The home of a peer that joined late, or was pruned, begins with the state at a
checkpoint, which a quorum has signed: it is verified from that height on, "from". To
verify a topic from its first block, use the home of a peer that has all.

Stop the peer first if you can: while it works, a verification that meets a file
in the middle of a change starts over, three times at most.`,
		Example: `  grapevine ledger verify --home ./demo/peer-01
  grapevine ledger verify -o json`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := at.dir()
			if err != nil {
				return err
			}
			r, err := node.Verify(dir)
			if err != nil {
				return verifyFailure(dir, r, err)
			}
			data := verified(r, true)
			return p.answer(data, func(w io.Writer) { data.print(w, dir, r) })
		},
	}
}

// verifyFailure tells how far the ledger was sound.
func verifyFailure(dir string, r *node.Report, err error) error {
	err = readFailure(dir, err)
	if f, is := errors.AsType[*failure](err); is && r != nil {
		f.data = verified(r, false)
	}
	return err
}

func verified(r *node.Report, ok bool) *verifyReport {
	a := r.Replica
	v := &verifyReport{
		OK: ok, Topic: a.Topic.String(), Name: a.Manifest.Name, From: r.From, Height: a.Head.Height, Block: a.Head.Block.String(),
		Entries: r.Entries, Voids: r.Voids, Pending: len(r.Pending), Blocks: a.Head.Height - r.From, Rounds: a.State.Round.Number,
		Votes: r.Votes, Blobs: r.Blobs, StateRoot: stateRoot(r), Anchor: a.State.Anchor().String(), Supply: supplyOf(a.State),
	}
	for _, account := range a.State.Accounts {
		if account.Seq > 0 {
			v.Authors++
		}
	}
	return v
}

// stateRoot is nil while a round waits for a delta: no block follows before it
// is settled.
func stateRoot(r *node.Report) *string {
	if r.Replica.Unsettled() {
		return nil
	}
	root := r.Replica.Root()
	text := fmt.Sprintf("%x", root[:])
	return &text
}

func (v *verifyReport) print(w io.Writer, dir string, r *node.Report) {
	fmt.Fprintf(w, "%s verifies: all is as it was written, signed and certified.\n\n", dir)
	fmt.Fprintf(w, "  topic     %s  %s\n", v.Name, v.Topic)
	if r.Self != (ledger.Author{}) {
		fmt.Fprintf(w, "  peer      %s  %s\n", node.Alias(r.Self), r.Self)
	}
	fmt.Fprintf(w, "  height    %d  %s\n", v.Height, v.Block)
	if v.From > 0 {
		fmt.Fprintf(w, "  from      %d: this home begins with the state at that height, as a quorum signed it;\n", v.From)
		fmt.Fprintf(w, "            all that came later is derived again\n")
	}
	fmt.Fprintf(w, "  blocks    %d, a quorum's signatures under each\n", v.Blocks)
	fmt.Fprintf(w, "  entries   %d of %d authors, %d of them without effect; %d more wait to be certified\n", v.Entries, v.Authors, v.Voids, v.Pending)
	fmt.Fprintf(w, "  rounds    %d settled, scores, payments and models computed again\n", v.Rounds)
	fmt.Fprintf(w, "  blobs     %d, each with the bytes that its name stands for\n", v.Blobs)
	fmt.Fprintf(w, "  anchor    %s\n", v.Anchor)
	if v.StateRoot != nil {
		fmt.Fprintf(w, "  state     %s\n", *v.StateRoot)
	} else {
		fmt.Fprintf(w, "  state     round %d is over and waits for a delta that is not here yet\n", v.Rounds)
	}
	v.Supply.print(w)
}

// print shows that the parts add up to the cap.
func (s supplyReport) print(w io.Writer) {
	fmt.Fprintf(w, "\n  all %s tokens, to the last unit:\n", tokens(s.Cap))
	for _, part := range []struct {
		name  string
		units uint64
	}{{"not minted", s.Remaining}, {"balances", s.Balances}, {"bonds", s.Bonds}, {"stakes", s.Stakes}, {"burnt", s.Burnt}} {
		fmt.Fprintf(w, "    %-12s%20s\n", part.name, tokens(part.units))
	}
}
