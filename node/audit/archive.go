package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/grapevine-network/grapevine/learning/delta"
	"github.com/grapevine-network/grapevine/ledger"
)

// Height is one certified block of a history that is replayed, with what it did.
type Height struct {
	*Receipt
	Entries     []*ledger.Entry     // that the block certifies, by author and number
	Certificate *ledger.Certificate // that makes it final
	Committee   ledger.Committee    // whose seats signed the certificate
	Outcome     *Outcome            // of the round that the block ended; nil if it ended none
	Deltas      []ledger.CID        // that settling it took, and no block before: see Replica.Needs
	Replica     *Replica            // the truth after it; to be read, not kept
}

// Archive is what came of reading a CAR.
type Archive struct {
	Replica *Replica // the truth at its last block
	From    uint64   // height that it begins after
	Rooted  bool     // it begins with the topic, or checkpoints lead there
	Entries int      // certified
	Voids   int      // of them without effect
	Bytes   int64
	Chain   Chain // its checkpoints
}

// ReadCar derives everything again from a topic's history in a CAR, and refuses one
// that is not exactly what some peer would have written:
//
//   - roots: the topic; the last block; and the snapshot, if it begins with one;
//   - the manifest; if there is one, the snapshot and the checkpoints that lead
//     to it; the model with which it begins;
//   - for each height the header, the cuts, the certificate, the entries by
//     author and number and, if it ended a round, the deltas of Replica.Needs.
//
// It reads one block at a time, so the size of the file doesn't matter. visit, if
// not nil, is called after each block.
func ReadCar(r io.Reader, verify ledger.Verifier, visit func(h *Height) error) (*Archive, error) {
	a := &archivist{car: carReader{r: bufio.NewReaderSize(r, 64<<10)}, verify: verify}
	h, err := a.car.header()
	if err == io.EOF {
		err = errors.New("the file is empty")
	}
	if err == nil {
		err = a.begin(h)
	}
	for err == nil {
		var height *Height
		if height, err = a.height(); err == nil && visit != nil {
			err = visit(height)
		}
	}
	a.Bytes = a.car.at
	if err != io.EOF {
		return &a.Archive, fmt.Errorf("archive: %w", err)
	}
	if got := a.Replica.Head.Block; got != h.Roots[1] {
		return &a.Archive, fmt.Errorf("archive: it ends with block %v, and should with %v: its end is missing", got, h.Roots[1])
	}
	return &a.Archive, nil
}

// archivist reads a history section by section.
type archivist struct {
	Archive
	car    carReader
	verify ledger.Verifier
}

func (a *archivist) begin(h carHeader) error {
	data, err := a.car.node(ledger.MaxManifest, h.Roots[0])
	if err != nil {
		return err
	}
	m, topic, err := ledger.DecodeManifest(data)
	if err != nil {
		return err
	}
	if len(h.Roots) == 3 {
		return a.beginAt(m, topic, h.Roots[2])
	}
	anchor, err := a.car.blob(4*m.Learning.Params(), m.Learning.Anchor)
	if err != nil {
		return err
	}
	a.Rooted = true
	a.Replica, err = New(m, topic, anchor, a.verify)
	return err
}

// beginAt begins with a snapshot, the checkpoints that lead to it, and its model.
func (a *archivist) beginAt(m *ledger.Manifest, topic, name ledger.CID) error {
	snapshot, err := a.car.node(MaxSnapshot, name)
	if err != nil {
		return err
	}
	b, err := SnapshotBlock(snapshot)
	if err != nil {
		return err
	}
	model, err := a.checkpoints(m, b.Header)
	if err != nil {
		return err
	}
	trust := m.Origin(topic)
	if links := a.Chain.After(0); len(links) > 0 {
		begin := Begin(m, links)
		a.Rooted, trust = begin == trust, begin
	} else {
		trust = Named(b.Header, m.Rounds.Period())
	}
	trusted, err := Follow(m, topic, trust, a.Chain.After(0), b.Header, a.verify)
	if err != nil {
		return err
	}
	blob := func(ledger.CID) []byte { return model }
	if a.Replica, err = FromSnapshot(m, topic, snapshot, trusted, blob, a.verify); err == nil {
		a.From = a.Replica.Head.Height
	}
	return err
}

// maxLink bounds a checkpoint: two committees, signatures, a path.
const maxLink = 64 << 10

