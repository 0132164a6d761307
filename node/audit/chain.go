package audit

import (
	"fmt"
	"slices"

	"github.com/grapevine-network/grapevine/ledger"
)

// Chain holds the checkpoints of a topic, by which somebody who believes in an
// old one gets to the newest. It is small: a header for each and, where the
// committee changed, the votes for it.
type Chain struct{ links []ledger.Link }

// Extend takes the links that a log begins with.
func (c *Chain) Extend(links []ledger.Link) { c.links = append(c.links, links...) }

// Add takes a certified block before r applies it; it matters if it is a
// checkpoint.
func (c *Chain) Add(r *Replica, b *ledger.Block, cert *ledger.Certificate) {
	if b.Header.Height%r.State.Phases.Period() == 0 {
		c.links = append(c.links, ledger.NewLink(b.Header, cert, r.State.Committees(), r.State.Leaves))
	}
}

// After returns the links to checkpoints above height. They must not be changed.
func (c *Chain) After(height uint64) []ledger.Link {
	at, _ := slices.BinarySearchFunc(c.links, height+1, func(l ledger.Link, h uint64) int { return int(int64(l.Header.Height) - int64(h)) })
	return c.links[at:]
}

// Changes returns the links up to height at which the committee changes.
func (c *Chain) Changes(height uint64) (out []ledger.Link) {
	for _, l := range c.links {
		if l.Voted != nil && l.Header.Height <= height {
			out = append(out, l)
		}
	}
	return out
}

// Follow tells which committee must have certified the block that follows a
// snapshot, for somebody who believes in trust: an invitation's checkpoint, or
// the topic's beginning. The links lead there from trust or from an earlier
// checkpoint; one that passes by trust is refused.
func Follow(m *ledger.Manifest, topic ledger.CID, trust ledger.Checkpoint, links []ledger.Link, snapshot ledger.Header, check ledger.Verifier) (ledger.CID, error) {
	at := snapshot.Height - 1
	if at < trust.Height {
		return ledger.CID{}, fmt.Errorf("the newest checkpoint there is %d, older than the one to believe in, %d", at, trust.Height)
	}
	var before, after []ledger.Link
	for _, l := range links {
		switch h := l.Header.Height; {
		case h <= trust.Height:
			before = append(before, l)
		case h <= at:
			after = append(after, l)
		}
	}
	if err := leads(m, topic, before, trust, check); err != nil {
		return ledger.CID{}, err
	}
	end, err := trust.Walk(topic, m.Rounds.Period(), after, check)
	if err != nil {
		return ledger.CID{}, err
	}
	if end.Height != at || end.Block != snapshot.Checkpoint {
		return ledger.CID{}, fmt.Errorf("checkpoint %d, %v, does not lead to block %d: that is another history", end.Height, end.Block, snapshot.Height)
	}
	return end.Committee, nil
}

// leads checks that links, if there are any, end at trust.
func leads(m *ledger.Manifest, topic ledger.CID, links []ledger.Link, trust ledger.Checkpoint, check ledger.Verifier) error {
	if len(links) == 0 {
		return nil
	}
	end, err := Begin(m, links).Walk(topic, m.Rounds.Period(), links, check)
	if err != nil {
		return err
	}
	if end != trust {
		return fmt.Errorf("checkpoint %d is %v there, and %v to who believes: that is another history", trust.Height, end.Block, trust.Block)
	}
	return nil
}

// Begin is the checkpoint before the first of links.
func Begin(m *ledger.Manifest, links []ledger.Link) ledger.Checkpoint {
	h := links[0].Header
	return ledger.Checkpoint{Height: h.Height - m.Rounds.Period(), Block: h.Checkpoint, Committee: h.Committee}
}
