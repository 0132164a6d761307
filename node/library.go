package node

import (
	"fmt"
	"iter"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/engine"
	"github.com/grapevine-network/grapevine/node/home"
)

// library is a home's ledger, with an index to find things in it.
type library struct {
	home  *home.Home
	topic ledger.CID
	index *engine.Index[store.Position]
}

var _ engine.Library = (*library)(nil)

func newLibrary(h *home.Home, topic ledger.CID) *library {
	return &library{h, topic, engine.NewIndex[store.Position]()}
}

// add appends a record; the log's Sync makes it durable.
func (l *library) add(r engine.Record) error {
	at, err := l.home.Log().Append(store.Kind(r.Kind), r.Data)
	if err != nil {
		return fmt.Errorf("store: %w", err)
	}
	return l.index.Add(r, at)
}

// replay returns all records, and indexes them on the way.
func (l *library) replay() iter.Seq2[engine.Record, error] {
	return func(yield func(engine.Record, error) bool) {
		for r, err := range l.home.Log().Records() {
			record := engine.Record{Kind: engine.RecordKind(r.Kind), Data: r.Data}
			if err == nil {
				err = l.index.Add(record, r.At)
			}
			if !yield(record, err) || err != nil {
				return
			}
		}
	}
}

func (l *library) read(at store.Position) []byte {
	r, err := l.home.Log().Read(at)
	if err != nil {
		return nil // damaged since it was written; somebody else has it
	}
	return r.Data
}

// Height implements engine.Library.
func (l *library) Height(n uint64) (entries [][]byte, final []byte) {
	at, last, ok := l.index.Height(n)
	if !ok {
		return nil, nil
	}
	for _, p := range at {
		entries = append(entries, l.read(p))
	}
	return entries, l.read(last)
}

// Entry implements engine.Library.
func (l *library) Entry(author ledger.Author, seq uint64) []byte {
	at, ok := l.index.Entry(author, seq)
	if !ok {
		return nil
	}
	return l.read(at)
}

// Blob implements engine.Library. The manifest is a blob, too.
func (l *library) Blob(id ledger.CID) []byte {
	if id == l.topic {
		data, err := l.home.Manifest()
		if err != nil {
			return nil
		}
		return data
	}
	data, err := l.home.Blobs().Get(id.Cid)
	if err != nil {
		return nil
	}
	return data
}
