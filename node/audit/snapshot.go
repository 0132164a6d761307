package audit

import (
	"fmt"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
)

// Snapshot is the state at a checkpoint with the proof that it is certified: the
// block that follows, whose header carries the state's root. A late joiner goes
// on from it instead of replaying all that came before.
type Snapshot struct {
	_           struct{} `cbor:",toarray"`
	Block       []byte   // of the height after the checkpoint
	Certificate []byte   // of that block
	Leaves      [][]byte // of the state's tree
}

// MaxSnapshot bounds the bytes of a snapshot.
const MaxSnapshot = 4 << 20

// FromSnapshot is the replica at a checkpoint. The snapshot must be certified by
// the committee whose CID is trusted: the first one of the topic, or the one of a
// checkpoint that came with an invitation. anchor is the newest model's blob.
func FromSnapshot(m *ledger.Manifest, topic ledger.CID, data []byte, trusted ledger.CID, blob func(ledger.CID) []byte, verify ledger.Verifier) (*Replica, error) {
	s, b, cert, err := OpenSnapshot(data)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if root := ledger.MerkleRoot(s.Leaves); root != b.Header.State {
		return nil, fmt.Errorf("snapshot: state root %x, its block has %x", root[:8], b.Header.State[:8])
	}
	state, err := incentives.FromLeaves(s.Leaves)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if got := state.Now.CID(); got != trusted || b.Header.Committee != got {
		return nil, fmt.Errorf("snapshot of height %d: voted by committee %v, %v is trusted: ask for a newer invitation", state.Height, got, trusted)
	}
	if err := cert.Verify(topic, state.Now, verify); err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	if state.Topic != topic || state.Height+1 != b.Header.Height || state.Anchor() != b.Header.Anchor {
		return nil, fmt.Errorf("snapshot of height %d does not fit block %d", state.Height, b.Header.Height)
	}
	anchor := blob(state.Anchor())
	if anchor == nil {
		return nil, fmt.Errorf("snapshot of height %d: its model %v is missing", state.Height, state.Anchor())
	}
	newest, err := DecodeAnchor(anchor, m.Learning.Params())
	if err != nil {
		return nil, err
	}
	r := &Replica{
		Manifest: m, Topic: topic, State: state, Head: cert.Base, verify: verify, checkpoint: b.Header.Checkpoint, named: Named(b.Header, state.Phases.Period()),
		codec: CodecOf(m), anchor: newest,
		updates: map[ledger.CID]*delta.Sparse{},
	}
	return r, nil
}

// OpenSnapshot reads a snapshot's parts. Nothing is checked but that the
// certificate is of the block.
func OpenSnapshot(data []byte) (s Snapshot, b *ledger.Block, cert *ledger.Certificate, err error) {
	if err = ledger.Decode(data, &s); err != nil {
		return s, nil, nil, err
	}
	if b, err = ledger.DecodeBlock(s.Block); err != nil {
		return s, nil, nil, err
	}
	if cert, err = ledger.DecodeCertificate(s.Certificate); err != nil {
		return s, nil, nil, err
	}
	if cert.Next == nil || cert.Next.Block != b.CID() || cert.Base.Block != b.Header.Prev || cert.Base.Height+1 != b.Header.Height {
		return s, nil, nil, fmt.Errorf("the certificate is of another block: %w", ledger.ErrNotCanonical)
	}
	return s, b, cert, nil
}

// SnapshotBlock returns the block of a snapshot, whose header names the model
// that it needs and the committee that certified it. Nothing is checked yet.
func SnapshotBlock(data []byte) (*ledger.Block, error) {
	_, b, _, err := OpenSnapshot(data)
	if err != nil {
		return nil, fmt.Errorf("snapshot: %w", err)
	}
	return b, nil
}
