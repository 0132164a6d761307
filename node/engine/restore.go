package engine

import (
	"fmt"
	"iter"

	"github.com/grapevine-network/grapevine/ledger"
)

// Restore rebuilds the engine from its log, before Start. blob returns stored
// bytes or nil. Signatures were checked before records were stored; blocks are
// checked against the state again.
func (e *Engine) Restore(records iter.Seq2[Record, error], blob func(ledger.CID) []byte) error {
	for r, err := range records {
		if err != nil {
			return fmt.Errorf("restore: %w", err)
		}
		if err := e.restore(r, blob); err != nil {
			return fmt.Errorf("restore height %d: %w", e.replica.Head.Height+1, err)
		}
	}
	e.out = nil
	for _, author := range e.replica.State.Round.Deltas() { // of the round in flight
		id := e.replica.State.Round.Reveals[author].Delta
		if data := blob(id); data != nil {
			e.blobs[id] = data
		}
	}
	return nil
}

func (e *Engine) restore(r Record, blob func(ledger.CID) []byte) error {
	switch r.Kind {
	case RecordEntry:
		x, err := ledger.DecodeEntry(r.Data)
		if err != nil {
			return err
		}
		e.chains.add(x, e.replica.State.Account(x.Author).Seq, e.replica.Head.Height)
		e.adopt(x)
	case RecordVote:
		e.contributor.votes = append(e.contributor.votes, r.Data)
	case RecordMemo:
		var m Memo
		if err := ledger.Decode(r.Data, &m); err != nil {
			return err
		}
		e.contributor.memos[m.Round] = m
		if m.Delta != nil {
			if data := blob(*m.Delta); data != nil {
				e.blobs[*m.Delta] = data
			}
		}
	case RecordBase:
		cert, err := ledger.DecodeCertificate(r.Data)
		if err != nil {
			return err
		}
		e.consensus.newest = cert
		e.enter(max(cert.Instance+1, e.consensus.instance))
	case RecordBlock:
		b, err := ledger.DecodeBlock(r.Data)
		if err != nil {
			return err
		}
		e.consensus.proposals[b.CID()] = b
	case RecordFinal:
		return e.restoreFinal(r.Data, blob)
	case RecordLinks:
		links, err := DecodeLinks(r.Data)
		if err != nil {
			return err
		}
		e.chain.Extend(links)
	}
	return nil
}

func (e *Engine) restoreFinal(data []byte, blob func(ledger.CID) []byte) error {
	b, cert, err := DecodeFinal(data)
	if err != nil {
		return err
	}
	if e.replica.Unsettled() {
		if err := e.restoreSettle(blob); err != nil {
			return err
		}
	}
	entries, gaps := e.replica.Collect(b, e.chains.get)
	if len(gaps) > 0 {
		return fmt.Errorf("the log lacks entries %d to %d of %v", gaps[0].From, gaps[0].To, gaps[0].Author)
	}
	if err := e.replica.Check(b, entries); err != nil {
		return err
	}
	e.consensus.newest = cert
	e.apply(b, cert, entries)
	return nil
}

func (e *Engine) restoreSettle(blob func(ledger.CID) []byte) error {
	for _, id := range e.replica.Needs() {
		if data := blob(id); data != nil {
			e.blobs[id] = data
		} else {
			return fmt.Errorf("delta %v is missing", id)
		}
	}
	_, err := e.settle()
	return err
}
