package main

import (
	"encoding/hex"
	"fmt"
	"io"

	"github.com/grapevine-network/grapevine/node"
)

// blockView is a certified block in full.
type blockView struct {
	Height      uint64      `json:"height"`
	CID         string      `json:"cid"`
	Topic       string      `json:"topic"`
	Instance    uint64      `json:"instance"`
	Prev        string      `json:"prev"`
	Proposer    string      `json:"proposer"`
	Alias       string      `json:"alias"` // of the proposer
	Body        string      `json:"body"`
	EntriesRoot string      `json:"entries_root"`
	StateRoot   string      `json:"state_root"` // after the block before
	Anchor      string      `json:"anchor"`     // after the block before
	Committee   string      `json:"committee"`
	Checkpoint  string      `json:"checkpoint"`
	Sig         string      `json:"sig"`
	Bytes       int         `json:"bytes"`
	Cuts        []cutView   `json:"cuts"`
	Entries     []entryLine `json:"entries"`
	Round       uint64      `json:"round"`         // before the block
	Phase       string      `json:"phase"`         // before the block
	Settled     *uint64     `json:"settled_round"` // the round that the block ended; null if it ended none
	Certificate certView    `json:"certificate"`
}

type cutView struct {
	Author string `json:"author"`
	Alias  string `json:"alias"`
	Seq    uint64 `json:"seq"`
	Head   string `json:"head"`
}

// certView says who made a block final. Peers hold different certificates.
type certView struct {
	Instance  uint64     `json:"instance"`
	Committee string     `json:"committee"`
	Power     int64      `json:"power"`   // of the signers
	Total     int64      `json:"total"`   // of all seats
	Signers   []seatView `json:"signers"` // in order of seats
	Absent    []seatView `json:"absent"`  // seats without a signature here
}

type seatView struct {
	Seat  uint64 `json:"seat"`
	Peer  string `json:"peer"`
	Alias string `json:"alias"`
	Stake uint64 `json:"stake"`
	Power int64  `json:"power"`
}

func viewBlock(h *node.Height) *blockView {
	b := h.Block.Header
	v := &blockView{
		Height: b.Height, CID: h.Block.CID().String(), Topic: b.Topic.String(), Instance: b.Instance, Prev: b.Prev.String(),
		Proposer: b.Proposer.String(), Alias: node.Alias(b.Proposer), Body: b.Body.String(),
		EntriesRoot: hex.EncodeToString(b.Entries[:]), StateRoot: hex.EncodeToString(b.State[:]), Anchor: b.Anchor.String(),
		Committee: b.Committee.String(), Checkpoint: b.Checkpoint.String(), Sig: hex.EncodeToString(b.Sig[:]),
		Bytes: len(h.Block.Bytes()), Cuts: []cutView{}, Entries: linesOf(h),
		Round: h.Round, Phase: h.Phase.String(), Certificate: viewCertificate(h),
	}
	for _, c := range h.Block.Cuts {
		v.Cuts = append(v.Cuts, cutView{c.Author.String(), node.Alias(c.Author), c.Seq, c.Head.String()})
	}
	if h.Outcome != nil {
		v.Settled = &h.Outcome.Round
	}
	return v
}

func viewCertificate(h *node.Height) certView {
	c := h.Certificate
	v := certView{Instance: c.Instance, Committee: c.Committee.String(), Signers: []seatView{}, Absent: []seatView{}}
	for i, s := range h.Committee {
		seat := seatView{s.ID, s.Author.String(), node.Alias(s.Author), s.Stake, h.Committee.Power(i)}
		v.Total += seat.Power
		if i/8 < len(c.Signers) && c.Signers[i/8]&(1<<(i%8)) != 0 {
			v.Power += seat.Power
			v.Signers = append(v.Signers, seat)
		} else {
			v.Absent = append(v.Absent, seat)
		}
	}
	return v
}

func (v *blockView) print(w io.Writer) {
	fmt.Fprintf(w, "block %d\n\n", v.Height)
	printFields(w, []field{
		{"cid", v.CID}, {"prev", v.Prev}, {"proposer", v.Alias + "  " + v.Proposer}, {"instance", v.Instance},
		{"body", v.Body}, {"entries root", v.EntriesRoot}, {"committee", v.Committee}, {"checkpoint", v.Checkpoint},
		{"sig", v.Sig}, {"bytes", v.Bytes},
	})
	fmt.Fprintf(w, "\n  after the block before: round %d, %s\n", v.Round, v.Phase)
	printFields(w, []field{{"state", v.StateRoot}, {"anchor", v.Anchor}})
	v.Certificate.print(w)
	fmt.Fprintf(w, "\n  %s\n", many(len(v.Entries), "entry"))
	if len(v.Entries) > 0 {
		printLines(w, "    ", v.Entries)
	}
	if v.Settled != nil {
		fmt.Fprintf(w, "\n  it ended round %d: grapevine explain %d\n", *v.Settled, *v.Settled)
	}
}

func (c *certView) print(w io.Writer) {
	fmt.Fprintf(w, "\n  final by %d of %d seats, with %.1f %% of the votes, in instance %d\n",
		len(c.Signers), len(c.Signers)+len(c.Absent), 100*float64(c.Power)/float64(c.Total), c.Instance)
	for _, s := range c.Signers {
		fmt.Fprintf(w, "    %-26s%s\n", s.Alias, s.Peer)
	}
}
