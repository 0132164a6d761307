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
	heights []int // index of each height's record
	entries map[ledger.CID][]byte
	places  map[place][]byte
}

type place struct {
	author ledger.Author
	seq    uint64
}

var _ engine.Library = (*store)(nil)

func newStore() *store {
	return &store{blobs: map[ledger.CID][]byte{}, entries: map[ledger.CID][]byte{}, places: map[place][]byte{}}
}

func (s *store) clone() *store {
	return &store{
		slices.Clone(s.records), maps.Clone(s.blobs), slices.Clone(s.heights), maps.Clone(s.entries), maps.Clone(s.places),
	}
}

func (s *store) append(r engine.Record) {
	switch r.Kind {
	case engine.RecordFinal:
		s.heights = append(s.heights, len(s.records))
	case engine.RecordEntry:
		if e, err := ledger.DecodeEntry(r.Data); err == nil {
			s.entries[e.CID()] = r.Data
			s.places[place{e.Author, e.Seq}] = r.Data
		}
	}
	s.records = append(s.records, r)
}

func (s *store) all() iter.Seq2[engine.Record, error] {
	return func(yield func(engine.Record, error) bool) {
		for _, r := range s.records {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func (s *store) Height(h uint64) (entries [][]byte, final []byte) {
	if h == 0 || h > uint64(len(s.heights)) {
		return nil, nil
	}
	r := s.records[s.heights[h-1]]
	for _, id := range r.Entries {
		entries = append(entries, s.entries[id])
	}
	return entries, r.Data
}

func (s *store) Entry(author ledger.Author, seq uint64) []byte { return s.places[place{author, seq}] }

func (s *store) Blob(id ledger.CID) []byte { return s.blobs[id] }
