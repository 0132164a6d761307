package sim

import (
	"iter"
	"maps"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/node/engine"
)

// store is a peer's disk.
type store struct {
	records []engine.Record
	blobs   map[ledger.CID][]byte
	index   *engine.Index[int]
}

var _ engine.Library = (*store)(nil)

func newStore() *store {
	return &store{blobs: map[ledger.CID][]byte{}, index: engine.NewIndex[int]()}
}

func (s *store) clone() *store {
	c := newStore()
	c.blobs = maps.Clone(s.blobs)
	for _, r := range s.records {
		_ = c.append(r) // it was taken once
	}
	return c
}

func (s *store) append(r engine.Record) error {
	if err := s.index.Add(r, len(s.records)); err != nil {
		return err
	}
	s.records = append(s.records, r)
	return nil
}

func (s *store) all() iter.Seq2[engine.Record, error] {
	return func(yield func(engine.Record, error) bool) {
		for _, r := range slices.Clone(s.records) {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s *store) Height(h uint64) (entries [][]byte, final []byte) {
	at, last, ok := s.index.Height(h)
	if !ok {
		return nil, nil
	}
	for _, i := range at {
		entries = append(entries, s.records[i].Data)
	}
	return entries, s.records[last].Data
}

func (s *store) Entry(author ledger.Author, seq uint64) []byte {
	if i, ok := s.index.Entry(author, seq); ok {
		return s.records[i].Data
	}
	return nil
}

func (s *store) Blob(id ledger.CID) []byte { return s.blobs[id] }
