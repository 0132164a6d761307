package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node"
)

// entryLine is an entry in lists. Height and effect are null while it waits to
// be certified, the round if its kind belongs to none.
type entryLine struct {
	Height *uint64 `json:"height"`
	CID    string  `json:"cid"`
	Author string  `json:"author"`
	Alias  string  `json:"alias"`
	Seq    uint64  `json:"seq"`
	Kind   string  `json:"kind"`
	Round  *uint64 `json:"round"`
	Effect *bool   `json:"effect"`
	Reason string  `json:"reason"` // why it has no effect
}

func lineOf(e *ledger.Entry) entryLine {
	return entryLine{
		CID: e.CID().String(), Author: e.Author.String(), Alias: node.Alias(e.Author),
		Seq: e.Seq, Kind: e.Kind.String(), Round: roundOf(e),
	}
}

// linesOf are the entries of a block, with what became of them.
func linesOf(h *node.Height) []entryLine {
	reasons := map[ledger.CID]string{}
	for _, v := range h.Voids {
		reasons[v.Entry.CID()] = strings.TrimSuffix(v.Reason.Error(), ": "+incentives.ErrVoid.Error())
	}
	lines := make([]entryLine, 0, len(h.Entries))
	for _, e := range h.Entries {
		l := lineOf(e)
		reason, void := reasons[e.CID()]
		height, effect := h.Block.Header.Height, !void
		l.Height, l.Effect, l.Reason = &height, &effect, reason
		lines = append(lines, l)
	}
	return lines
}

// effect tells in a table what became of an entry.
func (l *entryLine) effect() string {
	switch {
	case l.Effect == nil:
		return "waits to be certified"
	case *l.Effect:
		return "yes"
	}
	return "none: " + l.Reason
}

func (l *entryLine) round() string {
	if l.Round == nil {
		return "-"
	}
	return fmt.Sprint(*l.Round)
}

func roundOf(e *ledger.Entry) *uint64 {
	switch b := e.Body.(type) {
	case *ledger.Commit:
		return &b.Round
	case *ledger.Reveal:
		return &b.Round
	case *ledger.Seal:
		return &b.Round
	case *ledger.Opening:
		return &b.Round
	}
	return nil
}

// field is one of an entry's or a block's own, in their order.
type field struct {
	name  string
	value any
}

// bodyOf lists what an entry of each kind claims.
func bodyOf(e *ledger.Entry) []field {
	switch b := e.Body.(type) {
	case *ledger.Commit:
		return []field{{"round", b.Round}, {"base", b.Base.String()}, {"hash", hex.EncodeToString(b.Hash[:])}, {"work", b.Work}}
	case *ledger.Reveal:
		return []field{{"round", b.Round}, {"delta", b.Delta.String()}, {"size", b.Size}, {"salt", hex.EncodeToString(b.Salt[:])}}
	case *ledger.Seal:
		return []field{{"round", b.Round}, {"hash", hex.EncodeToString(b.Hash[:])}}
	case *ledger.Opening:
		return []field{{"round", b.Round}, {"salt", hex.EncodeToString(b.Salt[:])}, {"scores", scoresOf(b)}}
	case *ledger.Evidence:
		return append(aboutOf(e, b), field{"a", hex.EncodeToString(b.A)}, field{"b", hex.EncodeToString(b.B)})
	case *ledger.Register:
		return []field{{"payout", b.Payout.String()}, {"round", b.Round}, {"work", b.Work}}
	case *ledger.Data:
		return []field{{"root", hex.EncodeToString(b.Root[:])}, {"count", b.Count}, {"columns", hex.EncodeToString(b.Columns[:])}}
	}
	return moneyOf(e)
}

// moneyOf lists what entries claim that move tokens or change who takes part.
func moneyOf(e *ledger.Entry) []field {
	switch b := e.Body.(type) {
	case *ledger.Transfer:
		return []field{{"to", b.To.String()}, {"amount", b.Amount}}
	case *ledger.Bond:
		return []field{{"amount", b.Amount}}
	case *ledger.Unbond:
		return []field{{"amount", b.Amount}}
	case *ledger.Stake:
		return []field{{"amount", b.Amount}}
	case *ledger.Unstake:
		return []field{{"amount", b.Amount}}
	case *ledger.Admit:
		return []field{{"member", b.Member.String()}}
	case *ledger.Remove:
		return []field{{"member", b.Member.String()}}
	case *ledger.End:
		if b.Successor != nil {
			return []field{{"successor", b.Successor.String()}}
		}
		return []field{{"successor", ""}}
	}
	return nil
}

// aboutOf says whom an EVIDENCE accuses of what; empty if it holds no such thing.
func aboutOf(e *ledger.Entry, v *ledger.Evidence) []field {
	f, err := v.Open(e.Topic, func(ledger.Author, []byte, []byte) bool { return true })
	switch {
	case err != nil:
		return []field{{"about", ""}, {"fault", ""}}
	case f.Votes:
		return []field{{"about", f.Author.String()}, {"fault", fmt.Sprintf("voted twice in instance %d", f.Number)}}
	}
	return []field{{"about", f.Author.String()}, {"fault", fmt.Sprintf("two entries numbered %d", f.Number)}}
}

type scoreLine struct {
	Delta uint64 `json:"delta"` // place among the round's reveals, by author, from 0
	U     int32  `json:"u"`     // gain, micro-nats
	SE    uint32 `json:"se"`    // its standard error
}

// String is how a score stands in text.
func (s scoreLine) String() string { return fmt.Sprintf("delta %d: %+d ± %d", s.Delta, s.U, s.SE) }

func scoresOf(o *ledger.Opening) []scoreLine {
	lines := make([]scoreLine, len(o.Scores))
	for i, s := range o.Scores {
		lines[i] = scoreLine{s.Delta, s.U, s.SE}
	}
	return lines
}
