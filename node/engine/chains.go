package engine

import (
	"bytes"
	"slices"

	"github.com/grapevine-network/grapevine/incentives"
	"github.com/grapevine-network/grapevine/ledger"
)

// chains holds the entries that wait to be certified, forks included.
type chains struct {
	byCID    map[ledger.CID]*held
	byAuthor map[ledger.Author][]*held // by number, then arrival
	recent   map[ledger.Author][]*held // the last few that were certified, in which a late fork shows
	forks    map[ledger.Author]*ledger.Evidence
}

// held is an entry that we have, and since when.
type held struct {
	*ledger.Entry
	since uint64 // our height when it came
}

// maxAhead bounds how far a chain may run ahead of what is certified.
const maxAhead = 4 * incentives.MaxEntries

func newChains() chains {
	return chains{
		byCID: map[ledger.CID]*held{}, byAuthor: map[ledger.Author][]*held{},
		recent: map[ledger.Author][]*held{}, forks: map[ledger.Author]*ledger.Evidence{},
	}
}

// add takes an entry beyond after, the author's certified number. It tells
// whether it is new; a fork shows in forks.
func (c *chains) add(e *ledger.Entry, after, height uint64) bool {
	for _, old := range c.recent[e.Author] {
		c.fork(e, old.Entry)
	}
	if c.byCID[e.CID()] != nil || e.Seq <= after || e.Seq > after+maxAhead {
		return false
	}
	rivals := 0
	for _, other := range c.byAuthor[e.Author] {
		if other.Seq == e.Seq {
			rivals++
			c.fork(e, other.Entry)
		}
	}
	if rivals >= 2 {
		return false // two halves prove it; more would only fill memory
	}
	h := &held{e, height}
	c.byCID[e.CID()] = h
	list := append(c.byAuthor[e.Author], h)
	slices.SortStableFunc(list, func(a, b *held) int { return int(a.Seq) - int(b.Seq) })
	c.byAuthor[e.Author] = list
	return true
}

// fork remembers a proof, if it is one and the first.
func (c *chains) fork(a, b *ledger.Entry) {
	if c.forks[a.Author] != nil || !a.Forks(b) {
		return
	}
	c.forks[a.Author] = ledger.ForkEvidence(a, b)
}

func (c *chains) get(id ledger.CID) *ledger.Entry {
	if h := c.byCID[id]; h != nil {
		return h.Entry
	}
	return nil
}

// run returns the entries that can follow what is certified of author.
func (c *chains) run(author ledger.Author, after incentives.Account) (out []*held) {
	seq, head := after.Seq, after.Head
	for _, h := range c.byAuthor[author] {
		if h.Follows(seq, head) {
			out = append(out, h)
			seq, head = h.Seq, h.CID()
		}
	}
	return out
}

// reveal names the delta that an author reveals for a round in an entry that waits;
// the zero CID if there is none.
func (c *chains) reveal(author ledger.Author, round uint64) ledger.CID {
	for _, h := range c.byAuthor[author] {
		if v, is := h.Body.(*ledger.Reveal); is && v.Round == round {
			return v.Delta
		}
	}
	return ledger.CID{}
}

// newest is the highest number held of author.
func (c *chains) newest(author ledger.Author, after uint64) uint64 {
	for _, h := range c.byAuthor[author] {
		after = max(after, h.Seq)
	}
	return after
}

// authors returns who has entries waiting, in order.
func (c *chains) authors() []ledger.Author {
	out := make([]ledger.Author, 0, len(c.byAuthor))
	for a := range c.byAuthor {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b ledger.Author) int { return bytes.Compare(a[:], b[:]) })
	return out
}

// certified forgets what is up to a number.
func (c *chains) certified(author ledger.Author, seq uint64) {
	keep := c.byAuthor[author][:0]
	for _, h := range c.byAuthor[author] {
		if h.Seq <= seq {
			delete(c.byCID, h.CID())
			c.recent[author] = append(c.recent[author], h)
		} else {
			keep = append(keep, h)
		}
	}
	if n := len(c.recent[author]) - incentives.MaxEntries; n > 0 {
		c.recent[author] = slices.Delete(c.recent[author], 0, n)
	}
	if len(keep) == 0 {
		delete(c.byAuthor, author)
		return
	}
	c.byAuthor[author] = keep
}
