package engine

import (
	"fmt"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/audit"
)

// Index finds the records of a log again: P is a record's place in it.
type Index[P any] struct {
	entries   map[ledger.CID]indexed[P]
	numbers   map[number]P
	base      uint64 // height that the log begins after
	heights   []height[P]
	certified map[ledger.Author]uint64
}

type indexed[P any] struct {
	at   P
	seq  uint64
	prev ledger.CID
}

type number struct {
	author ledger.Author
	seq    uint64
}

type height[P any] struct {
	entries []P
	final   P
}

// NewIndex is the index of an empty log.
func NewIndex[P any]() *Index[P] {
	return &Index[P]{
		entries: map[ledger.CID]indexed[P]{}, numbers: map[number]P{}, certified: map[ledger.Author]uint64{},
	}
}

// Add takes the next record of the log.
func (x *Index[P]) Add(r Record, at P) error {
	switch r.Kind {
	case RecordEntry:
		e, err := ledger.DecodeEntry(r.Data)
		if err != nil {
			return fmt.Errorf("index: %w", err)
		}
		x.entries[e.CID()] = indexed[P]{at, e.Seq, e.Prev}
		x.numbers[number{e.Author, e.Seq}] = at
	case RecordFinal:
		b, _, err := DecodeFinal(r.Data)
		if err != nil {
			return fmt.Errorf("index: %w", err)
		}
		return x.addBlock(b, at)
	case RecordState:
		return x.begin(r.Data)
	}
	return nil
}

// begin takes the snapshot that a log begins with.
func (x *Index[P]) begin(data []byte) error {
	var s audit.Snapshot
	if err := ledger.Decode(data, &s); err != nil {
		return fmt.Errorf("index: %w", err)
	}
	state, err := incentives.FromLeaves(s.Leaves)
	if err != nil {
		return fmt.Errorf("index: %w", err)
	}
	x.base = state.Height
	for author, a := range state.Accounts {
		x.certified[author] = a.Seq
	}
	return nil
}

// addBlock finds a block's entries by walking back from its heads.
func (x *Index[P]) addBlock(b *ledger.Block, at P) error {
	h := height[P]{final: at}
	for _, cut := range b.Cuts {
		var run []P
		for id := cut.Head; ; {
			e, ok := x.entries[id]
			if !ok {
				return fmt.Errorf("index: height %d names entry %v, which the log lacks", b.Header.Height, id)
			}
			run = append(run, e.at)
			if e.seq <= x.certified[cut.Author]+1 {
				break
			}
			id = e.prev
		}
		for i := range run {
			h.entries = append(h.entries, run[len(run)-1-i])
		}
		x.certified[cut.Author] = cut.Seq
	}
	x.heights = append(x.heights, h)
	return nil
}

// Height returns where a certified block and its entries are.
func (x *Index[P]) Height(n uint64) (entries []P, final P, ok bool) {
	if n <= x.base || n > x.base+uint64(len(x.heights)) {
		return nil, final, false
	}
	h := x.heights[n-x.base-1]
	return h.entries, h.final, true
}

// Entry returns where an author's entry is.
func (x *Index[P]) Entry(author ledger.Author, seq uint64) (at P, ok bool) {
	at, ok = x.numbers[number{author, seq}]
	return at, ok
}
