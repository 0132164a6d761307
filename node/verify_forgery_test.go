package node

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/grapevine-network/grapevine/ledger"
	"github.com/grapevine-network/grapevine/ledger/finality"
	"github.com/grapevine-network/grapevine/ledger/store"
	"github.com/grapevine-network/grapevine/node/audit"
	"github.com/grapevine-network/grapevine/node/engine"
)

// boundaries are the records of the log: where each begins, and its kind.
func boundaries(t *testing.T, dir string) (out []store.Record) {
	t.Helper()
	for r, err := range store.Check(filepath.Join(dir, "ledger")) {
		if err != nil {
			t.Fatal(err)
		}
		r.Data = bytes.Clone(r.Data)
		out = append(out, r)
	}
	return out
}

// A peer may stop while it fetches a delta of the round that is over, but the
// delta must be here before another block follows.
func TestAPeerMayStopBeforeItSettles(t *testing.T) {
	dir, _ := aHome(t)
	var end store.Head
	var delta ledger.CID
	if _, err := Replay(dir, func(h *Height) error {
		if h.Outcome != nil && h.Outcome.Round == 0 { // whose anchor, the first, is never dropped
			end = store.Head{Height: h.Block.Header.Height, Block: h.Block.CID().String()}
			delta = h.Outcome.Deltas[0].Delta
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	name := "blobs/" + delta.String()[57:] + "/" + delta.String()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	records := boundaries(t, dir)
	followed := func(_ int, r engine.Record) *engine.Record { // and scored nothing
		if r.Kind == engine.RecordMemo {
			return nil
		}
		return &r
	}
	rewrite(t, dir, records, followed)
	if f := faulty(t, dir, "a block after it"); f.File != name {
		t.Errorf("the fault is in %q: %v", f.File, f)
	}
	rewrite(t, dir, records[:1+finalOf(t, records, end.Height)], followed)
	if err := store.WriteHead(filepath.Join(dir, "ledger"), t.TempDir(), end); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(dir); err != nil || !r.Replica.Unsettled() || r.Replica.Head.Height != end.Height {
		t.Errorf("no block after it: settled, or %v", err)
	}
}

// finalOf is the place of the record with the block of a height.
func finalOf(t *testing.T, records []store.Record, height uint64) (place int) {
	t.Helper()
	for i, r := range records {
		if engine.RecordKind(r.Kind) == engine.RecordFinal {
			if height--; height == 0 {
				return i
			}
		}
	}
	t.Fatal("no such height")
	return 0
}

// What a peer has scored it had, even if the round is not over yet.
func TestADeltaThatWasScoredMustBeHere(t *testing.T) {
	dir, _ := aHome(t)
	records := boundaries(t, dir)
	last := 0
	var memo engine.Memo
	for i, r := range records {
		var m engine.Memo
		if engine.RecordKind(r.Kind) == engine.RecordMemo && ledger.Decode(r.Data, &m) == nil && len(m.Scores) > 0 {
			last, memo = i, m
			break // of round 0, whose anchor is never dropped
		}
	}
	var head store.Head
	var delta ledger.CID
	if _, err := Replay(dir, func(h *Height) error {
		if finalOf(t, records, h.Block.Header.Height) < last {
			head = store.Head{Height: h.Block.Header.Height, Block: h.Block.CID().String()}
			if r := &h.Replica.State.Round; len(r.Reveals) > 0 {
				delta = r.Reveals[r.Deltas()[memo.Scores[0].Delta]].Delta
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	rewrite(t, dir, records[:last+1], func(_ int, r engine.Record) *engine.Record { return &r })
	if err := store.WriteHead(filepath.Join(dir, "ledger"), t.TempDir(), head); err != nil {
		t.Fatal(err)
	}
	if _, err := Verify(dir); err != nil {
		t.Fatalf("with the delta: %v", err)
	}
	name := "blobs/" + delta.String()[57:] + "/" + delta.String()
	if err := os.Remove(filepath.Join(dir, name)); err != nil {
		t.Fatal(err)
	}
	if f := faulty(t, dir, "without the delta"); f.File != name {
		t.Errorf("the fault is in %q: %v", f.File, f)
	}
}

// A late joiner's log begins with a snapshot; what came before is not needed.
func TestALogThatBeginsWithASnapshotVerifies(t *testing.T) {
	dir, l := aHome(t)
	records := boundaries(t, dir)
	var snapshot audit.Snapshot
	var from uint64
	var head store.Head
	var older []ledger.CID
	if _, err := Replay(dir, func(h *Height) error {
		if h.Outcome != nil && h.Outcome.Round == l.status.Round-2 {
			from, snapshot.Leaves, older = h.Block.Header.Height, h.Replica.State.Leaves(), h.Replica.State.Anchors[1:]
			head = store.Head{Height: from, Block: h.Block.CID().String()}
		}
		if from > 0 && h.Block.Header.Height == from+1 {
			snapshot.Block = h.Block.Bytes()
			snapshot.Certificate, _ = ledger.Encode(h.Certificate)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	data, err := ledger.Encode(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	joined := append([]store.Record{{Kind: store.Kind(engine.RecordState), Data: data}}, records...)
	height := uint64(0)
	rewrite(t, dir, joined, func(_ int, r engine.Record) *engine.Record {
		if r.Kind == engine.RecordFinal {
			height++
		}
		if r.Kind == engine.RecordBase || r.Kind == engine.RecordFinal && height <= from {
			return nil
		}
		return &r
	})
	m, _, err := ledger.DecodeManifest(l.files["manifest.cbor"])
	if err != nil {
		t.Fatal(err)
	}
	first := m.Learning.Anchor.String()
	if err := os.Remove(filepath.Join(dir, "blobs", first[57:], first)); err != nil {
		t.Fatal(err)
	}
	r, err := Verify(dir)
	if err != nil || r.From != from || r.Replica.Root() != l.status.State {
		t.Fatalf("got %+v, %v, want to begin after height %d", r, err, from)
	}
	rewrite(t, dir, append(joined, joined[0]), func(_ int, r engine.Record) *engine.Record { return &r })
	if f := faulty(t, dir, "twice"); !strings.Contains(f.Error(), "does not follow") {
		t.Errorf("got %v", f)
	}
	for _, id := range older {
		if err := os.Remove(filepath.Join(dir, "blobs", id.String()[57:], id.String())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Fatal(err)
		}
	}
	rewrite(t, dir, joined[:1], func(_ int, r engine.Record) *engine.Record { return &r })
	if err := store.WriteHead(filepath.Join(dir, "ledger"), t.TempDir(), head); err != nil {
		t.Fatal(err)
	}
	if r, err := Verify(dir); err != nil || r.Replica.Head.Height != from {
		t.Errorf("before the first block: %+v, %v", r, err)
	}
	joined[0].Data = bytes.Clone(data)
	joined[0].Data[len(data)-5] ^= 1
	rewrite(t, dir, joined, func(_ int, r engine.Record) *engine.Record { return &r })
	if f := faulty(t, dir, "a changed account"); f.File != "ledger/000001.log" || f.Offset != 32 {
		t.Errorf("got %v", f)
	}
}

// rewrite makes the log anew, with sound checksums, from changed records. A
// change that returns nil leaves its record out.
func rewrite(t *testing.T, dir string, records []store.Record, change func(i int, r engine.Record) *engine.Record) {
	t.Helper()
	if err := os.Remove(filepath.Join(dir, "ledger/000001.log")); err != nil {
		t.Fatal(err)
	}
	noted, err := store.ReadHead(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "ledger/head")); err != nil {
		t.Fatal(err)
	}
	log, err := store.Open(filepath.Join(dir, "ledger"))
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if c := change(i, engine.Record{Kind: engine.RecordKind(r.Kind), Data: bytes.Clone(r.Data)}); c != nil {
			if _, err := log.Append(store.Kind(c.Kind), c.Data); err != nil {
				t.Fatal(err)
			}
		}
	}
	noted.End = log.End()
	if err := errors.Join(log.Close(), store.WriteHead(filepath.Join(dir, "ledger"), t.TempDir(), noted)); err != nil {
		t.Fatal(err)
	}
}

// Who changes a log and its checksums too must not get far.
func TestAForgeryWithSoundChecksumsIsFound(t *testing.T) {
	first := func(kind engine.RecordKind, change func(r engine.Record) *engine.Record) func(records []store.Record) func(int, engine.Record) *engine.Record {
		return func(records []store.Record) func(int, engine.Record) *engine.Record {
			at := slices.IndexFunc(records, func(r store.Record) bool { return engine.RecordKind(r.Kind) == kind })
			return func(i int, r engine.Record) *engine.Record {
				if i != at {
					return &r
				}
				return change(r)
			}
		}
	}
	must := func(data []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	tests := map[string]struct {
		change func(records []store.Record) func(int, engine.Record) *engine.Record
		want   string
	}{
		"nothing is changed": {first(0, nil), ""},
		"an entry's signature": {first(engine.RecordEntry, func(r engine.Record) *engine.Record {
			e, err := ledger.DecodeEntry(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			r.Data[bytes.Index(r.Data, e.Sig[:])] ^= 1
			return &r
		}), "bad signature"},
		"a quorum's signature": {first(engine.RecordFinal, func(r engine.Record) *engine.Record {
			b, c, err := engine.DecodeFinal(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			c.Sigs[3] ^= 1
			r.Data = must(ledger.Encode(engine.Final{Block: b.Bytes(), Certificate: must(ledger.Encode(c))}))
			return &r
		}), "bad signature"},
		"a quorum without signatures": {first(engine.RecordFinal, func(r engine.Record) *engine.Record {
			b, c, err := engine.DecodeFinal(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			c.Signers, c.Sigs = []byte{1}, c.Sigs[:64]
			r.Data = must(ledger.Encode(engine.Final{Block: b.Bytes(), Certificate: must(ledger.Encode(c))}))
			return &r
		}), "no quorum"},
		"a vote's signature": {first(engine.RecordVote, func(r engine.Record) *engine.Record {
			f, err := finality.DecodeFrame(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			f.Sig[3] ^= 1
			r.Data = must(ledger.Encode(f))
			return &r
		}), "bad signature"},
		"what a vote says": {first(engine.RecordVote, func(r engine.Record) *engine.Record {
			f, err := finality.DecodeFrame(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			f.Vote.Instance++
			r.Data = must(ledger.Encode(f))
			return &r
		}), "bad signature"},
		"a block that was voted for": {first(engine.RecordBlock, func(r engine.Record) *engine.Record {
			b, err := ledger.DecodeBlock(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			r.Data[bytes.Index(r.Data, b.Header.Sig[:])] ^= 1
			return &r
		}), "bad signature"},
		"a decision that was none": {first(engine.RecordFinal, func(r engine.Record) *engine.Record {
			_, c, err := engine.DecodeFinal(r.Data)
			if err != nil {
				t.Fatal(err)
			}
			c.Next = nil
			return &engine.Record{Kind: engine.RecordBase, Data: must(ledger.Encode(c))}
		}), "bad signature"},
		"a memo": {first(engine.RecordMemo, func(r engine.Record) *engine.Record {
			r.Data = append(r.Data, 0)
			return &r
		}), "not the canonical encoding"},
		"a memo of a delta that is not here": {first(engine.RecordMemo, func(r engine.Record) *engine.Record {
			id := ledger.SumBlob([]byte("nowhere"))
			r.Data = must(ledger.Encode(engine.Memo{Delta: &id}))
			return &r
		}), "it is missing"},
		"an entry is left out": {first(engine.RecordEntry, func(engine.Record) *engine.Record { return nil }), "the log lacks entries 1 to 1"},
		"a block is left out":  {first(engine.RecordFinal, func(engine.Record) *engine.Record { return nil }), ""}, // any
		"a record of another kind": {first(engine.RecordMemo, func(r engine.Record) *engine.Record {
			r.Kind = 200
			return &r
		}), "kind 200"},
	}
	for name, test := range tests {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			dir, _ := aHome(t)
			records := boundaries(t, dir)
			rewrite(t, dir, records, test.change(records))
			if name == "nothing is changed" {
				if _, err := Verify(dir); err != nil {
					t.Error(err)
				}
				return
			}
			f := faulty(t, dir, name)
			if !strings.Contains(f.Error(), test.want) || f.File == "" {
				t.Errorf("got %v, want %q", f, test.want)
			}
			t.Log(f)
		})
	}
}