// checkpoints reads them up to the model that follows, which it returns.
func (a *archivist) checkpoints(m *ledger.Manifest, to ledger.Header) ([]byte, error) {
	for {
		id, data, node, err := a.car.next(max(maxLink, 4*m.Learning.Params()))
		if err != nil {
			return nil, err
		}
		if !node {
			if id != to.Anchor {
				return nil, a.car.fail(fmt.Errorf("model %v, the snapshot needs %v", id, to.Anchor))
			}
			return data, nil
		}
		var l ledger.Link
		if err := ledger.Decode(data, &l); err != nil {
			return nil, a.car.fail(err)
		}
		a.Chain.Extend([]ledger.Link{l})
	}
}

// height reads the next block, io.EOF if there is none, and lets it take effect.
func (a *archivist) height() (*Height, error) {
	at := a.car.at
	h, err := a.read()
	if err != nil {
		return nil, err
	}
	r := a.Replica
	if err := r.Check(h.Block, h.Entries); err != nil {
		return nil, fmt.Errorf("byte %d: %w", at, err)
	}
	if err := h.Certificate.Certifies(h.Block.Header, r.State.Now, r.verify); err != nil {
		return nil, fmt.Errorf("byte %d: %w", at, err)
	}
	if h.Certificate.Base != r.Head {
		return nil, fmt.Errorf("byte %d: the certificate of block %d puts it on another block", at, h.Block.Header.Height)
	}
	a.Chain.Add(r, h.Block, h.Certificate)
	h.Receipt = r.Apply(h.Block, h.Entries)
	a.Entries, a.Voids = a.Entries+len(h.Entries), a.Voids+len(h.Voids)
	return h, a.settle(h)
}

// read reads a block with its certificate and entries.
func (a *archivist) read() (*Height, error) {
	_, header, node, err := a.car.next(ledger.MaxBlock)
	if err != nil {
		return nil, err
	}
	if !node || a.Replica.Unsettled() {
		return nil, a.car.fail(fmt.Errorf("something that is no header, or deltas are missing: %w", ledger.ErrNotCanonical))
	}
	cuts, err := a.car.node(ledger.MaxBlock, ledger.CID{})
	if err != nil {
		return nil, err
	}
	const pair = 0x80 | 2 // CBOR's beginning of a list of two
	b, err := ledger.DecodeBlock(slices.Concat([]byte{pair}, header, cuts))
	if err != nil {
		return nil, a.car.fail(err)
	}
	data, err := a.car.node(maxLink, ledger.CID{})
	if err != nil {
		return nil, err
	}
	cert, err := ledger.DecodeCertificate(data)
	if err != nil {
		return nil, a.car.fail(err)
	}
	h := &Height{Receipt: &Receipt{Block: b}, Certificate: cert, Committee: a.Replica.State.Now, Replica: a.Replica}
	h.Entries, err = a.entries(b)
	return h, err
}

// entries reads as many as the block certifies; Check compares them with it.
func (a *archivist) entries(b *ledger.Block) (out []*ledger.Entry, err error) {
	for _, cut := range b.Cuts {
		for seq := a.Replica.State.Account(cut.Author).Seq; seq < cut.Seq && len(out) <= ledger.MaxCuts; seq++ {
			data, err := a.car.node(ledger.MaxEntry, ledger.CID{})
			if err != nil {
				return nil, err
			}
			e, err := ledger.DecodeEntry(data)
			if err == nil {
				err = e.Verify(a.verify)
			}
			if err != nil {
				return nil, a.car.fail(err)
			}
			out = append(out, e)
		}
	}
	return out, nil
}

// settle ends the round, if it is over. Only the deltas of the last block may be
// missing: a peer may stop while it fetches them.
func (a *archivist) settle(h *Height) error {
	if !a.Replica.Unsettled() {
		return nil
	}
	h.Deltas = a.Replica.Needs()
	if _, err := a.car.r.Peek(1); err == io.EOF && len(h.Deltas) > 0 {
		return nil
	}
	blobs := map[ledger.CID][]byte{}
	for _, id := range h.Deltas {
		data, err := a.car.blob(maxDelta(a.Replica.Codec()), id)
		if err != nil {
			return err
		}
		blobs[id] = data
	}
	out, err := a.Replica.Settle(func(id ledger.CID) []byte { return blobs[id] })
	h.Outcome = out
	return err
}

// maxDelta bounds what a delta may be named by a REVEAL: somebody may have revealed
// what is none.
func maxDelta(c delta.Codec) uint64 { return uint64(c.MaxBytes()) + 1<<20 }
