package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// headReport is the data of `ledger head -o json`.
type headReport struct {
	Topic     string  `json:"topic"`
	Name      string  `json:"name"`
	Height    uint64  `json:"height"`
	Block     string  `json:"block"`
	StateRoot *string `json:"state_root"` // null while a round waits to be settled
	Anchor    string  `json:"anchor"`
	Round     uint64  `json:"round"`
	Phase     string  `json:"phase"`
	Pending   int     `json:"pending"` // entries that wait to be certified
}

func ledgerHeadCommand(p *printer, at *place) *cobra.Command {
	return &cobra.Command{
		Use:   "head",
		Short: "Show the newest certified height, model and state",
		Long: `Shows where a home's ledger stands: the newest certified block, the model and
the state root after it, and the round in flight. Two peers that show the same
height and state root agree on every balance.`,
		Example: `  grapevine ledger head --home ./demo/peer-01`,
		Args:    cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			r, _, err := replayHome(at, nil)
			if err != nil {
				return err
			}
			a := r.Replica
			h := &headReport{
				Topic: a.Topic.String(), Name: a.Manifest.Name, Height: a.Head.Height, Block: a.Head.Block.String(),
				StateRoot: stateRoot(r), Anchor: a.State.Anchor().String(),
				Round: a.State.Round.Number, Phase: a.State.Round.Phase.String(), Pending: len(r.Pending),
			}
			return p.answer(h, h.print)
		},
	}
}

func (h *headReport) print(w io.Writer) {
	fmt.Fprintf(w, "topic    %s  %s\n", h.Name, h.Topic)
	fmt.Fprintf(w, "height   %d\n", h.Height)
	fmt.Fprintf(w, "block    %s\n", h.Block)
	if h.StateRoot != nil {
		fmt.Fprintf(w, "state    %s\n", *h.StateRoot)
	} else {
		fmt.Fprintf(w, "state    round %d is over and waits for a delta that is not here yet\n", h.Round)
	}
	fmt.Fprintf(w, "anchor   %s\n", h.Anchor)
	fmt.Fprintf(w, "round    %d, %s (rounds are numbered from 0); waiting to be certified: %s\n", h.Round, h.Phase, many(h.Pending, "entry"))
}
