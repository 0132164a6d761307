package main

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
	"github.com/grapevine-network/grapevine/node/audit"
)

// historyFile is the data of `ledger export -o json`.
type historyFile struct {
	File   string `json:"file"`
	Bytes  int64  `json:"bytes"`
	Topic  string `json:"topic"`
	From   uint64 `json:"from"` // height that it begins after
	Height uint64 `json:"height"`
	Block  string `json:"block"`
}

func ledgerExportCommand(p *printer, at *place) *cobra.Command {
	var out string
	var height uint64
	cmd := &cobra.Command{
		Use:   "export --out FILE.car",
		Short: "Write the whole history into one file, to be audited elsewhere",
		Long: `Writes the history that a home has into one file, a CAR: the topic's rules, the
first model, and for each height the block, its certificate, its entries and the
deltas that settling took. On another computer "grapevine verify FILE.car" computes
every balance and model again from it. IPLD tools can read it, too.`,
		Example: `  grapevine ledger export --out topic.car --home ./demo/peer-01
  grapevine verify topic.car`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			dir, err := at.dir()
			if err != nil {
				return err
			}
			if err := checkOut(out); err != nil {
				return err
			}
			r, err := export(dir, out, height)
			if err != nil {
				return err
			}
			return p.answer(r, func(w io.Writer) {
				fmt.Fprintf(w, "%s: %d bytes, heights %d to %d of topic %s\n", out, r.Bytes, r.From, r.Height, r.Topic)
			})
		},
	}
	outFlag(cmd, &out)
	cmd.Flags().Uint64Var(&height, "height", 0, "the last height to write; 0 for the newest")
	return cmd
}

// export writes a history into a file that appears when it is whole.
func export(dir, path string, height uint64) (*historyFile, error) {
	var r *node.Report
	var size counting
	err := writeOut(path, func(w io.Writer) (err error) {
		r, err = node.Export(dir, io.MultiWriter(w, &size), height)
		return readFailure(dir, err)
	})
	if err != nil {
		return nil, err
	}
	head := r.Replica.Head
	return &historyFile{path, int64(size), r.Replica.Topic.String(), r.From, head.Height, head.Block.String()}, nil
}

// archiveReport is what `verify` finds in a CAR, beside what it finds in any file.
type archiveReport struct {
	From      uint64       `json:"from"` // height that it begins after
	Blocks    uint64       `json:"blocks"`
	Entries   int          `json:"entries"`
	Voids     int          `json:"voids"`
	Rounds    uint64       `json:"rounds"`
	Bytes     int64        `json:"bytes"`
	StateRoot *string      `json:"state_root"` // null if the last round waits for deltas
	Anchor    string       `json:"anchor"`
	Supply    supplyReport `json:"supply"`
}

// archive audits a history. trust must be a checkpoint of it.
func (b belief) archive(r io.Reader) (*provenReport, error) {
	met := b.trust == nil
	a, err := audit.ReadCar(r, ledger.Ed25519, func(h *node.Height) error {
		met = met || h.Replica.Checkpoint() == b.trust.Checkpoint()
		return nil
	})
	if err != nil {
		return nil, err
	}
	x := a.Replica
	if !met || b.trust != nil && b.trust.Topic != x.Topic {
		return nil, fmt.Errorf("it does not contain checkpoint %d, %v", b.trust.Height, b.trust.Block)
	}
	out := &provenReport{OK: true, Kind: "ledger", Topic: x.Topic.String(), Height: x.Head.Height, Block: x.Head.Block.String()}
	out.Trusted = b.trust != nil || b.topic.Defined() && a.Rooted
	out.Ledger = &archiveReport{
		From: a.From, Blocks: x.Head.Height - a.From, Entries: a.Entries, Voids: a.Voids, Rounds: x.State.Round.Number, Bytes: a.Bytes,
		StateRoot: stateRoot(&node.Report{Replica: x}), Anchor: x.State.Anchor().String(), Supply: supplyOf(x.State),
	}
	return out, nil
}

func (a *archiveReport) print(w io.Writer, r *provenReport) {
	fmt.Fprintf(w, "the history holds: %d blocks with a quorum's signatures under each, %d entries, %d rounds computed again\n\n", a.Blocks, a.Entries, a.Rounds)
	fields := []field{{"topic", r.Topic}, {"height", r.Height}, {"block", r.Block}, {"from", a.From}, {"anchor", a.Anchor}}
	if a.StateRoot != nil {
		fields = append(fields, field{"state", *a.StateRoot})
	}
	printFields(w, fields)
	a.Supply.print(w)
}
