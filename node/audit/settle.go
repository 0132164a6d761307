package audit

import (
	"fmt"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/learning/settle"
	"github.com/grapevine-network/grapevine/ledger"
)

// Outcome is how a round ended.
type Outcome struct {
	*incentives.Settlement
	Height uint64     // of the block that ended it
	Anchor ledger.CID // the next model
	Blob   []byte     // its bytes; nil if it is the one before
	Clip   uint64     // C: norm to which deltas were clipped, anchor units
	Kept   int        // deltas merged
}

// Needs names the deltas that Settle must have: those that count, and those that
// they are compared with, as far as they were not seen before.
func (r *Replica) Needs() (blobs []ledger.CID) {
	if !r.over {
		return nil
	}
	for _, a := range r.State.Archive {
		if _, have := r.updates[a.Delta]; !have {
			blobs = append(blobs, a.Delta)
		}
	}
	for _, d := range r.State.Tally() {
		if _, have := r.updates[d.Delta]; d.Counts && !d.Copy && !have {
			blobs = append(blobs, d.Delta)
		}
	}
	return blobs
}

// Settle makes the next model and pays for the round that is over. blob returns
// the bytes of a delta that Needs names. An error means that one is missing, and
// nothing has changed.
func (r *Replica) Settle(blob func(ledger.CID) []byte) (*Outcome, error) {
	if !r.over {
		return nil, fmt.Errorf("settle round %d: it is not over", r.State.Round.Number)
	}
	for _, id := range r.Needs() {
		data := blob(id)
		if data == nil {
			return nil, fmt.Errorf("settle round %d: delta %v is missing", r.State.Round.Number, id)
		}
		r.updates[id] = r.decode(data)
	}
	deltas := r.State.Tally()
	for i := range deltas {
		if d := &deltas[i]; d.Counts && !d.Copy && r.updates[d.Delta] == nil {
			d.Counts = false // scored by a quorum that does not read what it scores
		}
	}
	r.markCopies(deltas)
	r.State.Weigh(deltas)
	out := &Outcome{Height: r.Head.Height, Anchor: r.State.Anchor()}
	if err := r.merge(out, deltas); err != nil {
		return nil, err
	}
	out.Settlement = r.State.Settle(deltas, out.Anchor)
	r.over, r.root = false, nil
	r.forget()
	return out, nil
}

func (r *Replica) decode(data []byte) *delta.Sparse {
	s, err := r.codec.Decode(data)
	if err != nil {
		return nil
	}
	return &s
}

func (r *Replica) merge(out *Outcome, deltas []incentives.DeltaPay) error {
	updates := contributions(deltas, r.updates)
	if len(updates) == 0 {
		return nil
	}
	merged, err := settle.Merge(r.anchor, updates, settle.Q16(r.Manifest.Learning.Alpha))
	if err != nil {
		return fmt.Errorf("settle round %d: %w", r.State.Round.Number, err)
	}
	for _, kept := range merged.Kept {
		if kept {
			out.Kept++
		}
	}
	out.Clip = merged.Clip
	if out.Kept > 0 {
		r.anchor = merged.Anchor
		out.Blob = EncodeAnchor(merged.Anchor)
		out.Anchor = ledger.SumBlob(out.Blob)
	}
	return nil
}

// contributions are the deltas that the next model is made of.
func contributions(deltas []incentives.DeltaPay, decoded map[ledger.CID]*delta.Sparse) (out []settle.Delta) {
	for _, d := range deltas {
		if d.Counts && !d.Copy {
			out = append(out, settle.Delta{Update: *decoded[d.Delta], Weight: d.Weight, Age: d.Age, Gain: d.Gate})
		}
	}
	return out
}

// markCopies compares the deltas that count with those of the archive, through
// sketches that nobody could foresee when deltas were committed to. Models too
// small for likeness to mean anything are left to the check by CID.
func (r *Replica) markCopies(deltas []incentives.DeltaPay) {
	if len(r.anchor) < settle.CopiesFrom {
		return
	}
	var signed []settle.Signed
	var updates []delta.Sparse
	var place []int
	for i, d := range deltas {
		if d.Counts && !d.Copy {
			place = append(place, i)
			updates = append(updates, *r.updates[d.Delta])
			signed = append(signed, settle.Signed{Author: d.Author, Weight: d.Weight})
		}
	}
	for _, a := range r.State.Archive {
		updates = append(updates, *r.updates[a.Delta])
		signed = append(signed, settle.Signed{Author: a.Author})
	}
	for i, sketch := range settle.Sketches(updates, [32]byte(r.State.Round.Seed)) {
		signed[i].Sketch = sketch
	}
	for i, is := range settle.Copies(signed[:len(place)], signed[len(place):]) {
		deltas[place[i]].Copy = is
	}
}

// forget drops deltas that the archive no longer names.
func (r *Replica) forget() {
	keep := map[ledger.CID]bool{}
	for _, a := range r.State.Archive {
		keep[a.Delta] = true
	}
	for id := range r.updates {
		if !keep[id] {
			delete(r.updates, id)
		}
	}
}
