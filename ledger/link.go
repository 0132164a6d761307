package ledger

import "fmt"

// Checkpoint is a place in a topic's history that somebody believes in: height
// 0, or one that the topic's period divides, and who votes after it. An invitation
// carries one.
type Checkpoint struct {
	Height    uint64
	Block     CID // its header; the topic at height 0
	Committee CID // of the heights up to and including the next checkpoint
}

// Origin is the checkpoint at height 0.
func (m *Manifest) Origin(topic CID) Checkpoint {
	return Checkpoint{Block: topic, Committee: m.Committee().CID()}
}

// Committees is the first leaf under a state root.
type Committees struct {
	Now  Committee `cbor:"now"`
	Next Committee `cbor:"next"` // votes from the next checkpoint on
}

// Link leads from a checkpoint to the next.
type Link struct {
	_      struct{} `cbor:",toarray"`
	Header Header   // of the next checkpoint
	Voted  *Voted   // nil if the committee stays
}

// Voted shows that a committee certified a checkpoint, and who follows it.
type Voted struct {
	_           struct{} `cbor:",toarray"`
	Certificate Certificate
	Committees  Committees // under the header's state root: who voted, and who votes after it
	Path        Path
}

// NewLink is the link to the checkpoint h, with the leaves under its state root.
func NewLink(h Header, c *Certificate, committees Committees, leaves func() [][]byte) Link {
	if committees.Now.CID() == committees.Next.CID() {
		return Link{Header: h}
	}
	return Link{Header: h, Voted: &Voted{Certificate: c.trim(committees.Now), Committees: committees, Path: MerklePath(leaves(), 0)}}
}

// Walk goes from a checkpoint that is believed along links to the newest. Each
// names the one before, and names are hashes: a block that the last committee
// certified, and that names the last checkpoint, vouches for all of them.
func (c Checkpoint) Walk(topic CID, period uint64, links []Link, check Verifier) (Checkpoint, error) {
	for _, l := range links {
		h := l.Header
		if h.Height != c.Height+period || h.Checkpoint != c.Block {
			return c, fmt.Errorf("checkpoint %d does not follow checkpoint %d, %v", h.Height, c.Height, c.Block)
		}
		next, err := c.step(topic, period, l, check)
		if err != nil {
			return c, err
		}
		c = next
	}
	return c, nil
}

// step goes along one link, whatever lies between.
func (c Checkpoint) step(topic CID, period uint64, l Link, check Verifier) (Checkpoint, error) {
	h := l.Header
	wrong := func(what string) (Checkpoint, error) { return c, fmt.Errorf("checkpoint %d: %s", h.Height, what) }
	switch {
	case h.Topic != topic:
		return wrong("of another topic")
	case h.Height <= c.Height || h.Height%period != 0:
		return wrong("no checkpoint after the one before")
	case h.Committee != c.Committee:
		return wrong("voted for by another committee than the one before says")
	}
	name, err := h.CID()
	if err != nil {
		return c, err
	}
	next := Checkpoint{Height: h.Height, Block: name, Committee: c.Committee}
	if l.Voted == nil {
		return next, nil
	}
	if next.Committee, err = l.Voted.verify(h, check); err != nil {
		return wrong(err.Error())
	}
	return next, nil
}

// verify returns who votes after the checkpoint with header h.
func (v *Voted) verify(h Header, check Verifier) (CID, error) {
	if err := v.Certificate.Certifies(h, v.Committees.Now, check); err != nil {
		return CID{}, err
	}
	leaf, err := Encode(v.Committees)
	if err != nil {
		return CID{}, err
	}
	root, err := v.Path.Root(leaf)
	if err != nil {
		return CID{}, err
	}
	if root != h.State {
		return CID{}, fmt.Errorf("its committees are not under the state root")
	}
	if err := v.Committees.Next.Validate(); err != nil {
		return CID{}, err
	}
	return v.Committees.Next.CID(), nil
}
