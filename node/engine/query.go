package engine

import (
	"fmt"

	"github.com/grapevine-network/grapevine/ledger"
)

// Query is a question to one peer.
type Query struct {
	_      struct{} `cbor:",toarray"`
	Kind   QueryKind
	Author ledger.Author
	From   uint64
	To     uint64
	Name   *ledger.CID
}

// QueryKind says what is asked for.
type QueryKind uint8

// The questions.
const (
	AskHello    QueryKind = 1 // what is known of Author
	AskBlocks   QueryKind = 2 // certified blocks with their entries from height From, at least to To
	AskEntries  QueryKind = 3 // Author's entries numbered From to To
	AskProposal QueryKind = 4 // the block Name
	AskBlob     QueryKind = 5 // the blob Name
	AskSnapshot QueryKind = 6 // the state at the newest checkpoint
	AskChain    QueryKind = 7 // the checkpoints above height From
)

// MaxAnswer bounds the bytes of the messages of one answer, but for the first,
// which is always given.
const MaxAnswer = 1 << 20

// Library looks up what a peer has stored. It is how an engine answers without
// reading a disk itself.
type Library interface {
	Height(height uint64) (entries [][]byte, final []byte) // a certified block; nil if not held
	Entry(author ledger.Author, seq uint64) []byte         // nil if not held
	Blob(name ledger.CID) []byte                           // nil if not held
}

// DecodeQuery reads canonical bytes.
func DecodeQuery(data []byte) (Query, error) {
	var q Query
	if err := ledger.Decode(data, &q); err != nil {
		return q, err
	}
	if needs := q.Kind == AskProposal || q.Kind == AskBlob; q.Kind < AskHello || q.Kind > AskChain || needs != (q.Name != nil) {
		return q, fmt.Errorf("query of kind %d: %w", q.Kind, ledger.ErrNotCanonical)
	}
	return q, nil
}

// Answer returns messages, encoded; none if we can't help.
func (e *Engine) Answer(q Query, lib Library) (out [][]byte) {
	size := 0
	add := func(m []byte) bool {
		if size > 0 && size+len(m) > MaxAnswer {
			return false
		}
		size += len(m)
		out = append(out, m)
		return true
	}
	switch q.Kind {
	case AskHello:
		seen := e.consensus.voted[q.Author]
		add(Encode(HelloMessage{e.chains.newest(q.Author, e.replica.State.Account(q.Author).Seq), seen.instance, seen.votes, e.consensus.since}))
		if e.consensus.newest != nil {
			add(Encode(DecisionMessage{Certificate: e.consensus.newest}))
		}
	case AskBlocks:
		for h := q.From; ; h++ {
			entries, final := lib.Height(h)
			if final == nil || !addBlock(add, lib, entries, final) {
				break
			}
		}
		if e.consensus.newest != nil {
			add(Encode(DecisionMessage{Certificate: e.consensus.newest}))
		}
	case AskEntries:
		for seq := q.From; seq <= q.To; seq++ {
			if b := lib.Entry(q.Author, seq); b == nil || !add(storedEntry(b)) {
				break
			}
		}
	case AskProposal:
		if b := e.consensus.proposals[*q.Name]; b != nil {
			add(Encode(ProposalMessage{Block: b}))
		}
	case AskSnapshot:
		if e.snapshot != nil {
			add(Encode(SnapshotMessage{e.snapshot}))
		}
	case AskChain:
		for _, l := range e.chain.After(q.From) {
			if !add(Encode(LinkMessage{l})) {
				break
			}
		}
	case AskBlob:
		if b := lib.Blob(*q.Name); b != nil {
			add(Encode(BlobMessage{b}))
		}
	}
	return out
}

// addBlock adds a block after its entries and tells whether all of it fitted. Of
// one that is larger than an answer the block comes first: who asked can then ask
// for entries that are missing.
func addBlock(add func([]byte) bool, lib Library, entries [][]byte, final []byte) bool {
	block := append([]byte{tagFinal}, final...)
	messages, size := [][]byte{}, len(block)
	for _, b := range entries {
		m := withDelta(b, lib)
		messages, size = append(messages, m), size+len(m)
	}
	if size > MaxAnswer {
		messages = append([][]byte{block}, messages...)
	} else {
		messages = append(messages, block)
	}
	for _, m := range messages {
		if !add(m) {
			return false
		}
	}
	return true
}

// storedEntry is an EntryMessage, without decoding the entry.
func storedEntry(b []byte) []byte {
	return append([]byte{tagEntry, 0}, mustEncode(entryWire{Entry: b})...)
}

// withDelta is a stored entry with the delta that it reveals, if that is small:
// who catches up needs it.
func withDelta(b []byte, lib Library) []byte {
	e, err := ledger.DecodeEntry(b)
	if err != nil {
		return storedEntry(b)
	}
	if v, is := e.Body.(*ledger.Reveal); is && v.Size <= MaxInline {
		return Encode(EntryMessage{Entry: e, Delta: lib.Blob(v.Delta)})
	}
	return storedEntry(b)
}
